'use strict';

/*
 * Starts Node-RED, loads packages into it, deploys a flow, and prints as JSON what the last package
 * took. Arguments: user directory, flow as JSON, folders of the packages.
 */

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const RED = require('node-red');
// What the palette manager calls once npm is done.
const registry = require('@node-red/registry');

const [userDir, flow, ...packages] = process.argv.slice(2);

RED.init(http.createServer(), {
  userDir,
  flowFile: 'flows.json',
  credentialSecret: 'bench',
  httpAdminRoot: '/',
  httpNodeRoot: '/',
  logging: { console: { level: 'off' } },
  telemetry: { enabled: false, updateNotification: false },
});

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

async function main() {
  const started = new Promise((resolve) => RED.events.once('flows:started', resolve));
  await RED.start();
  await started;

  const names = packages.map(install);
  const name = /** @type {string} */ (names.pop());
  for (const other of names) await registry.addModule(other);

  const before = await memory();
  const start = performance.now();
  await registry.addModule(name);
  const time = performance.now() - start;
  const loaded = (await memory()) - before;

  const flows = { flows: JSON.parse(flow) };
  await RED.runtime.flows.setFlows({ flows, deploymentType: 'full' });
  const running = (await memory()) - before;
  console.log(JSON.stringify({ time, before, loaded, running }));
  process.exit();
}

/**
 * @param {string} folder
 * @returns {string} the package's name
 */
function install(folder) {
  const { name } = require(path.join(folder, 'package.json'));
  const installed = path.join(userDir, 'node_modules', name);
  fs.mkdirSync(path.dirname(installed), { recursive: true });
  fs.symlinkSync(folder, installed, 'dir');
  return name;
}

/** Resident memory once things have settled, in MiB. */
async function memory() {
  await new Promise((resolve) => setTimeout(resolve, 500));
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1024 / 1024;
}
