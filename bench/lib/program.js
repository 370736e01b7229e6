'use strict';

/* A program that is told what to do on its standard input and answers with one JSON document a line. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const readline = require('node:readline');

class Program {
  #child;
  #lines;

  /**
   * It ends by itself when this process does, because nobody can tell it anything any more.
   * @param {string} command
   * @param {string[]} args
   * @param {NodeJS.ProcessEnv} [env]
   */
  constructor(command, args, env = process.env) {
    this.#child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * One question at a time.
   * @param {string} command
   * @returns {Promise<any>}
   */
  async ask(command) {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The process of the ${this.constructor.name} has ended`);
    return JSON.parse(value);
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

module.exports = { Program };
