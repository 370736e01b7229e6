'use strict';

/** The shortest time between two announcements of the same context key, in ms. */
const PAUSE = 300;

/** Tells editors that there is something new to look at: the first time at once, then with pauses. */
class Announcer {
  #publish;
  /** Those that are in a pause, and whether there is something to tell after it. @type {Map<string | null, boolean>} */
  #pausing = new Map();
  #stopped = false;

  /** @param {(contextKey: string | null) => void} publish */
  constructor(publish) {
    this.#publish = publish;
  }

  /** @param {string | null} contextKey */
  tell(contextKey) {
    if (this.#stopped) return;
    if (this.#pausing.has(contextKey)) {
      this.#pausing.set(contextKey, true);
      return;
    }
    this.#publish(contextKey);
    this.#pausing.set(contextKey, false);
    setTimeout(() => {
      const more = this.#pausing.get(contextKey);
      this.#pausing.delete(contextKey);
      if (more) this.tell(contextKey);
    }, PAUSE).unref();
  }

  stop() {
    this.#stopped = true;
  }
}

module.exports = { Announcer };
