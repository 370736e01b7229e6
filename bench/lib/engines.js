'use strict';

/* Many real engines, as they are in Node.js, in one process that does nothing else. */

const path = require('node:path');
const { Program } = require('./program');

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

class Engines extends Program {
  /**
   * @param {object} options
   * @param {string} options.address of the service
   * @param {string} options.token
   * @param {number} options.engines
   * @param {string} [options.caches] a directory for their last-good caches
   * @param {boolean} [options.atOnce] all start in the same moment
   */
  constructor({ address, token, engines, caches, atOnce = false }) {
    super(
      'nice',
      [
        ...[...GIVING_WAY, PROGRAM, `http://${address}`, '--engines', String(engines)],
        ...(caches ? ['--caches', caches] : []),
        ...(atOnce ? ['--at-once'] : []),
      ],
      { ...process.env, BENCH_TOKEN: token },
    );
  }

  /** Settles when all of them hear of changes as they are made. */
  async live() {
    await this.ask('live');
  }

  /** Of each engine. @returns {Promise<Arrivals[]>} */
  arrivals() {
    return this.ask('arrivals');
  }

  /** @returns {Promise<State>} */
  state() {
    return this.ask('state');
  }
}

module.exports = { Engines };
