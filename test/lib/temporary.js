'use strict';

/* What a test run leaves behind when it ends, however it ends: nothing. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** @type {string[]} */
const directories = [];
/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) {
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
});

// How the test runner ends a file that takes too long; without this there would be no exit event.
process.once('SIGTERM', () => process.exit(143));

/** @param {string} prefix */
function temporaryDirectory(prefix) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
  directories.push(directory);
  return directory;
}

/**
 * @template {import('node:child_process').ChildProcess} Child
 * @param {Child} child
 */
function temporaryProcess(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

module.exports = { temporaryDirectory, temporaryProcess };
