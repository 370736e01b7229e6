'use strict';

/* Two ways to keep secrets up to date, used alike: this package's engine, and plain JavaScript. */

const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { Engine } = require('../../js');

/** Seconds; long enough that no sync comes in between. */
const NEVER = 86_400;

class EngineSubject {
  #changed = () => {};
  #engine = new Engine({
    wantsNames: () => false,
    onChange: () => this.#changed(),
    onState() {},
  });
  #url;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /**
   * @param {number} [autosync] seconds
   * @param {boolean} [live]
   */
  load(autosync = NEVER, live = false) {
    return this.#engine.start({ kind: 'service', url: this.#url, token: 'bench', autosync, live });
  }

  sync() {
    return this.#engine.syncNow();
  }

  /** Settles when changes are heard of as they are made. */
  async watch() {
    await this.load(NEVER, true);
    while (!this.#engine.status().live) await setTimeout(10);
  }

  /** Settles with the next change. */
  change() {
    return new Promise((resolve) => {
      this.#changed = () => resolve(undefined);
    });
  }

  dispose() {
    this.#engine.dispose();
  }
}

/** What people write today: fetch, JSON.parse, set. */
class PlainSubject {
  /** Stands for the global context. @type {Map<string, unknown>} */
  #context = new Map();
  #url;
  #token;
  /** @type {string | null} */
  #tag = null;

  /**
   * @param {string} url
   * @param {string} [token]
   */
  constructor(url, token = 'bench') {
    this.#url = url;
    this.#token = token;
  }

  load() {
    return this.sync();
  }

  async sync() {
    const response = await fetch(`${this.#url}/api/v1/snapshot`, {
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(this.#tag && { 'If-None-Match': this.#tag }),
      },
    });
    const text = await response.text();
    if (response.status === 304) return;
    const { secrets } = JSON.parse(text);
    const values = Object.fromEntries(
      Object.entries(secrets).map(([name, { value }]) => [name, value]),
    );
    this.#context.set('SECRETS', values);
    this.#tag = response.headers.get('etag');
  }

  /** @param {string} name */
  value(name) {
    return /** @type {any} */ (this.#context.get('SECRETS'))?.[name];
  }

  dispose() {
    this.#context.clear();
  }
}

/** Nothing but a call from another thread: the floor under everything that reaches JavaScript. */
class EmptyCall {
  #called = () => {};
  #bell;

  constructor() {
    const addon = { exports: /** @type {any} */ ({}) };
    process.dlopen(addon, path.join(__dirname, '../../target/release/examples', libraryName()));
    this.#bell = new addon.exports.Bell(() => this.#called());
  }

  /** @param {number} pause before the call, in µs */
  call(pause) {
    return new Promise((resolve) => {
      this.#called = () => resolve(undefined);
      this.#bell.ring(pause);
    });
  }
}

function libraryName() {
  if (process.platform === 'win32') return 'empty_call.dll';
  return `libempty_call.${process.platform === 'darwin' ? 'dylib' : 'so'}`;
}

module.exports = { EmptyCall, EngineSubject, PlainSubject };
