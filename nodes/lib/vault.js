'use strict';

/* The built-in vault of this Node-RED: where it is, and the one handle of it. */

const path = require('node:path');
const { Vault } = require('../../js');
const { SetupError } = require('./setup');

/** @typedef {InstanceType<typeof Vault>} OpenVault */

/** The text about a new key, by its full name: any part of this package may open the vault. */
const KEY_CREATED = '@secret-manager/node-red/secret-manager:secret-manager.vault.keyCreated';

/** By directory. @type {Map<string, Promise<OpenVault>>} */
const vaults = new Map();

/**
 * In the user directory. The key comes from the environment, or from a file that the environment
 * names, or is beside the data, where it is made by the first start.
 * @param {Record<string, any>} settings of Node-RED
 * @param {NodeJS.ProcessEnv} environment
 * @returns {import('../../js/native').VaultPlace}
 */
function vaultPlace({ userDir }, environment) {
  if (typeof userDir !== 'string' || !userDir) throw new SetupError('userDir');
  return {
    directory: path.join(userDir, '.secret-manager', 'vault'),
    key: environment.SECRET_MANAGER_KEY || undefined,
    keyFile: environment.SECRET_MANAGER_KEY_FILE || undefined,
  };
}

/**
 * The vault of this Node-RED, opened by the first who asks, and made when there is none. After a
 * failure the next one who asks tries again.
 * @param {import('./types').Red} RED
 * @returns {Promise<OpenVault>}
 */
async function vaultOf(RED) {
  const place = vaultPlace(RED.settings, process.env);
  const { directory } = place;
  let opening = vaults.get(directory);
  if (!opening) {
    opening = openVault(RED, place);
    vaults.set(directory, opening);
    opening.catch(() => vaults.delete(directory));
  }
  return opening;
}

/**
 * @param {import('./types').Red} RED
 * @param {import('../../js/native').VaultPlace} place
 */
async function openVault(RED, place) {
  const vault = await Vault.open(place);
  const { created, path: file } = vault.keyInformation();
  if (created) RED.log.warn(RED._(KEY_CREATED, { path: file }));
  return vault;
}

module.exports = { vaultOf, vaultPlace };
