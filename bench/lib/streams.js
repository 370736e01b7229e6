'use strict';

/* Many open event streams, in a process that does as little as it can for each. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const PROGRAM = path.join(__dirname, '../../target/release/examples/watchers');

class Streams {
  #child;
  #lines;

  /**
   * @param {object} options
   * @param {string} options.address host and port
   * @param {string} options.path
   * @param {number} options.count
   * @param {string[]} [options.headers] one for each stream, in turn
   */
  constructor({ address, path: place, count, headers = [] }) {
    this.#child = spawn(
      PROGRAM,
      [
        ...[address, place, '--connections', String(count)],
        ...headers.flatMap((header) => ['--header', header]),
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#lines = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Settles when all streams are open. */
  async open() {
    await this.#ask('open');
  }

  /**
   * When the last of them got the event with this number, in nanoseconds of `process.hrtime`.
   * @param {number} number
   * @returns {Promise<number>}
   */
  async last(number) {
    return (await this.#ask(`event ${number}`)).last;
  }

  /** @returns {Promise<{ open: number, gone: string[], heartbeats: number }>} */
  state() {
    return this.#ask('state');
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }

  /** @param {string} command */
  async #ask(command) {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('The streams have ended');
    return JSON.parse(value);
  }
}

module.exports = { Streams };
