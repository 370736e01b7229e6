'use strict';

/*
 * Lets the environment of the process answer for names that aren't in it. Node-RED asks it last for what
 * ${NAME} stands for, and offers no other way to add an answer.
 *
 * A name that process.env doesn't have is looked up on its prototype; a proxy is put there. process.env
 * itself stays what it is: listing, copying, changing and testing it doesn't show the names, and what
 * Node.js gives to child processes and workers doesn't hold them.
 */

class Environment {
  #answer;
  /** Each object that was process.env at some time, with its own prototype. @type {Map<object, object | null>} */
  #changed = new Map();

  /** @param {(name: string) => string | undefined} answer */
  constructor(answer) {
    this.#answer = answer;
  }

  /**
   * Other packages may replace process.env: so it is looked at each time.
   * @returns {boolean} whether it answers
   */
  install() {
    const { env } = process;
    if (this.#changed.has(env)) return true;
    const prototype = Object.getPrototypeOf(env);
    const answer = this.#answer;
    const answering = new Proxy(prototype ?? Object.create(null), {
      get(target, name) {
        const known = Reflect.get(target, name);
        return known === undefined && typeof name === 'string' ? answer(name) : known;
      },
    });
    if (!Reflect.setPrototypeOf(env, answering)) return false;
    this.#changed.set(env, prototype);
    return true;
  }

  remove() {
    for (const [env, prototype] of this.#changed) Reflect.setPrototypeOf(env, prototype);
    this.#changed.clear();
  }
}

module.exports = { Environment };
