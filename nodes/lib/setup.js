'use strict';

/* From what people set up (a source node, or the environment) to what an engine is started with. */

const { readFileSync } = require('node:fs');

/**
 * @typedef {import('../../js/settings').Settings} Settings
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
    this.key = key;
    this.values = values;
  }
}

/**
 * @param {SourceNode} source
 * @param {any} tls the tls-config node, when one is chosen
 * @returns {Omit<Settings, 'autosync'>}
 */
function settingsFromSource(source, tls) {
  const { kind, url, allowHttp } = source;
  if (kind !== 'service') throw new SetupError('kind', { kind: String(kind) });
  const token = source.credentials?.token;
  if (typeof url !== 'string' || !url) throw new SetupError('url');
  if (typeof token !== 'string' || !token) throw new SetupError('token');
  if (source.tls && !tls) throw new SetupError('tls');
  return { kind, url, token, allowHttp, ...(tls && certificates(tls)) };
}

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Omit<Settings, 'autosync'>}
 */
function settingsFromEnvironment(environment) {
  const url = environment.SECRET_MANAGER_URL;
  const token = environment.SECRET_MANAGER_TOKEN || tokenFromFile(environment);
  if (!url && !token) throw new SetupError('source');
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

module.exports = { SetupError, settingsFromEnvironment, settingsFromSource };
