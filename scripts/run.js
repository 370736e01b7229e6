'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** Node-RED 5 needs a newer Node.js than some systems have: the one among the packages. */
const node = path.join(root, 'node_modules/node/bin/node');

/** The Node.js that npm itself runs on. In npm scripts `node` is the one above. */
const systemNode = process.env.npm_node_execpath ?? process.execPath;

/** Where `npm run build` puts the service. */
const executable = path.join(
  root,
  'src/service/npm/bin',
  process.platform === 'win32' ? 'secret-manager.exe' : 'secret-manager',
);

/**
 * Runs a command in the repository and ends this process with its exit code when it fails.
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm and its commands are scripts there, which only a shell finds.
    shell: process.platform === 'win32',
  });
  if (error) fail(`${command} cannot be run: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** @param {string} command */
function exists(command) {
  return !spawnSync(command, ['--version'], { stdio: 'ignore' }).error;
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

module.exports = { executable, exists, fail, node, root, run, systemNode };
