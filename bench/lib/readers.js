'use strict';

/*
 * Node.js processes that notice when a new value of the secret SEQUENCE can be read: with this
 * package's engines, by polling in plain JavaScript, or from a file that somebody else writes. Run
 * directly, it is such a process.
 */

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { setTimeout } = require('node:timers/promises');
const { Program } = require('./program');

/** From one poll to the next, in ms. */
const POLLING = 1_000;

class Readers extends Program {
  /**
   * @param {'engines' | 'pollers' | 'file'} kind
   * @param {object} options
   * @param {string} [options.url] of the service
   * @param {string} [options.token]
   * @param {number} [options.count]
   * @param {string} [options.file]
   */
  constructor(kind, options) {
    super(process.execPath, [__filename, kind, JSON.stringify(options)]);
  }

  /** Settles when all of them have read for the first time. */
  async ready() {
    await this.ask('ready');
  }

  /** Of each reader. @returns {Promise<import('./engines').Arrivals[]>} */
  arrivals() {
    return this.ask('arrivals');
  }
}

/** @param {{ url: string, token: string, count: number }} options */
async function runEngines({ url, token, count }) {
  const { Engine } = require('../../js');
  const started = [];
  for (let number = 0; number < count; number++) {
    const noted = newReader();
    const engine = new Engine({
      wantsNames: () => false,
      onChange: () => noted(JSON.parse(engine.read('SEQUENCE') ?? '0')),
      onState() {},
    });
    engines.push(engine);
    const settings = { kind: 'service', url, token, autosync: 60, live: true };
    started.push(engine.start(settings));
  }
  await Promise.all(started);
  while (!engines.every((engine) => engine.status().live)) await setTimeout(10);
}

/** Nothing else holds them. @type {import('../../js').Engine[]} */
const engines = [];

/** @param {{ url: string, token: string, count: number }} options */
async function runPollers({ url, token, count }) {
  const { PlainSubject } = require('./subjects');
  const first = Array.from({ length: count }, async (_, index) => {
    const noted = newReader();
    const subject = new PlainSubject(url, token);
    const poll = async () => {
      await subject.sync();
      noted(subject.value('SEQUENCE'));
    };
    // Spread evenly over the time from one poll to the next.
    await setTimeout((POLLING * index) / count);
    await poll();
    setInterval(poll, POLLING);
  });
  await Promise.all(first);
}

/** @param {{ file: string }} options */
async function runFile({ file }) {
  const noted = newReader();
  const look = () => {
    if (fs.existsSync(file)) noted(fs.readFileSync(file, 'utf8'));
  };
  // The file is replaced as a whole, so its directory is watched.
  fs.watch(path.dirname(file), look);
  while (!fs.existsSync(file)) await setTimeout(10);
  look();
}

/** @type {import('./engines').Arrivals[]} */
const arrivals = [];

/** A function that notes what is readable as of now. */
function newReader() {
  /** @type {import('./engines').Arrivals} */
  const own = [];
  arrivals.push(own);
  return (/** @type {unknown} */ sequence) => {
    const last = own.at(-1)?.[0] ?? 0;
    if (Number(sequence) > last) own.push([Number(sequence), Number(process.hrtime.bigint())]);
  };
}

async function main() {
  const [kind, options] = process.argv.slice(2);
  const run = { engines: runEngines, pollers: runPollers, file: runFile }[kind];
  const running = run?.(JSON.parse(options));
  for await (const command of readline.createInterface({ input: process.stdin })) {
    if (command === 'ready') await running;
    console.log(JSON.stringify(command === 'arrivals' ? arrivals : null));
  }
  process.exit();
}

if (require.main === module) main();

module.exports = { Readers };
