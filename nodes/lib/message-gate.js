'use strict';

/**
 * Holds the messages of all flows while the process starts, so that the first one finds the secrets
 * there. Node-RED calls `preDeliver` after it has cloned a message and before it delivers it: what
 * is held is exactly what arrives later, in the same order. While nothing is held there is no hook.
 */
class MessageGate {
  #hooks;
  /** Continuations of the held deliveries. @type {Array<() => void> | null} */
  #held = null;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {import('./types').Red['hooks']} hooks */
  constructor(hooks) {
    this.#hooks = hooks;
  }

  /** @param {number} limit the longest time to hold messages, in ms */
  close(limit) {
    if (this.#held !== null || limit <= 0) return;
    /** @type {Array<() => void>} */
    const held = [];
    this.#held = held;
    this.#hooks.add(HOOK, (/** @type {object} */ _event, /** @type {() => void} */ deliver) => {
      held.push(deliver);
    });
    this.#timer = setTimeout(() => this.open(), limit).unref();
  }

  /**
   * Opens after something has happened, unless the gate was closed anew by then.
   * @param {Promise<unknown>} event
   */
  openAfter(event) {
    const held = this.#held;
    event.then(() => {
      if (this.#held === held) this.open();
    });
  }

  open() {
    if (this.#held === null) return;
    const held = this.#held;
    this.#held = null;
    clearTimeout(this.#timer);
    this.#hooks.remove(HOOK);
    for (const deliver of held) deliver();
  }
}

const HOOK = 'preDeliver.secret-manager';

module.exports = { MessageGate };
