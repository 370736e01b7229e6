'use strict';

/*
 * THE one writer of global context. Everything else in this package only reads the engine.
 */

const { metadataView, secretsView } = require('./views');

/** @typedef {import('./types').GlobalContext} GlobalContext */

/** The secrets and their metadata under one context key. */
class Publication {
  #contextKey;
  #engine;
  #secrets;
  /** @type {object | undefined} */
  #metadata;
  /** @type {GlobalContext | undefined} */
  #global;
  #held = false;

  /**
   * @param {string} contextKey
   * @param {import('./types').Engine} engine
   */
  constructor(contextKey, engine) {
    this.#contextKey = contextKey;
    this.#engine = engine;
    this.#secrets = secretsView(engine, contextKey);
  }

  /** What flows find. */
  get secrets() {
    return this.#secrets;
  }

  /**
   * @param {GlobalContext} global
   * @returns {boolean} false when the context store cannot hold a live object
   */
  publish(global) {
    // Another store was chosen.
    if (this.#global && this.#global.store !== global.store) this.withdraw();
    this.#global = global;
    this.#metadata ??= metadataView(
      this.#engine,
      persisted(global, metadataKey(this.#contextKey)) ?? {},
    );
    write(global, this.#contextKey, this.#secrets);
    this.refreshMetadata();
    this.#held = read(global, this.#contextKey) === this.#secrets;
    // What the store made of it would be the masked form: worse for a flow than nothing.
    if (!this.#held) write(global, this.#contextKey, undefined);
    return this.#held;
  }

  /** Sets the metadata again, so that a store that persists notices they have changed. */
  refreshMetadata() {
    if (this.#global) write(this.#global, metadataKey(this.#contextKey), this.#metadata);
  }

  /**
   * Puts back what a flow, or a person in the sidebar, has replaced or deleted.
   * @returns {boolean} whether something else was in place of the secrets
   */
  restore() {
    if (!this.#global || !this.#held) return false;
    const found = read(this.#global, this.#contextKey);
    if (found !== this.#secrets) write(this.#global, this.#contextKey, this.#secrets);
    if (read(this.#global, metadataKey(this.#contextKey)) !== this.#metadata) {
      this.refreshMetadata();
    }
    return found !== this.#secrets && found !== undefined;
  }

  withdraw() {
    if (!this.#global) return;
    write(this.#global, this.#contextKey, undefined);
    write(this.#global, metadataKey(this.#contextKey), undefined);
    this.#global = undefined;
  }
}

/**
 * Global context in one of the stores that this Node-RED has.
 * @param {GlobalContext} global
 * @param {string} [store] the default one when absent
 * @returns {GlobalContext}
 */
function inStore(global, store) {
  return {
    store: store || undefined,
    get: (key) => global.get(key, store || undefined),
    set: (key, value) => global.set(key, value, store || undefined),
  };
}

/**
 * A file store brings the metadata of an earlier run back: until the first sync they are history.
 * @param {GlobalContext} global
 * @param {string} contextKey
 */
function markStale(global, contextKey) {
  const metadata = persisted(global, metadataKey(contextKey));
  if (metadata) write(global, metadataKey(contextKey), { ...metadata, stale: true });
}

/** @param {string} contextKey */
function metadataKey(contextKey) {
  return `${contextKey}_METADATA`;
}

/**
 * @param {GlobalContext} global
 * @param {string} key
 * @returns {object | undefined}
 */
function persisted(global, key) {
  const value = read(global, key);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/*
 * A store without a cache answers to callbacks only and throws otherwise. Such a store cannot hold
 * a live object either, which is what `publish` reports: so a throw means "not there".
 */

/**
 * @param {GlobalContext} global
 * @param {string} key
 */
function read(global, key) {
  try {
    return global.get(key);
  } catch {
    return undefined;
  }
}

/**
 * @param {GlobalContext} global
 * @param {string} key
 * @param {unknown} value
 */
function write(global, key, value) {
  try {
    global.set(key, value);
  } catch {
    // See above.
  }
}

module.exports = { Publication, inStore, markStale };
