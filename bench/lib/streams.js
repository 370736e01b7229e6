'use strict';

/* Many open event streams, in a process that does as little as it can for each. */

const path = require('node:path');
const { Program } = require('./program');

const PROGRAM = path.join(__dirname, '../../target/release/examples/watchers');

class Streams extends Program {
  /**
   * @param {object} options
   * @param {string} options.address host and port
   * @param {string} options.path
   * @param {number} options.count
   * @param {string[]} [options.headers] one for each stream, in turn
   */
  constructor({ address, path: place, count, headers = [] }) {
    super(PROGRAM, [
      ...[address, place, '--connections', String(count)],
      ...headers.flatMap((header) => ['--header', header]),
    ]);
  }

  /** Settles when all streams are open. */
  async open() {
    await this.ask('open');
  }

  /**
   * When the last of them got the event with this number, in nanoseconds of `process.hrtime`.
   * @param {number} number
   * @returns {Promise<number>}
   */
  async last(number) {
    return (await this.ask(`event ${number}`)).last;
  }

  /** @returns {Promise<{ open: number, gone: string[], heartbeats: number }>} */
  state() {
    return this.ask('state');
  }
}

module.exports = { Streams };
