/*
 * Which nodes read which secrets, found out by looking at their properties. Nothing is run; what a
 * flow computes can't be seen, and such a reading counts for all secrets (`path` is null).
 */

import { readsOfCode } from './usage/code.js';
import { contextPath } from './usage/path.js';

/**
 * A place that reads secrets.
 * @typedef {object} Use
 * @property {string} node its id
 * @property {string} contextKey
 * @property {string[] | null} path below the context key; null when it can't be told
 * @property {boolean} joined the path is one text in which a name may have dots
 */

/** What Node-RED itself keeps in a node, and what only people read. */
const SKIPPED = new Set(
  'id type z g d l x y w h wires links nodes info name label icon color category'.split(' '),
);

/** Where the type of a typed property stands, when it isn't `…Type`. @type {Record<string, string>} */
const TYPES = {
  complete: 'targetType',
  from: 'fromt',
  p: 'pt',
  to: 'tot',
  v: 'vt',
  v2: 'v2t',
  value: 'type',
};

/**
 * @param {Array<Record<string, any>>} nodes as they are exported
 * @param {Iterable<string>} contextKeys
 * @returns {Use[]} none twice
 */
export function usesOf(nodes, contextKeys) {
  const wanted = new Set(contextKeys);
  /** @type {Map<string, Use>} */
  const uses = new Map();
  for (const { id: node, ...properties } of nodes) {
    walk(properties, wanted, (contextKey, path, joined = false) => {
      uses.set(JSON.stringify([node, contextKey, path]), { node, contextKey, path, joined });
    });
  }
  return [...uses.values()];
}

/**
 * What the runtime knows of nodes: it also sees their passwords.
 * @param {string} contextKey
 * @param {Array<{ reference: string, nodes: string[] }>} references as they stand between the braces
 * @param {(node: string) => boolean} isCurrent whether a node is as it was deployed
 * @returns {Use[]}
 */
export function usesDeployed(contextKey, references, isCurrent) {
  return references.flatMap(({ reference, nodes }) => {
    const { path } = contextPath(reference);
    return nodes.filter(isCurrent).map((node) => ({ node, contextKey, path, joined: true }));
  });
}

/**
 * @callback Found
 * @param {string} contextKey
 * @param {string[] | null} path
 * @param {boolean} [joined]
 * @returns {void}
 */

/**
 * @param {Record<string, unknown>} holder
 * @param {Set<string>} wanted
 * @param {Found} found
 */
function walk(holder, wanted, found) {
  for (const [name, value] of Object.entries(holder)) {
    if (SKIPPED.has(name)) continue;
    if (typeof value === 'string') readText(holder, name, value, wanted, found);
    else if (typeof value === 'object' && value !== null) {
      walk(/** @type {any} */ (value), wanted, found);
    }
  }
}

/**
 * @param {Record<string, unknown>} holder
 * @param {string} name of the property
 * @param {string} text
 * @param {Set<string>} wanted
 * @param {Found} found
 */
function readText(holder, name, text, wanted, found) {
  if (![...wanted].some((contextKey) => text.includes(contextKey))) return;
  const type = typeOf(holder, name);
  if (type === 'global' && !isWritten(holder, name)) {
    const { root, path } = contextPath(text);
    if (wanted.has(root)) found(root, path);
  }
  // The name of an environment variable, as `${…}` has it.
  const variables = [...text.matchAll(/\$\{([^{}]+)\}/g)].map(([, variable]) => variable.trim());
  if (type === 'env') variables.push(text);
  for (const variable of variables) {
    const { root, path } = contextPath(variable);
    if (wanted.has(root) && path) found(root, path, true);
  }
  for (const [, place] of text.matchAll(/\{\{[{&#^]?\s*global(?:\[[^\]]*\])?\.([^}\s]+)/g)) {
    const { root, path } = contextPath(place);
    if (wanted.has(root)) found(root, path);
  }
  if (/get|\$globalContext|\$env/.test(text)) readsOfCode(text, wanted, found);
}

/**
 * @param {Record<string, unknown>} holder
 * @param {string} name
 */
function typeOf(holder, name) {
  return [TYPES[name], `${name}Type`, `${name}type`, `${name}_type`]
    .map((key) => (key ? holder[key] : undefined))
    .find((type) => typeof type === 'string');
}

/**
 * What a rule of a Change node sets, deletes or moves is no reading of a secret.
 * @param {Record<string, unknown>} holder
 * @param {string} name
 */
function isWritten(holder, name) {
  return name === 'p' && (holder.t === 'set' || holder.t === 'delete');
}

/**
 * @typedef {object} Usage
 * @property {Map<string, string[]>} readers of each secret that there is: ids of nodes
 * @property {Map<string, string[]>} missing names that are read, but aren't there
 * @property {string[]} whole nodes that read all secrets, or some by a name that they compute
 */

/**
 * @param {Use[]} uses
 * @param {string} contextKey
 * @param {Iterable<string>} names of the secrets that there are
 * @returns {Usage}
 */
export function usageOf(uses, contextKey, names) {
  /** @type {Map<string, Set<string>>} */
  const readers = new Map([...names].map((name) => [name, new Set()]));
  /** @type {Map<string, Set<string>>} */
  const missing = new Map();
  /** @type {Set<string>} */
  const whole = new Set();
  for (const use of uses) {
    if (use.contextKey !== contextKey) continue;
    if (use.path === null) {
      whole.add(use.node);
      continue;
    }
    const name = nameIn(use.path, use.joined, readers);
    const nodes = readers.get(name) ?? missing.get(name) ?? new Set();
    if (!readers.has(name)) missing.set(name, nodes);
    nodes.add(use.node);
  }
  return { readers: listed(readers), missing: listed(missing), whole: [...whole] };
}

/**
 * @param {string[]} path
 * @param {boolean} joined
 * @param {ReadonlyMap<string, unknown>} known
 */
function nameIn(path, joined, known) {
  for (let length = joined ? path.length : 1; length > 0; length--) {
    const name = path.slice(0, length).join('.');
    if (known.has(name)) return name;
  }
  return path[0];
}

/** @param {Map<string, Set<string>>} sets */
function listed(sets) {
  return new Map([...sets].map(([name, ids]) => [name, [...ids]]));
}
