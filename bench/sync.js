'use strict';

/* What a sync costs the event loop, and how long it takes, by the size of the space. */

const { setTimeout: pass } = require('node:timers/promises');
const { compare, median, threadTime } = require('./lib/measure');
const { threadTimes, timeSince } = require('./lib/processes');
const { Snapshots } = require('./lib/snapshots');
const { EmptyCall, EngineSubject, PlainSubject } = require('./lib/subjects');

const SIZES = [10, 1_000, 10_000, 100_000];
/** Fewer rounds where one takes long. @type {Record<number, number>} */
const ROUNDS = { 10: 60, 1_000: 40, 10_000: 20, 100_000: 6 };

/** Engines whose unchanged syncs are counted, one a second each. */
const SCHEDULED = 20;
const WATCHED_MS = 3_000;

async function* rows() {
  for (const n of SIZES) {
    const snapshots = await Snapshots.start(n);
    try {
      yield* unchanged(n, snapshots);
      yield* oneChanged(n, snapshots);
      yield* live(n, snapshots);
      yield* firstLoad(n, snapshots);
    } finally {
      await snapshots.stop();
    }
  }
}

/**
 * Syncs that the engine's own schedule begins, as they happen all day. Nobody waits for them, so
 * they are counted at the server and their event-loop time is that of a stretch of time, less that
 * of an equal stretch without engines.
 * @param {number} n
 * @param {Snapshots} snapshots
 */
async function* unchanged(n, snapshots) {
  const engines = Array.from({ length: SCHEDULED }, () => new EngineSubject(snapshots.url));
  const idle = await watched();
  for (const engine of engines) await engine.load(1);
  const before = await snapshots.requests();
  const busy = await watched();
  const syncs = (await snapshots.requests()) - before;
  for (const engine of engines) engine.dispose();
  const scheduled = Math.max(0, busy - idle) / syncs;

  const { engine, plain } = await requested(n, snapshots);
  const against = 'unchanged, against plain JavaScript';
  yield eventLoopTime(against, n, scheduled, plain.eventLoopTime);
  yield latency(against, n, engine.latency, plain.latency);
}

async function watched() {
  const before = threadTime();
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  return threadTime() - before;
}

/**
 * A change, fetched on request. The floor is a call that comes as late as the engine's does, because
 * an event loop that has slept for longer takes longer to wake up.
 * @param {number} n
 * @param {Snapshots} snapshots
 */
async function* oneChanged(n, snapshots) {
  const { engine, plain, floor } = await requested(n, snapshots, () => snapshots.change());
  const against = 'one changed, against plain JavaScript';
  yield eventLoopTime(against, n, engine.eventLoopTime, plain.eventLoopTime);
  yield latency(against, n, engine.latency, plain.latency);
  const time = engine.eventLoopTime;
  yield eventLoopTime('one changed, against an empty call', n, time, floor.eventLoopTime);
}

/** The name of the threads on which engines work. */
const ENGINE_THREADS = 'secret-manager';
/** In ms: until they rest again, which is when the system accounts for them. */
const REST = 20;

/**
 * A change that comes on the event stream, against the whole snapshot being fetched for the same.
 * @param {number} n
 * @param {Snapshots} snapshots
 */
async function* live(n, snapshots) {
  const engine = new EngineSubject(snapshots.url);
  await engine.watch();
  let arrived = Promise.resolve();
  let pause = 0;
  const prepare = async () => {
    arrived = engine.change();
    await snapshots.changeSoon();
  };
  const run = async () => {
    const start = performance.now();
    await arrived;
    pause = (performance.now() - start) * 1000;
  };
  const empty = new EmptyCall();
  let called = Promise.resolve();
  const costs = await compare(ROUNDS[n], {
    engine: { prepare, run },
    // The service is asked before as well, and nothing of what makes the call come is measured.
    floor: {
      prepare: async () => {
        await snapshots.requests();
        called = empty.call(pause);
      },
      run: () => called,
    },
  });
  const heard = await outside(n, snapshots, { prepare, run });
  engine.dispose();

  const fetching = new EngineSubject(snapshots.url);
  await fetching.load();
  const job = { prepare: () => snapshots.change(), run: () => fetching.sync() };
  const fetched = await outside(n, snapshots, job);
  fetching.dispose();

  const time = costs.engine.eventLoopTime;
  yield eventLoopTime('live, against an empty call', n, time, costs.floor.eventLoopTime);
  const against = { case: 'live, against the whole snapshot', n };
  const [value, baseline] = [heard.bytes, fetched.bytes];
  yield { ...against, metric: 'on the wire', value, unit: 'B', baseline };
  if (process.platform !== 'linux') return;
  const times = { value: heard.time, unit: 'µs', baseline: fetched.time };
  yield { ...against, metric: 'engine time', ...times };
}

/**
 * What a job takes outside of the event loop: bytes from the service, and time of the engine's
 * threads in µs. Medians.
 * @param {number} n
 * @param {Snapshots} snapshots
 * @param {Required<import('./lib/measure').Job>} job
 */
async function outside(n, snapshots, { prepare, run }) {
  const isKnown = process.platform === 'linux';
  const samples = [];
  for (let round = 0; round < ROUNDS[n]; round++) {
    const sent = await snapshots.bytes();
    await prepare();
    const before = isKnown ? threadTimes('self', ENGINE_THREADS) : new Map();
    await run();
    await pass(REST);
    const time = isKnown ? timeSince(before, 'self', ENGINE_THREADS) * 1000 : 0;
    samples.push({ bytes: (await snapshots.bytes()) - sent, time });
  }
  return {
    bytes: median(samples.map(({ bytes }) => bytes)),
    time: median(samples.map(({ time }) => time)),
  };
}

/**
 * @param {number} n
 * @param {Snapshots} snapshots
 * @param {() => Promise<unknown>} [prepare] before each sync
 */
async function requested(n, snapshots, prepare) {
  const engine = new EngineSubject(snapshots.url);
  const empty = new EmptyCall();
  await engine.load();
  let pause = 0;
  const run = async () => {
    const start = performance.now();
    await engine.sync();
    pause = (performance.now() - start) * 1000;
  };
  const costs = await compare(ROUNDS[n], {
    engine: { prepare, run },
    floor: { run: () => empty.call(pause) },
  });
  engine.dispose();
  // Apart from the others: the garbage that it leaves would weigh on them.
  const plain = new PlainSubject(snapshots.url);
  await plain.load();
  const others = await compare(ROUNDS[n], { plain: { prepare, run: () => plain.sync() } });
  plain.dispose();
  return { ...costs, ...others };
}

/**
 * @param {number} n
 * @param {Snapshots} snapshots
 */
async function* firstLoad(n, snapshots) {
  const { engine } = await compare(ROUNDS[n], {
    engine: loading(() => new EngineSubject(snapshots.url)),
  });
  const { plain } = await compare(ROUNDS[n], {
    plain: loading(() => new PlainSubject(snapshots.url)),
  });
  const against = 'first load, against plain JavaScript';
  yield eventLoopTime(against, n, engine.eventLoopTime, plain.eventLoopTime);
  yield latency(against, n, engine.latency, plain.latency);
}

/** @param {() => EngineSubject | PlainSubject} create */
function loading(create) {
  let subject = create();
  return {
    async prepare() {
      subject.dispose();
      subject = create();
    },
    run: () => subject.load(),
  };
}

/**
 * @param {string} name
 * @param {number} n
 * @param {number} value
 * @param {number} baseline
 */
function eventLoopTime(name, n, value, baseline) {
  return { case: name, n, metric: 'event-loop time', value, unit: 'µs', baseline };
}

/**
 * @param {string} name
 * @param {number} n
 * @param {number} value
 * @param {number} baseline
 */
function latency(name, n, value, baseline) {
  return { case: name, n, metric: 'latency', value, unit: 'µs', baseline };
}

module.exports = { rows };
