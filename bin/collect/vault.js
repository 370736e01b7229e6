'use strict';

/* Into the built-in vault, without a file in between. */

const { SecretManagerError, Vault } = require('../../js');
const { vaultPlace } = require('../../nodes/lib/vault');
const { CollectError } = require('./user-directory');

/**
 * @param {string} userDir of the Node-RED that the vault belongs to
 * @param {string} text JSON for the import
 * @returns {Promise<string>} what was done, for people
 */
async function intoVault(userDir, text) {
  // Nothing of this package keeps a process alive.
  const alive = setInterval(() => {}, 60_000);
  try {
    const vault = await Vault.open(vaultPlace({ userDir }, process.env));
    const { added, changed, unchanged } = await vault.import({ format: 'json', text });
    const { created, path: key } = vault.keyInformation();
    const done = `In the vault: ${added.length} added, ${changed.length} changed, ${unchanged.length} as they were.`;
    return created ? `${done}\nIts key is new: keep a copy of ${key} elsewhere.` : done;
  } catch (error) {
    if (!(error instanceof SecretManagerError)) throw error;
    throw new CollectError(`The vault can't be used: ${error.message}`);
  } finally {
    clearInterval(alive);
  }
}

module.exports = { intoVault };
