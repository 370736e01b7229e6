'use strict';

/* The engine as JavaScript sees it, without Node-RED. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Engine } = require('../js');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { failureOf, until } = require('./lib/until');

const source = new ScriptedSource();
const silent = { wantsNames: () => true, onChange() {}, onState() {} };

before(async () => {
  await source.start();
  source.publish({ KEY: 'one', JSON: { a: [1] } });
});

after(() => source.stop());

const settings = () => ({ kind: 'service', url: source.url, token: source.token, autosync: 3600 });

test('values cross as JSON text, on demand', async () => {
  const engine = new Engine(silent);
  await engine.start(settings());
  assert.deepEqual(engine.names().sort(), ['JSON', 'KEY']);
  assert.deepEqual([engine.read('KEY'), engine.read('JSON')], ['"one"', '{"a":[1]}']);
  assert.deepEqual(
    [engine.read('NONE'), engine.has('NONE'), engine.has('KEY')],
    [null, false, true],
  );
  assert.equal(engine.status().state, 'synced');
  engine.dispose();
  assert.deepEqual([engine.names(), engine.read('KEY')], [[], null]);
});

test('listeners hear changes and states; an unchanged sync is not news', async () => {
  /** @type {unknown[]} */
  const heard = [];
  const engine = new Engine({
    wantsNames: () => true,
    onChange: (change) => heard.push(change),
    onState: () => heard.push(engine.status().state),
  });
  await engine.start(settings());
  assert.deepEqual(
    heard.filter((item) => typeof item === 'object'),
    [{ version: source.version, added: ['JSON', 'KEY'], changed: [], removed: [] }],
  );
  assert.equal(heard.filter((item) => typeof item === 'string').at(-1), 'synced');
  heard.length = 0;
  await engine.syncNow();
  assert.deepEqual(heard, []);
  engine.dispose();
});

test('a listener that throws ends neither the process nor the news', async () => {
  /** @type {string[]} */
  const warnings = [];
  const onWarning = (/** @type {Error} */ warning) => warnings.push(warning.message);
  process.on('warning', onWarning);
  const broken = () => {
    throw new Error('broken listener');
  };
  const engine = new Engine({ wantsNames: broken, onChange: broken, onState: broken });
  await engine.start(settings());
  await until(() => warnings.includes('broken listener'));
  await engine.syncNow();
  engine.dispose();
  process.off('warning', onWarning);
});

test('bad settings throw at once, with a code', () => {
  const engine = new Engine(silent);
  for (const change of [
    { kind: 'magic' },
    { url: 'nonsense' },
    { url: 'http://192.0.2.1' },
    { autosync: 0 },
    { key: 'x', cert: 'y' },
  ]) {
    assert.throws(() => engine.start({ ...settings(), ...change }), { code: 'misconfigured' });
  }
  engine.dispose();
});

test('no error and no status repeats the token', async () => {
  const engine = new Engine(silent);
  const token = 'canary-token-4711';
  const error = await failureOf(engine.start({ ...settings(), token }));
  assert.equal(error.code, 'denied');
  assert.ok(!JSON.stringify([error.message, error.stack, engine.status()]).includes(token));
  engine.dispose();
});

test('a sync that is under way when the engine goes is told to the one who waits', async () => {
  source.fault = faults.silent();
  const engine = new Engine(silent);
  const first = failureOf(engine.start(settings()));
  await until(() => source.requests.at(-1)?.status === undefined);
  engine.dispose();
  assert.equal((await first).code, 'stopped');
  source.fault = null;
});

test('1,000 engines come and go without growth', async () => {
  const cycle = async () => {
    const engine = new Engine(silent);
    const first = engine.start(settings()).catch(() => {});
    engine.stop();
    engine.dispose();
    await first;
  };
  for (let i = 0; i < 200; i += 1) await cycle();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 1000; i += 1) await cycle();
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 25, `${grown.toFixed(1)} MB`);
});

test('thousands of changes and faults leave memory as it was', async () => {
  const live = new ScriptedSource();
  live.live = true;
  live.publish({});
  await live.start();
  const engine = new Engine(silent);
  await engine.start({ ...settings(), url: live.url, token: live.token, live: true });
  let n = 0;
  const round = async () => {
    n += 1;
    const secrets = Array.from({ length: 50 }, (_, i) => [`K${i}`, `${n} `.padEnd(1000, `${i}`)]);
    live.publish(Object.fromEntries(secrets));
    if (n % 10 === 0) {
      live.fault = [faults.status(500), faults.html(), faults.truncated()][(n / 10) % 3];
      await failureOf(engine.syncNow());
      live.fault = null;
      await engine.syncNow();
    }
    if (n % 50 === 0) live.cutWatches();
    live.requests.length = 0;
    await new Promise(setImmediate);
  };
  for (let i = 0; i < 500; i += 1) await round();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 3000; i += 1) await round();
  await engine.syncNow();
  assert.equal(engine.status().version, live.version);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < 25, `${grown.toFixed(1)} MB`);
  engine.dispose();
  await live.stop();
});

test('worker threads have engines of their own, and may end in the middle of a sync', async () => {
  const code = `
    const { Engine } = require(${JSON.stringify(require.resolve('../js'))});
    const { parentPort, workerData } = require('node:worker_threads');
    const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
    setInterval(() => {}, 1000);
    engine.start(workerData).then(() => {
      for (let i = 0; i < 50; i += 1) engine.syncNow().catch(() => {});
      parentPort.postMessage(engine.read('KEY'));
    });
  `;
  for (let round = 0; round < 10; round += 1) {
    const workers = [1, 2].map(() => new Worker(code, { eval: true, workerData: settings() }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(answers, [['"one"'], ['"one"']]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});

test('an engine keeps no process alive', () => {
  const code = `
    const { Engine } = require(${JSON.stringify(require.resolve('../js'))});
    const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
    engine.start({ kind: 'service', url: 'http://127.0.0.1:9', token: 't', autosync: 1 }).catch(() => {});
    globalThis.engine = engine;
  `;
  const { status, signal } = spawnSync(process.execPath, ['-e', code], { timeout: 5000 });
  assert.deepEqual([status, signal], [0, null]);
});
