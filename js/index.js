'use strict';

/*
 * Engine and vault as JavaScript likes them: settings in, promises and plain callbacks out. It knows
 * nothing of Node-RED. Nothing in here keeps the process alive.
 */

const { forget, guarded, listen, nativeCore } = require('./core');
const { SecretManagerError } = require('./errors');
const masks = require('./masks');
const { toNativeSettings } = require('./settings');
const { Vault } = require('./vault');

/**
 * @typedef {import('./native').Change} Change
 * @typedef {import('./native').SyncError} SyncError
 * @typedef {import('./native').Status} Status
 * @typedef {import('./settings').Settings} Settings
 *
 * @typedef {object} Listener
 * @property {() => boolean} wantsNames whether `onChange` needs the names, which cost time to list
 * @property {(change: Change) => void} onChange
 * @property {() => void} onState the status differs in more than its times
 *
 * @typedef {object} Waiting a caller who waits for a sync to finish
 * @property {() => void} resolve
 * @property {(error: Error) => void} reject
 */

/** Keeps the secrets of one space up to date; the values stay on the native side until read. */
class Engine {
  /** @type {import('./native').Engine} */
  #native;
  #listener;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** Of the sync that the last start began. */
  #firstTicket = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#native = nativeCore().engine();
    this.#listener = listener;
    listen(this.#native, () => this.#receive());
  }

  /**
   * Starts, or starts anew with other settings. What is published stays so.
   * @param {Settings} settings
   * @returns {Promise<void>} the first sync
   * @throws {SecretManagerError} code "misconfigured"
   */
  start(settings) {
    this.#firstTicket = startNative(this.#native, toNativeSettings(settings));
    return this.#finished(this.#firstTicket);
  }

  /**
   * Blocks this thread until the sync that the last start began has succeeded or failed. What it
   * brought, or what the cache keeps, can be read then.
   * @param {number} limit the longest time to wait, in ms
   * @returns {boolean} whether it has ended
   */
  waitForFirst(limit) {
    return this.#native.waitFor(this.#firstTicket, Math.max(0, Math.round(limit)));
  }

  /** @returns {Promise<void>} resolves when the sync is done, rejects when it failed */
  syncNow() {
    return this.#finished(this.#native.syncNow());
  }

  /** Ends all activity. What is published stays so. */
  stop() {
    this.#native.stop();
  }

  /** Ends all activity, forgets all values and hears no more news. */
  dispose() {
    forget(this.#native);
    this.#native.clear();
    const stopped = new SecretManagerError('stopped', 'The engine was stopped');
    for (const { reject } of this.#waiting.values()) reject(stopped);
    this.#waiting.clear();
  }

  /** @returns {Status} */
  status() {
    return this.#native.status();
  }

  names() {
    return this.#native.names();
  }

  /** What there is, without the values; sorted by key. */
  entries() {
    return this.#native.entries();
  }

  /** @param {string} name */
  has(name) {
    return this.#native.has(name);
  }

  /**
   * The secret's JSON text, or null.
   * @param {string} name
   */
  read(name) {
    return this.#native.read(name);
  }

  /** @param {number} ticket */
  #finished(ticket) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => this.#waiting.set(ticket, { resolve, reject }))
    );
  }

  #receive() {
    const news = this.#native.drain(guarded(() => this.#listener.wantsNames()) ?? false);
    if (news.stateChanged) guarded(() => this.#listener.onState());
    const { change } = news;
    if (change) guarded(() => this.#listener.onChange(change));
    for (const { ticket, error } of news.finished) this.#settle(ticket, error);
  }

  /**
   * @param {number} ticket
   * @param {SyncError | undefined} failure
   */
  #settle(ticket, failure) {
    const waiting = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    if (failure) waiting?.reject(new SecretManagerError(failure.code, failure.message));
    else waiting?.resolve();
  }
}

/**
 * @param {import('./native').Engine} engine
 * @param {import('./native').Settings} settings
 */
function startNative(engine, settings) {
  try {
    return engine.start(settings);
  } catch (error) {
    // An error of the conversion quotes the setting that has the wrong type, and it may be a token.
    const told = error.code === 'misconfigured';
    const message = told ? error.message : 'a setting of the source has the wrong type';
    throw new SecretManagerError('misconfigured', message);
  }
}

const { isMasking, mask, maskBytes, startMasking } = masks;

module.exports = { Engine, SecretManagerError, Vault, isMasking, mask, maskBytes, startMasking };
