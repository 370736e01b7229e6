'use strict';

/* What is published in global context: how it is going, what there is, a value, and sync now. */

const { keeperAt, keepersSorted } = require('../keeper');
const { nodeStatus, warningText } = require('../situation');
const { isoTime } = require('../views');
const { Answer } = require('./answer');
const { mayDo } = require('./permissions');
const { Problem } = require('./problem');

/**
 * @typedef {import('./index').Call} Call
 * @typedef {import('./index').Route} Route
 * @typedef {import('../types').KeeperFacts} KeeperFacts
 * @typedef {import('../types').Red} Red
 */

/** @type {Route[]} */
const routes = [
  { method: 'get', path: '/status', permission: 'secrets.read', answer: status },
  { method: 'get', path: '/secrets', permission: 'secrets.read', answer: list },
  {
    method: 'get',
    path: '/secrets/:key',
    permission: 'secrets.reveal',
    event: 'reveal',
    answer: reveal,
  },
  { method: 'post', path: '/:id/sync', permission: 'secrets.write', event: 'sync', answer: sync },
];

/** @param {Call} call */
function status({ RED, request }) {
  return {
    permissions: {
      reveal: mayDo(request, 'secrets.reveal'),
      write: mayDo(request, 'secrets.write'),
    },
    active: keepersSorted().map((keeper) => told(RED, keeper.facts())),
  };
}

/** @param {Call} call */
function list({ request }) {
  const { contextKey, keeper } = keeperAsked(request);
  const { version = null } = keeper.facts().status ?? {};
  return { contextKey, version, secrets: keeper.entries() };
}

/** @param {Call} call */
function reveal({ request, audited }) {
  const { contextKey, keeper } = keeperAsked(request);
  const { key } = request.params;
  Object.assign(audited, { contextKey, key });
  const entry = keeper.entries().find((secret) => secret.key === key);
  const value = keeper.read(key);
  if (!entry || value === null) throw new Problem('not_found', 'secretUnknown');
  return Answer.revealed({ key, type: entry.type }, value);
}

/** @param {Call} call */
async function sync({ RED, request, audited }) {
  const { id } = request.params;
  audited.id = id;
  const node = RED.nodes.getNode(id);
  if (node?.type !== 'secret-manager') throw new Problem('not_found', 'nodeUnknown');
  await node.syncNow();
}

/** @param {any} request */
function keeperAsked({ query }) {
  const contextKey = query.contextKey ?? 'SECRETS';
  const keeper = typeof contextKey === 'string' ? keeperAt(contextKey) : undefined;
  if (!keeper) throw new Problem('not_found', 'contextKeyUnknown');
  return { contextKey, keeper };
}

/**
 * @param {Red} RED
 * @param {KeeperFacts} facts
 */
function told(RED, facts) {
  const { contextKey, active, standby, kind, situation, held, status, fault, warnings } = facts;
  const about = active?.about();
  const text = (/** @type {string} */ key, /** @type {object} */ values = {}) =>
    RED._(`secret-manager.${key}`, values);
  const looks = situation && { ...situation, ...nodeStatus(situation, text) };
  const named = (/** @type {import('../types').Member} */ { id, about }) => ({
    id,
    name: about().name,
  });
  return {
    contextKey,
    node: active ? named(active) : null,
    standby: standby.map(named),
    settings: about?.settings ?? null,
    source: sourceOf(about?.source ?? null, kind, status?.source),
    situation: looks && { values: {}, ...looks },
    held,
    space: status?.spaceId === undefined ? null : { id: status.spaceId, name: status.spaceName },
    version: status?.version ?? null,
    createdAt: status?.createdAt ?? null,
    updatedAt: status?.updatedAt ?? null,
    issuedAt: status?.issuedAt ?? null,
    syncedAt: isoTime(status?.syncedAt),
    checkedAt: isoTime(status?.checkedAt),
    nextAt: isoTime(status?.nextAt),
    state: status?.state ?? 'idle',
    live: status?.live ?? false,
    cached: status?.cached ?? false,
    error: fault ? faultTold(fault, looks?.text) : (status?.error ?? null),
    warnings: warnings.map((warning) => warningText(warning, text)),
    unresolved: facts.unresolved,
    references: facts.references,
  };
}

/**
 * @param {import('../types').SourceFacts | null} node the source that was chosen
 * @param {string | null} kind of what is asked
 * @param {string | undefined} address for people
 */
function sourceOf(node, kind, address) {
  if (!node && !kind) return null;
  return { id: null, name: null, kind, ...node, address: address || null };
}

/**
 * @param {any} fault
 * @param {string} [text] of the situation that it makes
 */
function faultTold(fault, text) {
  return { code: fault.code ?? 'internal', message: text ?? fault.message };
}

module.exports = { routes };
