/* The admin API of this package. Nothing else here sends a request. */

import { Problem } from '../../src/service/ui/problem.js';
import { asWritten, secretsAt, withQuery } from '../../src/service/ui/wire.js';

/**
 * @import { Options } from '../../src/service/ui/wire.js'
 * @import { Published, Status, VaultInformation } from './types.js'
 */

/** Node-RED reads bodies that say they are JSON itself, and digits of large numbers are gone then. */
const OWN_TYPE = 'application/octet-stream';

/**
 * Through the editor's jQuery, which sends along who is signed in.
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<string>}
 */
function send(method, path, { text, headers, query } = {}) {
  return new Promise((resolve, reject) => {
    $.ajax({
      url: withQuery(`secret-manager/${path}`, query),
      method,
      data: text,
      contentType: text === undefined ? false : OWN_TYPE,
      processData: false,
      dataType: 'text',
      headers,
      success: (/** @type {string | undefined} */ answer) => resolve(answer ?? ''),
      error: (/** @type {{ status: number, responseText?: string }} */ response) =>
        reject(problemOf(response)),
    });
  });
}

/** @param {{ status: number, responseText?: string }} response */
function problemOf({ status, responseText = '' }) {
  if (status === 0) return new Problem(0, { code: 'unreachable' });
  // Node-RED's own refusal has no body.
  if (status === 401 || status === 403) {
    return new Problem(status, { code: 'not_permitted', ...parsed(responseText) });
  }
  const { message: detail, mistakes = [], ...body } = parsed(responseText);
  return new Problem(status, {
    ...body,
    detail,
    mistakes: mistakes.map((/** @type {any} */ { name, ...mistake }) => ({
      key: name,
      ...mistake,
    })),
  });
}

/**
 * @param {string} text
 * @returns {Record<string, any>}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** @type {(method: string, path: string, options?: Options) => Promise<any>} */
const ask = async (method, path, options) => JSON.parse(await send(method, path, options));

/** @returns {Promise<Status>} */
export const status = () => ask('GET', 'status');

/** @param {string} node */
export const syncNow = (node) => send('POST', `${encodeURIComponent(node)}/sync`);

/**
 * What a source published, and flows can read.
 * @param {string} contextKey
 */
export function published(contextKey) {
  return {
    /** @returns {Promise<Published>} */
    list: () => ask('GET', 'secrets', { query: { contextKey } }),
    /** @type {(key: string) => Promise<{ text: string }>} */
    reveal: async (key) =>
      asWritten(await send('GET', `secrets/${encodeURIComponent(key)}`, { query: { contextKey } })),
  };
}

/** @returns {Promise<VaultInformation>} */
export const vaultInformation = () => ask('GET', 'vault');

/** The secrets of the built-in source. */
export const vault = secretsAt('vault', send);
