'use strict';

/*
 * What the service costs: against an axum server that does nothing but answer with a body of the same
 * size, and against an OpenBao with raft storage and an audit log, all in turn.
 */

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { HelloWorld } = require('./lib/hello-world');
const { BUSY, compareLoad } = require('./lib/load');
const { median } = require('./lib/measure');
const { OpenBao } = require('./lib/open-bao');
const { SecretManager } = require('./lib/secret-manager');
const { workplace } = require('./lib/workplace');

/** Enough connections to share the waiting for the disk, as many flows at once do. */
const SIZE = { rounds: 7, seconds: 1, connections: 256 };

/** A server that was just busy is let alone first: what is left of the work is not idleness. */
const SETTLING_MS = 15_000;
const IDLE_MS = 30_000;
const STARTS = 9;

async function* rows() {
  const directory = workplace('service');
  const ours = new SecretManager(path.join(directory, 'secret-manager'));
  const bao = new OpenBao(path.join(directory, 'openbao'));
  try {
    const tokens = new Map([1, 1_000, 10_000].map((n) => [n, ours.space(`space-${n}`, n)]));
    await ours.start();
    await ours.setUp('written');
    await bao.start();
    yield* snapshots(ours, bao, tokens);
    yield* unchanged(ours, tokens);
    yield* writes(ours, bao);
    yield* idle('idle after the load, against OpenBao', ours, bao);
    await ours.stop();
    await bao.stop();
    yield* starts(ours, bao, /** @type {string} */ (tokens.get(1)));
  } finally {
    await Promise.all([ours.server?.stop(), bao.server?.stop()]);
    fs.rmSync(directory, { recursive: true });
  }
}

/**
 * Answers with all secrets of a space, each noted in the audit log before it is sent.
 * @param {SecretManager} ours
 * @param {OpenBao} bao
 * @param {Map<number, string>} tokens by the number of secrets in the space
 */
async function* snapshots(ours, bao, tokens) {
  for (const n of [1, 1_000]) {
    const token = /** @type {string} */ (tokens.get(n));
    const hello = await HelloWorld.start((await ours.read(token)).bytes);
    const targets = { ours: ours.snapshot(token), hello: hello.target };
    // OpenBao has no answer with many secrets.
    const figures = await compareLoad(SIZE, n === 1 ? { ...targets, bao: bao.one } : targets);
    await hello.stop();
    yield* against('snapshot', 'hello world', n, figures.ours, figures.hello);
    if ('bao' in figures) yield* against('snapshot', 'OpenBao', n, figures.ours, figures.bao);
  }
}

/**
 * Answers that say that the space is as the client has it.
 * @param {SecretManager} ours
 * @param {Map<number, string>} tokens
 */
async function* unchanged(ours, tokens) {
  for (const [n, token] of tokens) {
    const hello = await HelloWorld.start(0);
    const { validator } = await ours.read(token);
    const targets = { ours: ours.snapshot(token, validator), hello: hello.target };
    const figures = await compareLoad(SIZE, targets);
    await hello.stop();
    yield* against('304', 'hello world', n, figures.ours, figures.hello);
  }
}

/**
 * Writers that change one secret each, again and again; answered when it is on the disk.
 * @param {SecretManager} ours
 * @param {OpenBao} bao
 */
async function* writes(ours, bao) {
  const targets = { ours: ours.put('written'), bao: bao.put };
  const figures = await compareLoad(SIZE, targets);
  yield* against('durable write', 'OpenBao', SIZE.connections, figures.ours, figures.bao);
}

/**
 * @param {SecretManager} ours
 * @param {OpenBao} bao
 * @param {string} token
 */
async function* starts(ours, bao, token) {
  const hello = [];
  const first = { ours: /** @type {number[]} */ ([]), bao: /** @type {number[]} */ ([]) };
  for (let round = 0; round < STARTS; round++) {
    hello.push(
      await elapsed(async () => {
        const server = await HelloWorld.start(0);
        await fetch(`http://${server.address}/`);
        return server;
      }),
    );
    first.ours.push(
      await elapsed(async () => {
        await ours.start();
        await ours.read(token);
        return ours;
      }),
    );
    first.bao.push(
      await elapsed(async () => {
        bao.begin();
        await bao.unseal();
        await bao.read();
        return bao;
      }),
    );
  }
  const value = median(first.ours);
  const start = { n: null, metric: 'to first answer', value, unit: 'ms' };
  yield { case: 'start, against hello world', ...start, baseline: median(hello) };
  yield { case: 'start, against OpenBao', ...start, baseline: median(first.bao) };

  await ours.start();
  await ours.read(token);
  bao.begin();
  await bao.unseal();
  await bao.read();
  yield* idle('idle after a start, against OpenBao', ours, bao);
}

/**
 * @param {string} name
 * @param {SecretManager} ours
 * @param {OpenBao} bao
 */
async function* idle(name, ours, bao) {
  const servers = [ours.server, bao.server];
  await setTimeout(SETTLING_MS);
  const shares = servers.map((server) => server.processorShare(IDLE_MS));
  const [value, baseline] = await Promise.all(shares);
  yield { case: name, n: null, metric: 'processor', value, unit: '%', baseline };
  const [memory, theirs] = servers.map((server) => server.memory());
  yield { case: name, n: null, metric: 'memory', value: memory, unit: 'MiB', baseline: theirs };
}

/**
 * How long it takes until the work is done, in ms. What it started is stopped again.
 * @param {() => Promise<{ stop(): Promise<unknown> }>} work
 */
async function elapsed(work) {
  const began = performance.now();
  const started = await work();
  const time = performance.now() - began;
  await started.stop();
  return time;
}

/**
 * @param {string} what
 * @param {string} baseline
 * @param {number} n
 * @param {import('./lib/load').Figures} ours
 * @param {import('./lib/load').Figures} theirs
 */
function* against(what, baseline, n, ours, theirs) {
  const name = `${what}, against ${baseline}`;
  for (const [who, figures] of Object.entries({ ours, theirs })) {
    if (figures.generator < BUSY) continue;
    console.warn(`${name}: the load was at its limit with ${who}; the server may do more`);
  }
  const row = (
    /** @type {string} */ metric,
    /** @type {'throughput' | 'p50' | 'p99' | 'processorTime'} */ key,
    /** @type {string} */ unit,
  ) => ({ case: name, n, metric, value: ours[key], unit, baseline: theirs[key] });
  yield row('throughput', 'throughput', '1/s');
  yield row('latency p50', 'p50', 'µs');
  yield row('latency p99', 'p99', 'µs');
  yield row('processor time', 'processorTime', 'µs');
}

module.exports = { rows };
