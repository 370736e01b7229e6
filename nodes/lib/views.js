'use strict';

/*
 * What flows find in global context. Both objects are proxies over an empty target: there is
 * nothing in them to persist, to print or to change; whatever a flow reads comes from the engine
 * at that moment. docs/architecture.md says what else was tried and why it failed.
 */

const { inspect } = require('node:util');

/** @typedef {import('./types').Engine} Engine */

const MASK = '••••••';

/**
 * The secrets: `view.NAME` is the value, a JSON secret a fresh copy each time.
 * @param {Engine} engine
 * @param {string} contextKey
 */
function secretsView(engine, contextKey) {
  // Reading the names off the view itself would read every value as well.
  const names = (/** @type {object} */ of) => (of === view ? engine.names() : Object.keys(of));
  const view = readOnly(maskedPrototype(contextKey, names), {
    names: () => engine.names(),
    has: (name) => engine.has(name),
    read(name) {
      const json = engine.read(name);
      return json === null ? undefined : JSON.parse(json);
    },
  });
  return view;
}

/**
 * Facts about the secrets. They change with every sync, also with one that finds nothing new and
 * therefore never reaches JavaScript: so they are asked for when they are read.
 * @param {Engine} engine
 * @param {object} previous what an earlier run left behind, shown until something newer is known
 */
function metadataView(engine, previous) {
  /** @type {Record<string, unknown> | null} */
  let facts = null;

  // All reads of one synchronous piece of code (JSON.stringify, say) see the same moment.
  const current = () => {
    if (facts === null) {
      facts = { ...describe(engine.status(), previous) };
      queueMicrotask(() => {
        facts = null;
      });
    }
    return facts;
  };

  const prototype = Object.create(Object.prototype, {
    // Node.js looks through a proxy at its target, which is empty.
    [inspect.custom]: { value: () => ({ ...current() }) },
  });
  return readOnly(prototype, {
    names: () => Object.keys(current()),
    has: (name) => Object.hasOwn(current(), name),
    read: (name) => (Object.hasOwn(current(), name) ? current()[name] : undefined),
  });
}

/**
 * @param {import('../../js/native').Status} status
 * @param {object} previous
 */
function describe(status, previous) {
  const { state } = status;
  const known = {
    space: status.spaceName ?? status.spaceId ?? null,
    version: status.version ?? null,
    createdAt: status.createdAt ?? null,
    updatedAt: status.updatedAt ?? null,
    issuedAt: status.issuedAt ?? null,
    syncedAt: isoTime(status.syncedAt),
    checkedAt: isoTime(status.checkedAt),
    source: status.source,
    state,
    stale: state !== 'synced',
  };
  if (known.version !== null || state === 'denied') return known;
  return { ...known, ...previous, state, stale: true };
}

/** @param {number | undefined} ms */
function isoTime(ms) {
  return ms === undefined ? null : new Date(ms).toISOString();
}

/**
 * Carries what has to survive a clone: Node-RED's cloneMessage keeps an object's prototype, but
 * neither its proxy nor its own non-enumerable properties. So copies stay masked, too.
 * @param {string} contextKey
 * @param {(view: object) => string[]} names of the secrets in the view or in a copy of it
 */
function maskedPrototype(contextKey, names) {
  const masked = (/** @type {object} */ view) =>
    Object.fromEntries(names(view).map((name) => [name, MASK]));
  return Object.create(Object.prototype, {
    toJSON: {
      // A file store writes all of global context as JSON: under its own key there is no trace.
      value(/** @type {string} */ key) {
        return key === contextKey ? undefined : masked(this);
      },
    },
    [inspect.custom]: {
      value() {
        return masked(this);
      },
    },
  });
}

/**
 * @typedef {object} Content
 * @property {() => string[]} names
 * @property {(name: string) => boolean} has
 * @property {(name: string) => unknown} read undefined for what is not there
 */

/**
 * @param {object} prototype
 * @param {Content} content
 * @returns {object}
 */
function readOnly(prototype, content) {
  return new Proxy(Object.create(prototype), {
    get(target, name) {
      if (typeof name === 'string') {
        const value = content.read(name);
        if (value !== undefined) return value;
      }
      return Reflect.get(target, name);
    },
    has(target, name) {
      return (typeof name === 'string' && content.has(name)) || Reflect.has(target, name);
    },
    ownKeys() {
      return content.names();
    },
    getOwnPropertyDescriptor(_target, name) {
      if (typeof name !== 'string' || !content.has(name)) return undefined;
      return { value: content.read(name), enumerable: true, configurable: true, writable: false };
    },
    // Writes are ignored rather than refused: a flow in strict mode would stop at a TypeError.
    set: () => true,
    defineProperty: () => true,
    deleteProperty: () => true,
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  });
}

module.exports = { isoTime, metadataView, secretsView };
