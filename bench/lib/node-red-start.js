'use strict';

/* Starts Node-RED with the given user directory and prints what that took, as JSON. */

const http = require('node:http');
const RED = require('node-red');

const server = http.createServer();
RED.init(server, {
  userDir: process.argv[2],
  flowFile: 'flows.json',
  credentialSecret: 'bench',
  httpAdminRoot: '/',
  httpNodeRoot: '/',
  editorTheme: { tours: false },
  logging: { console: { level: 'off' } },
  telemetry: { enabled: false, updateNotification: false },
});

RED.events.once('flows:started', () => {
  const time = performance.now();
  const { user, system } = process.cpuUsage();
  // Once things have settled: a start leaves garbage, and a first sync is under way.
  setTimeout(() => {
    globalThis.gc?.();
    const memory = process.memoryUsage.rss() / 1024 / 1024;
    console.log(JSON.stringify({ time, cpu: (user + system) / 1000, memory }));
    process.exit();
  }, 500);
});

RED.start();
