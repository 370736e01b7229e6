'use strict';

/*
 * How long a change takes to flows: from the answer to the write to the moment when the new value can
 * be read in a Node.js process, while a thousand engines watch the space. Beside it, polling each
 * second, in plain JavaScript and with an OpenBao Agent that renders a file.
 */

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { Engines } = require('./lib/engines');
const { OpenBao } = require('./lib/open-bao');
const { Readers } = require('./lib/readers');
const { SecretManager } = require('./lib/secret-manager');
const { workplace } = require('./lib/workplace');

const SECRETS = 100;
const ENGINES = 1_000;
/** Of these, how many are in a Node.js process of their own. */
const MEASURED = 20;
const POLLERS = 20;

const WARM_UP = 20;
const CHANGES = 300;
/** Between two changes, in ms: random, so that no poll keeps step with them. */
const [SHORTEST, LONGEST] = [50, 350];

async function* rows() {
  const directory = workplace('live');
  const ours = new SecretManager(path.join(directory, 'secret-manager'));
  const bao = new OpenBao(path.join(directory, 'openbao'));
  try {
    await ours.start();
    const { node, load, polling } = await measureOurs(ours);
    await ours.stop();
    await bao.start();
    const agent = await measureAgent(bao);
    yield* against('in Node.js, against polling each second', node, polling);
    yield* against('in Node.js, against OpenBao Agent', node, agent);
    yield* against('in all engines, against OpenBao Agent', load, agent);
  } finally {
    await Promise.all([ours.server?.stop(), bao.server?.stop()]);
    fs.rmSync(directory, { recursive: true });
  }
}

/** @param {SecretManager} ours */
async function measureOurs(ours) {
  const space = 'live';
  await ours.setUp(space);
  await ours.fill(space, SECRETS - 1);
  const write = (/** @type {number} */ sequence) => ours.write(space, 'SEQUENCE', String(sequence));
  await write(0);
  const { address } = ours;
  const token = await ours.token(space);
  const url = `http://${address}`;
  // What is measured comes neither first nor last.
  const half = { address, token, engines: (ENGINES - MEASURED) / 2 };
  const started = [];
  try {
    const before = start(started, new Engines(half));
    await before.live();
    const node = start(started, new Readers('engines', { url, token, count: MEASURED }));
    await node.ready();
    const after = start(started, new Engines(half));
    await after.live();
    const polling = start(started, new Readers('pollers', { url, token, count: POLLERS }));
    await polling.ready();

    const written = await change(write);
    const [early, late] = [await before.arrivals(), await after.arrivals()];
    const measured = await node.arrivals();
    return {
      node: latencies(written, measured),
      load: latencies(written, [...early, ...measured, ...late]),
      polling: latencies(written, await polling.arrivals()),
    };
  } finally {
    await Promise.all(started.map((each) => each.stop()));
  }
}

/**
 * @template {{ stop(): Promise<void> }} Started
 * @param {Array<{ stop(): Promise<void> }>} all
 * @param {Started} started
 */
function start(all, started) {
  all.push(started);
  return started;
}

/** @param {OpenBao} bao */
async function measureAgent(bao) {
  const write = (/** @type {number} */ sequence) => bao.write(String(sequence));
  await write(0);
  const file = bao.startAgent();
  const reader = new Readers('file', { file });
  try {
    await reader.ready();
    const written = await change(write);
    return latencies(written, await reader.arrivals());
  } finally {
    await Promise.all([reader.stop(), bao.stopAgent()]);
  }
}

/**
 * Changes the secret again and again. Returns when each change was acknowledged, in nanoseconds of
 * `process.hrtime`.
 * @param {(sequence: number) => Promise<void>} write
 */
async function change(write) {
  /** @type {Map<number, number>} */
  const written = new Map();
  for (let sequence = 1; sequence <= WARM_UP + CHANGES; sequence++) {
    await setTimeout(SHORTEST + Math.random() * (LONGEST - SHORTEST));
    await write(sequence);
    if (sequence > WARM_UP) written.set(sequence, Number(process.hrtime.bigint()));
  }
  // For who polls.
  await setTimeout(2_000);
  return written;
}

/**
 * How long each change took to each reader, in ms. A newer value counts as well: of two changes
 * between two polls only the second is seen.
 * @param {Map<number, number>} written
 * @param {import('./lib/engines').Arrivals[]} readers
 */
function latencies(written, readers) {
  return readers.flatMap((arrivals) => {
    let next = 0;
    return [...written].map(([sequence, time]) => {
      while (next < arrivals.length && arrivals[next][0] < sequence) next += 1;
      if (next === arrivals.length) throw new Error(`Change ${sequence} has not arrived`);
      // It may be there before the writer has its answer.
      return Math.max(0, arrivals[next][1] - time) / 1e6;
    });
  });
}

/**
 * @param {string} name
 * @param {number[]} ours
 * @param {number[]} theirs
 */
function* against(name, ours, theirs) {
  for (const [metric, share] of /** @type {const} */ ([
    ['latency p50', 0.5],
    ['latency p99', 0.99],
  ])) {
    const value = percentile(ours, share);
    const baseline = percentile(theirs, share);
    yield { case: name, n: SECRETS, metric, value, unit: 'ms', baseline };
  }
}

/**
 * @param {number[]} values
 * @param {number} share
 */
function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

module.exports = { rows };
