#!/usr/bin/env node
'use strict';

/*
 * `secret-manager` on the command line: runs the executable of this package in our place.
 * Node.js cannot exec, so this process stays behind it, hands signals on and ends the way it ended.
 */

const { spawn } = require('node:child_process');
const path = require('node:path');

const name = process.platform === 'win32' ? 'secret-manager.exe' : 'secret-manager';
const executable = path.join(__dirname, 'bin', name);

const child = spawn(executable, process.argv.slice(2), { stdio: 'inherit' });

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => child.kill(signal));
}

child.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  const reason =
    error.code === 'ENOENT'
      ? `the executable is missing: ${executable}\nBuild it with: npm run build`
      : error.message;
  console.error(`secret-manager: ${reason}`);
  process.exitCode = 127;
});

child.on('exit', (code, signal) => {
  if (signal === null) {
    process.exitCode = code ?? 1;
    return;
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
