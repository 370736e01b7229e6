/* How secrets travel, to the service and to Node-RED: the calls, and values as they are written. */

import { memberTexts } from './json.js';

/**
 * @import { Kind, Secrets, Value } from './types.js'
 *
 * @typedef {object} Options
 * @property {string} [text] is sent as it is
 * @property {string} [type] of the text, when it isn't JSON
 * @property {Record<string, string>} [headers]
 * @property {Record<string, string | number | undefined>} [query]
 */

/**
 * @param {string} path
 * @param {Options['query']} [query] without what is empty
 */
export function withQuery(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  return search.size > 0 ? `${path}?${search}` : path;
}

/**
 * The calls of an API that has secrets.
 * @param {string} place the path below which it has them
 * @param {(method: string, path: string, options?: Options) => Promise<string>} send gives the answer's text
 * @returns {Secrets}
 */
export function secretsAt(place, send) {
  /** @param {string} key */
  const of = (key) => `${place}/secrets/${encodeURIComponent(key)}`;
  /** @type {(method: string, path: string, options?: Options) => Promise<any>} */
  const ask = async (method, path, options) => JSON.parse(await send(method, path, options));
  return {
    list: ({ deleted } = { deleted: false }) =>
      ask('GET', `${place}/secrets`, { query: deleted ? { deleted: 'true' } : {} }),
    reveal: async (key, version) => asWritten(await send('GET', of(key), { query: { version } })),
    put: (key, type, text, expected) =>
      ask('PUT', of(key), { text: secretBody(type, text), headers: expecting(expected) }),
    async delete(key, expected) {
      await send('DELETE', of(key), { headers: expecting(expected) });
    },
    versions: (key) => ask('GET', `${of(key)}/versions`),
    rollBack: (key, version, expected) =>
      ask('POST', `${of(key)}/rollback`, {
        text: JSON.stringify({ version }),
        headers: expecting(expected),
      }),
    restore: (key) => ask('POST', `${of(key)}/restore`),
    async destroy(key, versions) {
      await send('POST', `${of(key)}/destroy`, { text: JSON.stringify({ versions }) });
    },
    import: (format, text, dryRun) =>
      ask('POST', `${place}/import`, {
        text,
        type: 'text/plain',
        query: { format, dryRun: dryRun ? 'true' : undefined },
      }),
    export: async (format) =>
      new Blob([await send('POST', `${place}/export`, { query: { format } })]),
  };
}

/**
 * What a write expects to find.
 * @param {number | null | undefined} version null: no such secret; undefined: whatever is there
 * @returns {Record<string, string>}
 */
function expecting(version) {
  if (version === undefined) return {};
  return version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"${version}"` };
}

/**
 * Takes the value out as it is written, so that a JSON secret keeps every digit.
 * @param {string} answer
 * @returns {Value}
 */
export function asWritten(answer) {
  const { value, ...facts } = JSON.parse(answer);
  const text = facts.type === 'text' ? value : (memberTexts(answer).get('value') ?? '');
  return { ...facts, text };
}

/**
 * @param {Kind} type
 * @param {string} text
 */
function secretBody(type, text) {
  return `{"type":"${type}","value":${type === 'text' ? JSON.stringify(text) : text}}`;
}
