/* The admin API of this package. Nothing else here sends a request. */

import { Problem } from '../../src/service/ui/problem.js';
import { asWritten, expecting, secretBody } from '../../src/service/ui/wire.js';

/**
 * @import { Secrets } from '../../src/service/ui/types.js'
 * @import { Published, Status, VaultInformation } from './types.js'
 *
 * @typedef {object} Options
 * @property {string} [text] is sent as it is
 * @property {Record<string, string>} [headers]
 * @property {Record<string, string | number | undefined>} [query]
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
function send(method, path, { text, headers, query = {} } = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  return new Promise((resolve, reject) => {
    $.ajax({
      url: `secret-manager/${path}${search.size > 0 ? `?${search}` : ''}`,
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

/** @type {(method: string, path: string, options?: Options) => Promise<void>} */
const tell = async (method, path, options) => {
  await send(method, path, options);
};

/** @returns {Promise<Status>} */
export const status = () => ask('GET', 'status');

/** @param {string} node */
export const syncNow = (node) => tell('POST', `${encodeURIComponent(node)}/sync`);

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

/** @param {string} key */
const ofSecret = (key) => `vault/secrets/${encodeURIComponent(key)}`;

/** The secrets of the built-in source. @type {Secrets} */
export const vault = {
  list: ({ deleted } = { deleted: false }) =>
    ask('GET', 'vault/secrets', { query: deleted ? { deleted: 'true' } : {} }),
  reveal: async (key, version) =>
    asWritten(await send('GET', ofSecret(key), { query: { version } })),
  put: (key, type, text, expected) =>
    ask('PUT', ofSecret(key), { text: secretBody(type, text), headers: expecting(expected) }),
  delete: (key, expected) => tell('DELETE', ofSecret(key), { headers: expecting(expected) }),
  versions: (key) => ask('GET', `${ofSecret(key)}/versions`),
  rollBack: (key, version, expected) =>
    ask('POST', `${ofSecret(key)}/rollback`, {
      text: JSON.stringify({ version }),
      headers: expecting(expected),
    }),
  restore: (key) => ask('POST', `${ofSecret(key)}/restore`),
  destroy: (key, versions) =>
    tell('POST', `${ofSecret(key)}/destroy`, { text: JSON.stringify({ versions }) }),
  import: (format, text, dryRun) =>
    ask('POST', 'vault/import', {
      text,
      query: { format, dryRun: dryRun ? 'true' : undefined },
    }),
  export: async (format) => new Blob([await send('POST', 'vault/export', { query: { format } })]),
};
