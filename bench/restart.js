'use strict';

/*
 * What the service is asked when a thousand engines start in the same moment, with their last-good
 * caches, and when the service itself is restarted: the most requests in any second, beside what they
 * are in a second when nothing happens.
 */

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { Engines } = require('./lib/engines');
const { SecretManager } = require('./lib/secret-manager');
const { workplace } = require('./lib/workplace');

const ENGINES = 1_000;
const SECRETS = 100;

/** Within it every engine has asked once more, and knows how many they are. */
const LEARNING_MS = 75_000;
/** The longest time over which starts are spread, and a little more. */
const WATCHED_MS = 135_000;
const STEADY_MS = 60_000;
const SAMPLE_MS = 50;

/**
 * @typedef {object} Sample
 * @property {number} time in ms
 * @property {number} all requests so far
 * @property {number} failed of these
 */

async function* rows() {
  const directory = workplace('restart');
  const ours = new SecretManager(path.join(directory, 'secret-manager'));
  const caches = path.join(directory, 'caches');
  let engines;
  try {
    await ours.start();
    await ours.setUp('plant');
    await ours.fill('plant', SECRETS);
    await ours.write('plant', 'SEQUENCE', '0');
    const options = { token: await ours.token('plant'), engines: ENGINES, caches };
    engines = new Engines({ address: ours.address, ...options });
    await engines.live();
    await setTimeout(LEARNING_MS);
    const steady = rate(await sample(ours, STEADY_MS));

    await engines.stop();
    engines = new Engines({ address: ours.address, ...options, atOnce: true });
    yield* requests('all engines restarted', await sample(ours, WATCHED_MS), steady);
    const { readable, readableAfter } = await settled(engines);
    if (readable !== ENGINES || readableAfter === null) throw new Error('Not all have values');
    const seconds = readableAfter / 1000;
    const named = { case: 'all engines restarted', n: SECRETS, metric: 'all have values' };
    yield { ...named, value: seconds, unit: 's', baseline: WATCHED_MS / 1000 };
    await setTimeout(LEARNING_MS);

    await ours.restart();
    yield* requests('service restarted', await sample(ours, WATCHED_MS), steady);
    await settled(engines);
  } finally {
    await Promise.all([engines?.stop(), ours.server?.stop()]);
    fs.rmSync(directory, { recursive: true });
  }
}

/**
 * All have to be live by now.
 * @param {Engines} engines
 */
async function settled(engines) {
  const state = await engines.state();
  if (state.live !== ENGINES) throw new Error(`Only ${state.live} engines are live`);
  return state;
}

/**
 * @param {SecretManager} ours
 * @param {number} milliseconds
 */
async function sample(ours, milliseconds) {
  /** @type {Sample[]} */
  const samples = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    samples.push({ time: performance.now(), ...(await ours.engineRequests()) });
    await setTimeout(SAMPLE_MS);
  }
  return samples;
}

/** @param {Sample[]} samples */
function rate(samples) {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  return (last.all - first.all) / ((last.time - first.time) / 1000);
}

/**
 * The most in a second, wherever that begins. Of a little more than a second, because it is looked only
 * now and then.
 * @param {Sample[]} samples
 */
function peak(samples) {
  let [most, first] = [0, 0];
  for (const { time, all } of samples) {
    while (first + 1 < samples.length && time - samples[first + 1].time >= 1_000) first += 1;
    most = Math.max(most, all - samples[first].all);
  }
  return most;
}

/**
 * @param {string} name
 * @param {Sample[]} samples
 * @param {number} steady
 */
function* requests(name, samples, steady) {
  const { failed } = samples[samples.length - 1];
  if (failed > samples[0].failed) throw new Error(`${failed} requests were answered with an error`);
  const row = { case: name, n: SECRETS, unit: '1/s', baseline: steady };
  yield { ...row, metric: 'peak', value: peak(samples) };
  yield { ...row, metric: 'average', value: rate(samples) };
}

module.exports = { rows };
