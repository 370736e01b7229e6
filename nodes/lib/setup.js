'use strict';

/* From what people set up (a source node, or the environment) to what an engine is started with. */

const { readFileSync } = require('node:fs');
const path = require('node:path');

/**
 * @typedef {import('../../js/settings').Settings} Settings
 * @typedef {import('../../js/native').VaultPlace} VaultPlace
 * @typedef {Omit<Settings, 'autosync' | 'live' | 'cache'>} SourceSettings
 *
 * @typedef {object} SourceNode
 * @property {string} kind
 * @property {string} url
 * @property {boolean} allowHttp
 * @property {string} [tls] id of a tls-config node
 * @property {{ token?: string }} [credentials]
 */

/** Something has to be set up first; `key` names the text that says what. */
class SetupError extends Error {
  /**
   * @param {string} key of the catalogue, under "setup"
   * @param {Record<string, string>} [values]
   */
  constructor(key, values) {
    super(key);
    this.code = 'misconfigured';
    this.key = key;
    this.values = values;
  }
}

/**
 * An error for people, with the text that says what has to be set up.
 * @param {import('./types').Red} RED
 * @param {Error} error
 * @returns {Error}
 */
function readable(RED, error) {
  if (!(error instanceof SetupError)) return error;
  const message = RED._(`secret-manager.status.setup.${error.key}`, error.values);
  return Object.assign(new Error(message), { code: error.code });
}

/**
 * @param {SourceNode} source
 * @param {any} tls the tls-config node, when one is chosen
 * @param {() => VaultPlace} vault where the built-in vault is
 * @returns {SourceSettings}
 */
function settingsFromSource(source, tls, vault) {
  const { kind, url, allowHttp } = source;
  if (kind === 'builtin') return { kind, vault: vault() };
  if (kind !== 'service') throw new SetupError('kind', { kind: String(kind) });
  const token = source.credentials?.token;
  if (typeof url !== 'string' || !url) throw new SetupError('url');
  if (typeof token !== 'string' || !token) throw new SetupError('token');
  if (source.tls && !tls) throw new SetupError('tls');
  return { kind, url, token, allowHttp, ...(tls && certificates(tls)) };
}

/**
 * What the environment names, or else the built-in vault.
 * @param {NodeJS.ProcessEnv} environment
 * @param {() => VaultPlace} vault where it is
 * @returns {SourceSettings}
 */
function settingsFromEnvironment(environment, vault) {
  const url = environment.SECRET_MANAGER_URL;
  const token = environment.SECRET_MANAGER_TOKEN || tokenFromFile(environment);
  if (!url && !token) return { kind: 'builtin', vault: vault() };
  if (!url || !token) throw new SetupError('environment');
  const allowHttp = ['1', 'true'].includes(environment.SECRET_MANAGER_ALLOW_HTTP ?? '');
  return { kind: 'service', url, token, allowHttp };
}

/** @param {NodeJS.ProcessEnv} environment */
function tokenFromFile({ SECRET_MANAGER_TOKEN_FILE: file }) {
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SetupError('tokenFile', { cause: error.code });
  }
}

/**
 * Where what is published is kept for the next start: in the user directory, unless the settings
 * file says otherwise. The key of it takes the secret that Node-RED encrypts credentials with, when
 * the settings file has one: it may come from elsewhere than the user directory.
 * @param {Record<string, any>} settings of Node-RED
 * @param {string} contextKey
 * @returns {Settings['cache']}
 */
function cacheFrom({ userDir, credentialSecret, secretManagerCache }, contextKey) {
  if (secretManagerCache === false || typeof userDir !== 'string' || !userDir) return undefined;
  const hostSecret = typeof credentialSecret === 'string' ? credentialSecret : undefined;
  return { directory: path.join(userDir, '.secret-manager'), contextKey, hostSecret };
}

/** @param {any} tls */
function certificates(tls) {
  if (tls.valid === false) throw new SetupError('tls');
  const options = tls.addTLSOptions({});
  if (options.pfx) throw new SetupError('pfx');
  if (options.servername) throw new SetupError('servername');
  if (options.rejectUnauthorized === false) throw new SetupError('unverified');
  return {
    ca: options.ca?.toString(),
    cert: options.cert?.toString(),
    key: options.key?.toString(),
    passphrase: options.passphrase || undefined,
  };
}

module.exports = { SetupError, cacheFrom, readable, settingsFromEnvironment, settingsFromSource };
