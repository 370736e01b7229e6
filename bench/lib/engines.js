'use strict';

/* Many real engines, as they are in Node.js, in one process that does nothing else. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const PROGRAM = path.join(__dirname, '../../target/release/examples/engines');

/*
 * They stand for as many machines. On this one they give way to what is measured: else it would be
 * the waiting for them that is measured.
 */
const GIVING_WAY = ['-n', '19'];

/**
 * @typedef {Array<[sequence: number, time: number]>} Arrivals which value of SEQUENCE could be read
 *   from when on, in nanoseconds of `process.hrtime`
 *
 * @typedef {object} State
 * @property {number} readable engines that have values
 * @property {number | null} readableAfter ms from the start until all had them
 * @property {number} synced engines whose last sync was good
 * @property {number} live engines that hear of changes as they are made
 * @property {string[]} failures what engines told of
 */

class Engines {
  #child;
  #lines;

  /**
   * @param {object} options
   * @param {string} options.address of the service
   * @param {string} options.token
   * @param {number} options.engines
   * @param {string} [options.caches] a directory for their last-good caches
   * @param {boolean} [options.atOnce] all start in the same moment
   */
  constructor({ address, token, engines, caches, atOnce = false }) {
    this.#child = spawn(
      'nice',
      [
        ...[...GIVING_WAY, PROGRAM, `http://${address}`, '--engines', String(engines)],
        ...(caches ? ['--caches', caches] : []),
        ...(atOnce ? ['--at-once'] : []),
      ],
      { env: { ...process.env, BENCH_TOKEN: token }, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    this.#lines = readline.createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Settles when all of them hear of changes as they are made. */
  async live() {
    await this.#ask('live');
  }

  /** Of each engine. @returns {Promise<Arrivals[]>} */
  arrivals() {
    return this.#ask('arrivals');
  }

  /** @returns {Promise<State>} */
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
    if (done) throw new Error('The engines have ended');
    return JSON.parse(value);
  }
}

module.exports = { Engines };
