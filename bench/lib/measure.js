'use strict';

/*
 * Event-loop time is what the main thread spends on a CPU, kernel time included, as the operating
 * system accounts it. Waiting costs nothing, and other threads don't count.
 */

/** Event-loop time so far, in µs. */
function threadTime() {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/**
 * @typedef {object} Job
 * @property {() => Promise<unknown>} [prepare] not measured
 * @property {() => Promise<unknown>} run
 *
 * @typedef {object} Cost medians, in µs
 * @property {number} eventLoopTime
 * @property {number} latency
 */

const WARM_UP_ROUNDS = 5;

/**
 * Runs jobs in turn, again and again, so that a machine whose speed drifts treats them alike.
 * @template {string} Name
 * @param {number} rounds
 * @param {Record<Name, Job>} jobs
 * @returns {Promise<Record<Name, Cost>>}
 */
async function compare(rounds, jobs) {
  const entries = /** @type {Array<[Name, Job]>} */ (Object.entries(jobs));
  const samples = entries.map(() => /** @type {Cost[]} */ ([]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const [index, [, job]] of entries.entries()) {
      const sample = await measure(job);
      if (round >= 0) samples[index].push(sample);
    }
  }
  const medians = entries.map(([name], index) => [
    name,
    {
      eventLoopTime: median(samples[index].map(({ eventLoopTime }) => eventLoopTime)),
      latency: median(samples[index].map(({ latency }) => latency)),
    },
  ]);
  return Object.fromEntries(medians);
}

/**
 * @param {Job} job
 * @returns {Promise<Cost>}
 */
async function measure({ prepare, run }) {
  await prepare?.();
  await settle();
  const [time, start] = [threadTime(), performance.now()];
  await run();
  return { eventLoopTime: threadTime() - time, latency: (performance.now() - start) * 1000 };
}

/** Lets what is left of the last round, garbage included, not count for the next one. */
async function settle() {
  globalThis.gc?.({ type: 'minor' });
  await new Promise((resolve) => setImmediate(resolve));
}

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

module.exports = { compare, median, threadTime };
