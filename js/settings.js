'use strict';

const { createPrivateKey } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { rootCertificates } = require('node:tls');
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
    ca: settings.ca ?? usualAuthorities(),
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

/**
 * Undefined for the built-in ones. Node.js adds those in NODE_EXTRA_CA_CERTS for its own connections
 * only; users expect it to hold for all.
 */
function usualAuthorities() {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return undefined;
  try {
    return [...rootCertificates, readFileSync(file, 'utf8')].join('\n');
  } catch {
    // Node.js, too, goes on without a file it cannot read, and has already warned about it.
    return undefined;
  }
}

module.exports = { toNativeSettings };
