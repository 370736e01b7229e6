'use strict';

/*
 * What ten thousand engines that watch a space cost the service: memory for each, the time until a
 * change has reached them all, and the processor while nothing happens. Beside it, an axum server that
 * does nothing but send events on as many streams.
 */

const fs = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { HelloStreams } = require('./lib/hello-streams');
const { median } = require('./lib/measure');
const { SecretManager } = require('./lib/secret-manager');
const { Streams } = require('./lib/streams');
const { workplace } = require('./lib/workplace');

const WATCHERS = 10_000;
/** Engines have tokens of their own; these are shared by a hundred each. */
const TOKENS = 100;
/** Before the memory is read that the others are added to. */
const FIRST = 100;
const SECRETS = 100;
const CHANGES = 15;

/** What a change has set going is over by then. */
const SETTLING_MS = 3_000;
/** Heartbeats come 15 s after what came last; in between nothing is to happen. */
const QUIET_MS = 9_000;
const HEARTBEATS_MS = 6_000;

/**
 * @typedef {object} Figures
 * @property {number} memory of each watcher, in KiB
 * @property {number} delivery from the answer to a change until all have it, in ms
 * @property {number} slowest of the deliveries, in ms
 * @property {number} change processor time of a change for each watcher, in µs
 * @property {number} quiet share of a processor while nothing happens, in %
 * @property {number} heartbeat processor time of a heartbeat for each watcher, in µs
 */

async function* rows() {
  const directory = workplace('watchers');
  const ours = new SecretManager(directory, { processors: 'all' });
  let hello;
  try {
    const figures = await measureOurs(ours);
    await ours.stop();
    hello = await HelloStreams.start();
    const theirs = await measure({
      server: hello.server,
      streams: { address: hello.address, path: '/watch' },
      change: (number) => hello.change(number),
    });
    const row = (
      /** @type {keyof Figures} */ key,
      /** @type {string} */ metric,
      /** @type {string} */ unit,
    ) => ({
      ...{ case: 'against hello world', n: WATCHERS, metric, unit },
      ...{ value: figures[key], baseline: theirs[key] },
    });
    yield row('memory', 'memory each', 'KiB');
    yield row('delivery', 'to all, median', 'ms');
    yield row('slowest', 'to all, slowest', 'ms');
    yield row('change', 'change, each', 'µs');
    yield row('quiet', 'quiet', '%');
    yield row('heartbeat', 'heartbeat, each', 'µs');
  } finally {
    await Promise.all([ours.server?.stop(), hello?.stop()]);
    fs.rmSync(directory, { recursive: true });
  }
}

/** @param {SecretManager} ours */
async function measureOurs(ours) {
  const space = 'watched';
  await ours.start();
  await ours.setUp(space);
  await ours.fill(space, SECRETS);
  const headers = [];
  for (let number = 0; number < TOKENS; number++) {
    headers.push(`Authorization: Bearer ${await ours.token(space)}`);
  }
  // The import was the first version, so the changes count on from there.
  return measure({
    server: ours.server,
    streams: { address: ours.address, path: '/api/v1/watch?since=1', headers },
    change: (number) => ours.write(space, 'SECRET_0', `value ${number}`),
    first: 2,
  });
}

/**
 * @param {object} subject
 * @param {import('./lib/processes').ServerProcess} subject.server
 * @param {{ address: string, path: string, headers?: string[] }} subject.streams
 * @param {(number: number) => Promise<unknown>} subject.change
 * @param {number} [subject.first] the number of the first change
 * @returns {Promise<Figures>}
 */
async function measure({ server, streams, change, first = 1 }) {
  const few = new Streams({ ...streams, count: FIRST });
  let all;
  try {
    await few.open();
    await setTimeout(SETTLING_MS);
    const before = server.memory();
    all = new Streams({ ...streams, count: WATCHERS });
    await all.open();

    const deliveries = [];
    const busyBefore = server.processorTime();
    for (let number = first; number < first + CHANGES; number++) {
      await change(number);
      const answered = Number(process.hrtime.bigint());
      // All may have it before the writer has its answer.
      deliveries.push(Math.max(0, (await all.last(number)) - answered) / 1e6);
      await setTimeout(200);
    }
    const spent = server.processorTime() - busyBefore;
    await setTimeout(SETTLING_MS);
    const memory = ((server.memory() - before) * 1024) / WATCHERS;
    const quiet = await server.processorShare(QUIET_MS);
    const beats = (await all.state()).heartbeats;
    const beating = await server.processorShare(HEARTBEATS_MS);
    const state = await all.state();
    if (state.gone.length > 0) throw new Error(`A stream is gone: ${state.gone[0]}`);
    const heartbeats = state.heartbeats - beats;
    if (heartbeats < WATCHERS) throw new Error(`Only ${heartbeats} heartbeats came`);
    return {
      memory,
      delivery: median(deliveries),
      slowest: Math.max(...deliveries),
      change: (spent / CHANGES / WATCHERS) * 1e6,
      quiet,
      heartbeat: ((beating / 100) * HEARTBEATS_MS * 1000) / heartbeats,
    };
  } finally {
    await Promise.all([few.stop(), all?.stop()]);
  }
}

module.exports = { rows };
