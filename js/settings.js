'use strict';

const { createPrivateKey } = require('node:crypto');
const { SecretManagerError } = require('./errors');

/**
 * What an engine is started with: the native settings, where the client's key may also be encrypted
 * or in another form than PKCS#8.
 * @typedef {import('./native').Settings & { passphrase?: string }} Settings
 */

/**
 * @param {Settings} settings
 * @returns {import('./native').Settings}
 */
function toNativeSettings({ passphrase, ...settings }) {
  return {
    ...settings,
    key: settings.key && plainKey(settings.key, passphrase),
  };
}

/**
 * The native side takes unencrypted PKCS#8 only; Node.js reads all the others.
 * @param {string} key PEM
 * @param {string} [passphrase]
 */
function plainKey(key, passphrase) {
  try {
    return createPrivateKey({ key, passphrase })
      .export({ type: 'pkcs8', format: 'pem' })
      .toString();
  } catch (error) {
    throw new SecretManagerError('misconfigured', `The client key cannot be read: ${error.code}`);
  }
}

module.exports = { toNativeSettings };
