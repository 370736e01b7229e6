'use strict';

/* Load on servers that take turns, and what it costs them. */

const path = require('node:path');
const { median } = require('./measure');
const { runLoad } = require('./processes');

const GENERATOR = path.join(__dirname, '../../target/release/examples/load');

/** Above this the load, not the server, may be what limits the requests. */
const BUSY = 0.95;

/**
 * @typedef {object} Target
 * @property {import('./processes').ServerProcess} server
 * @property {string} address host and port
 * @property {string} path
 * @property {string} [method]
 * @property {string[]} [headers]
 * @property {string} [body]
 * @property {number[]} statuses the right ones
 *
 * @typedef {object} Figures medians
 * @property {number} throughput requests in a second
 * @property {number} p50 in µs
 * @property {number} p99 in µs
 * @property {number} processorTime of the server for a request, in µs
 * @property {number} generator how busy the generator's processor was, 0 to 1
 */

/**
 * Loads each target for a moment, again and again in turn, so that a machine whose speed drifts
 * treats them alike.
 * @template {string} Name
 * @param {{ rounds: number, seconds: number, connections: number }} size
 * @param {Record<Name, Target>} targets
 * @returns {Promise<Record<Name, Figures>>}
 */
async function compareLoad({ rounds, seconds, connections }, targets) {
  const entries = /** @type {Array<[Name, Target]>} */ (Object.entries(targets));
  const samples = entries.map(() => /** @type {Figures[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [index, [, target]] of entries.entries()) {
      samples[index].push(await load(target, seconds, connections));
    }
  }
  const figures = entries.map(([name], index) => [name, medians(samples[index])]);
  return Object.fromEntries(figures);
}

/**
 * @param {Target} target
 * @param {number} seconds
 * @param {number} connections
 * @returns {Promise<Figures>}
 */
async function load(target, seconds, connections) {
  const { server, address, method = 'GET', headers = [], body, statuses } = target;
  const before = server.processorTime();
  const printed = await runLoad(GENERATOR, [
    ...[address, target.path, '--method', method, '--connections', String(connections)],
    ...['--warm-up', String(seconds / 4), '--seconds', String(seconds)],
    ...statuses.flatMap((status) => ['--status', String(status)]),
    ...headers.flatMap((header) => ['--header', header]),
    ...(body === undefined ? [] : ['--body', body]),
  ]);
  const spent = server.processorTime() - before;
  const { requests, all, p50, p99, ownLoad } = JSON.parse(printed);
  const processorTime = (spent / all) * 1e6;
  return { throughput: requests / seconds, p50, p99, processorTime, generator: ownLoad };
}

/**
 * @param {Figures[]} samples
 * @returns {Figures}
 */
function medians(samples) {
  const of = (/** @type {keyof Figures} */ key) => median(samples.map((sample) => sample[key]));
  return {
    ...{ throughput: of('throughput'), p50: of('p50'), p99: of('p99') },
    ...{ processorTime: of('processorTime'), generator: of('generator') },
  };
}

module.exports = { BUSY, compareLoad };
