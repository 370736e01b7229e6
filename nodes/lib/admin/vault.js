'use strict';

/* The secrets of the built-in source, which people change here. */

const { changes, keepersSorted } = require('../keeper');
const { vaultOf } = require('../vault');
const { Answer } = require('./answer');
const { FORM, SPACE, VALUE, member, members, textOf, written } = require('./body');
const { expectedVersion, preconditionOf } = require('./precondition');
const { Problem } = require('./problem');

/**
 * @typedef {import('./index').Call} Call
 * @typedef {import('./index').Route} Route
 * @typedef {import('../vault').OpenVault} OpenVault
 *
 * @typedef {object} Asked
 * @property {any} request
 * @property {string} key of the secret, where the address names one
 * @property {{ actor: string | null, origin: string | undefined }} by
 * @property {Record<string, string>} audited
 */

/** @type {Route[]} */
const routes = [
  reading('get', '', 'secrets.read', undefined, about),
  reading('get', '/secrets', 'secrets.read', undefined, list),
  reading('get', '/secrets/:key/versions', 'secrets.read', undefined, versions),
  reading('get', '/secrets/:key', 'secrets.reveal', 'reveal', reveal),
  reading('post', '/export', 'secrets.reveal', 'export', exportAll),
  writing('put', '/secrets/:key', 'put', put),
  writing('delete', '/secrets/:key', 'delete', remove),
  writing('post', '/secrets/:key/rollback', 'rollback', rollback),
  writing('post', '/secrets/:key/restore', 'restore', restore),
  writing('post', '/secrets/:key/destroy', 'destroy', destroy),
  writing('post', '/import', 'import', importAll),
];

/**
 * @param {Route['method']} method
 * @param {string} path
 * @param {Route['permission']} permission
 * @param {string | undefined} event
 * @param {(vault: OpenVault, call: Asked) => unknown} use
 * @returns {Route}
 */
function reading(method, path, permission, event, use) {
  return {
    method,
    path: `/vault${path}`,
    permission,
    event: event && `vault.${event}`,
    answer: (call) => used(call, use),
  };
}

/**
 * @param {Route['method']} method
 * @param {string} path
 * @param {string} event
 * @param {(vault: OpenVault, call: Asked) => unknown} use
 * @returns {Route}
 */
function writing(method, path, event, use) {
  return reading(method, path, 'secrets.write', event, async (vault, call) => {
    const answer = await use(vault, call);
    // Who shows what is deleted, or older versions, learns of it here only.
    changes.emit('changed', null);
    return answer;
  });
}

/**
 * @param {Call} call
 * @param {(vault: OpenVault, call: Asked) => unknown} use
 */
async function used({ RED, request, actor, audited }, use) {
  const { key } = request.params;
  if (key !== undefined) audited.key = key;
  try {
    const by = { actor, origin: request.ip };
    return await use(await vaultOf(RED), { request, key, by, audited });
  } catch (error) {
    // No source elsewhere failed: this very machine did.
    throw error.code === 'unavailable' ? Object.assign(error, { status: 503 }) : error;
  }
}

/** @param {OpenVault} vault */
function about(vault) {
  const inUse = keepersSorted().some((keeper) => keeper.facts().kind === 'builtin');
  return { key: vault.keyInformation(), inUse };
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
function list(vault, { request }) {
  return vault.list({ deleted: flag(request, 'deleted') });
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
function versions(vault, { key }) {
  return vault.versions(key);
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
async function reveal(vault, { request, key, by, audited }) {
  const version = versionAsked(request);
  if (version !== undefined) audited.version = String(version);
  const { value, ...facts } = await vault.reveal(key, { version, ...by });
  return Answer.revealed(facts, facts.type === 'text' ? JSON.stringify(value) : value);
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
async function put(vault, { request, key, by }) {
  const condition = preconditionOf(request.headers);
  const body = await members(request, VALUE);
  const type = member(body, 'type', (value) => value === 'text' || value === 'json');
  const isText = (/** @type {unknown} */ value) => typeof value === 'string';
  // Of JSON the vault checks every character itself, and says where a mistake is.
  const value = type === 'text' ? member(body, 'value', isText) : written(body, 'value');
  const secret = await vault.put(key, { type, value }, { ...condition, ...by });
  return Answer.json(secret, secret.created ? 201 : 200);
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
function remove(vault, { request, key, by }) {
  return vault.remove(key, { ifMatch: expectedVersion(request.headers), ...by });
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
async function rollback(vault, { request, key, by }) {
  const ifMatch = expectedVersion(request.headers);
  const version = member(await members(request, FORM), 'version', isVersion);
  return vault.rollback(key, { version, ifMatch, ...by });
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
function restore(vault, { key, by }) {
  return vault.restore(key, by);
}

/** @type {(vault: OpenVault, call: Asked) => Promise<void>} */
async function destroy(vault, { request, key, by }) {
  const body = await members(request, FORM);
  const isList = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(isVersion);
  // All of it is only destroyed when nothing is said of versions, and never by a mistake in that.
  const some = body.has('versions') ? member(body, 'versions', isList) : undefined;
  await vault.destroy(key, { versions: some, ...by });
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
async function importAll(vault, { request, by, audited }) {
  const format = formatAsked(request);
  const dryRun = flag(request, 'dryRun');
  Object.assign(audited, { format, dryRun: String(dryRun) });
  return vault.import({ format, text: await textOf(request, SPACE), dryRun, ...by });
}

/** @type {(vault: OpenVault, call: Asked) => unknown} */
async function exportAll(vault, { request, by, audited }) {
  const format = formatAsked(request);
  audited.format = format;
  const text = await vault.export({ format, ...by });
  return new Answer(200, format === 'json' ? 'application/json' : 'text/plain', text);
}

/** @param {unknown} value */
function isVersion(value) {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/**
 * @param {any} request
 * @param {string} name
 */
function flag({ query }, name) {
  const value = query[name] ?? 'false';
  if (value !== 'true' && value !== 'false') throw new Problem('query_invalid', 'query', { name });
  return value === 'true';
}

/** @param {any} request */
function versionAsked({ query: { version } }) {
  if (version === undefined) return undefined;
  if (!/^[1-9][0-9]{0,14}$/.test(version)) {
    throw new Problem('query_invalid', 'query', { name: 'version' });
  }
  return Number(version);
}

/**
 * @param {any} request
 * @returns {'env' | 'json'}
 */
function formatAsked({ query: { format } }) {
  if (format === 'env' || format === 'json') return format;
  throw new Problem('query_invalid', 'query', { name: 'format' });
}

module.exports = { routes };
