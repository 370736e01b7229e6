'use strict';

/* Built-in vaults, and a Node-RED that has no other source. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { endpoint, expressionNode, secretManager, tab } = require('./flows');
const { root } = require('./node-red');
const { temporaryDirectory } = require('./temporary');

/** @typedef {InstanceType<typeof import('./node-red').NodeRed>} NodeRed */

const vaultFlows = [
  tab,
  secretManager({ source: '' }),
  ...endpoint('secrets', expressionNode('{ ...global.get("SECRETS") }')),
];

/** Of a vault that there isn't yet. */
function newPlace() {
  return { directory: path.join(temporaryDirectory('vault-'), 'vault') };
}

/** @param {NodeRed} red */
async function secrets(red) {
  return (await red.ask('/secrets')).value;
}

/** @param {NodeRed} red */
function vaultDirectory(red) {
  return path.join(red.userDir, '.secret-manager', 'vault');
}

/**
 * Sets secrets from a process of its own.
 * @param {string} directory
 * @param {Record<string, unknown>} values
 * @param {string} [key]
 */
function put(directory, values, key) {
  const script = `
    const { Vault } = require(${JSON.stringify(path.join(root, 'js'))});
    const [place, text] = process.argv.slice(1);
    const alive = setInterval(() => {}, 1000);
    Vault.open(JSON.parse(place))
      .then((vault) => vault.import({ format: 'json', text }))
      .then(() => clearInterval(alive));
  `;
  const place = JSON.stringify({ directory, key });
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', script, place, JSON.stringify(values)],
    { encoding: 'utf8' },
  );
  assert.deepEqual([status, stderr], [0, '']);
}

module.exports = { newPlace, put, secrets, vaultDirectory, vaultFlows };
