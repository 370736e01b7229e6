'use strict';

/*
 * What masking a text costs the event loop, against plain JavaScript that looks for the values as they
 * are, one after the other: without Base64, hex and the other forms that masking finds as well. And what
 * it costs a sync, off the event loop.
 */

const { execFile } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const path = require('node:path');
const { promisify } = require('node:util');
const { encodeObject } = require('@node-red/util').util;
const { Engine, mask, startMasking } = require('../js');
const { maskedCopy } = require('../nodes/lib/masked-copy');
const { ScriptedSource } = require('../test/lib/scripted-source');
const { median, threadTime } = require('./lib/measure');

/** Of each, in characters. */
const TEXT = 64 * 1024;
/** In µs of event-loop time. */
const LONG_ENOUGH = 300_000;
const ROUNDS = 3;

const FIRST_LOAD = path.join(__dirname, 'lib/first-load.js');
const execute = promisify(execFile);

async function* rows() {
  startMasking();
  for (const n of [1000, 10_000]) {
    const source = await new ScriptedSource().start();
    source.publish(secrets(n));
    const { url, token } = source;
    const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
    await engine.start({ kind: 'service', url, token, autosync: 86_400 });
    const values = valuesOf(source.secrets);
    const clean = text();
    const dirty = clean.slice(0, -values[0].length) + values[0];
    const message = { topic: 'line/3', payload: lines(clean).map((line) => JSON.parse(line)) };
    const kilobytes = Buffer.byteLength(clean) / 1024;
    const baseline =
      time(() => values.reduce((left, value) => left.replaceAll(value, '•••'), clean)) / kilobytes;
    const shown = time(() => encodeObject({ msg: message })) / kilobytes;
    /** @type {Array<[string, number, () => unknown]>} */
    const cases = [
      ['text without secrets, against replaceAll', baseline, () => mask(clean)],
      ['text with a secret, against replaceAll', baseline, () => mask(dirty)],
      ['message, against what Debug itself takes', shown, () => maskedCopy(message)],
    ];
    for (const [name, of, run] of cases) {
      const value = time(run) / kilobytes;
      yield { case: name, n, metric: 'time/KB', value, unit: 'µs', baseline: of };
    }
    engine.dispose();
    const { masked, plain } = await firstLoads(url, token);
    yield {
      ...{ case: 'first load, against one unmasked', n, metric: 'latency', unit: 'ms' },
      ...{ value: masked, baseline: plain },
    };
    await source.stop();
  }
}

/**
 * Of processes of their own, because what was masked once is masked for a while. Medians in ms.
 * @param {string} url
 * @param {string} token
 */
async function firstLoads(url, token) {
  /** @type {Record<'masked' | 'plain', number[]>} */
  const samples = { masked: [], plain: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const kind of /** @type {const} */ (['masked', 'plain'])) {
      const { stdout } = await execute(process.execPath, [FIRST_LOAD, url, token, kind]);
      samples[kind].push(Number(stdout));
    }
  }
  return { masked: median(samples.masked), plain: median(samples.plain) };
}

/**
 * As spaces have them: tokens, passwords with signs, and the settings of a database.
 * @param {number} n
 * @returns {Record<string, unknown>}
 */
function secrets(n) {
  const makers = [
    () => `sk_live_${random(24)}`,
    () => random(32),
    () => `p@ss/${random(12)}?`,
    (/** @type {number} */ index) => ({
      ...{ host: `db${index}.example.com`, port: 5000 + index },
      password: random(20),
    }),
  ];
  const entries = Array.from({ length: n }, (_, index) => [
    `SECRET_${index}`,
    makers[index % makers.length](index),
  ]);
  return Object.fromEntries(entries);
}

/** @param {number} length */
function random(length) {
  return randomBytes(length).toString('base64url').slice(0, length);
}

/** @param {Record<string, unknown>} all */
function valuesOf(all) {
  return Object.values(all)
    .flatMap((value) => (typeof value === 'string' ? value : Object.values(Object(value))))
    .map(String);
}

/** What flows send to Debug. */
function text() {
  let whole = '';
  for (let index = 0; whole.length < TEXT; index += 1) {
    whole += `${JSON.stringify({
      ...{ _msgid: randomBytes(8).toString('hex'), topic: `sensors/line${index % 9}/temperature` },
      payload: { value: index / 7, unit: '°C', name: 'Temperature of the third kiln' },
    })}\n`;
  }
  return whole;
}

/** @param {string} whole */
function lines(whole) {
  return whole.trimEnd().split('\n');
}

/**
 * Event-loop time for one run, in µs. The clock of it ticks slowly on some machines, so there are as many
 * runs as take a while.
 * @param {() => unknown} run
 */
function time(run) {
  run();
  const start = threadTime();
  for (let runs = 1; ; runs += 1) {
    run();
    const spent = threadTime() - start;
    if (spent >= LONG_ENOUGH) return spent / runs;
  }
}

module.exports = { rows };
