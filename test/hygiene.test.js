'use strict';

/* What the engine leaves behind in a process: no thread, no memory, no old value, and no way for the
 * process not to end. */

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Engine, Vault } = require('../js');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { temporaryDirectory, temporaryProcess } = require('./lib/temporary');
const { until } = require('./lib/until');

const source = new ScriptedSource();
source.live = true;
const silent = { wantsNames: () => true, onChange() {}, onState() {} };
const required = JSON.stringify(require.resolve('../js'));

before(async () => {
  await source.start();
  source.publish({ KEY: 'one' });
});

after(() => source.stop());

const settings = () => ({
  kind: 'service',
  url: source.url,
  token: source.token,
  autosync: 3600,
  live: true,
});

const onLinux = { skip: process.platform !== 'linux' && 'needs /proc' };

test('10,000 engines come and go, and leave neither threads nor memory', onLinux, async () => {
  const threads = () => fs.readdirSync('/proc/self/task').length;
  const cycle = async () => {
    const engine = new Engine(silent);
    const first = engine.start(settings()).catch(() => {});
    engine.stop();
    engine.dispose();
    await first;
    // Node.js lets go of native objects between two turns only.
    await new Promise(setImmediate);
  };
  for (let i = 0; i < 500; i += 1) await cycle();
  const [rss, count] = [process.memoryUsage().rss, threads()];
  for (let i = 0; i < 10_000; i += 1) await cycle();
  const grown = (process.memoryUsage().rss - rss) / 2 ** 20;
  assert.ok(grown < 25, `${grown.toFixed(1)} MB`);
  assert.ok(threads() <= count + 4, `${count} threads became ${threads()}`);
});

test('thousands of syncs, faults, changes and watches leave no memory', onLinux, async () => {
  const restless = await new ScriptedSource().start();
  restless.live = true;
  const broken = [faults.status(500), faults.html(), faults.truncated(), faults.status(429)];
  const answer = restless.answer.bind(restless);
  let asked = 0;
  restless.answer = (request, response) => {
    asked += 1;
    if (asked % 3 === 0) restless.publish({ [`K${asked % 7}`]: `${asked}`, LIST: [asked] });
    if (asked % 50 === 0) restless.cutWatches();
    restless.fault = asked % 5 === 0 ? broken[(asked / 5) % broken.length] : null;
    answer(request, response);
    [restless.requests.length, restless.watches.length] = [0, 0];
  };
  const code = `
    const { Engine } = require(${required});
    let engine;
    const onChange = () => engine.names().forEach((name) => JSON.parse(engine.read(name)));
    const listener = { wantsNames: () => true, onChange, onState: () => engine.status() };
    const half = async () => {
      for (let round = 0; round < 20; round += 1) {
        engine = new Engine(listener);
        const outcomes = [engine.start(${JSON.stringify({ ...settings(), url: restless.url })})];
        for (let n = 0; n < 75; n += 1) {
          outcomes.push(engine.syncNow());
          await Promise.allSettled(outcomes.splice(0));
        }
        engine.stop();
        engine.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (let n = 0; n < 4; n += 1) gc();
      return process.memoryUsage();
    };
    const alive = setInterval(() => {}, 1000);
    (async () => {
      await half();
      const [before, after] = [await half(), await half()];
      process.send({ heap: after.heapUsed - before.heapUsed, rss: after.rss - before.rss });
      clearInterval(alive);
    })();
  `;
  const child = temporaryProcess(
    spawn(process.execPath, ['--expose-gc', '-e', code], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  );
  const [grown] = await once(child, 'message');
  await restless.stop();
  // 1,500 syncs: a hundred bytes kept of each would be more.
  assert.ok(grown.heap < 100_000, `${grown.heap} bytes of JavaScript`);
  assert.ok(grown.rss < 8 * 2 ** 20, `${grown.rss} bytes of memory`);
  assert.ok(asked > 3000, `${asked}`);
});

test('a process may exit in the middle of syncs and watches', () => {
  const code = `
    const { Engine } = require(${required});
    const listener = { wantsNames: () => true, onChange() {}, onState() {} };
    globalThis.engines = Array.from({ length: 20 }, () => new Engine(listener));
    for (const engine of engines) engine.start(${JSON.stringify(settings())}).catch(() => {});
    setTimeout(() => process.exit(7), Number(process.argv[1]));
    const again = () => { for (const engine of engines) engine.syncNow().catch(() => {}); setImmediate(again); };
    again();
  `;
  exitsEarlierAndLater(code, { rounds: 10, timeout: 10_000 });
});

test('worker threads may end while they watch', async () => {
  const code = `
    const { Engine } = require(${required});
    const { parentPort, workerData } = require('node:worker_threads');
    const engine = new Engine({ wantsNames: () => true, onChange() {}, onState() {} });
    setInterval(() => {}, 1000);
    engine.start(workerData).then(() => parentPort.postMessage('synced'));
  `;
  for (let round = 0; round < 5; round += 1) {
    const workers = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: settings() }));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await until(() => source.watchers >= 3);
    // News for them are on their way while they end.
    for (let n = 0; n < 20; n += 1) source.publish({ KEY: `${round}-${n}` });
    await Promise.all(workers.map((worker) => worker.terminate()));
    source.publish({ KEY: 'after' });
  }
});

test('vaults come and go, and leave neither threads, files nor memory', onLinux, async () => {
  const directory = path.join(temporaryDirectory('vault-'), 'vault');
  const threads = () => fs.readdirSync('/proc/self/task').length;
  const files = () =>
    fs.readdirSync('/proc/self/fd').filter((descriptor) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(directory);
      } catch {
        return false;
      }
    }).length;
  const cycle = async () => {
    const engine = new Engine(silent);
    const settings = { kind: 'builtin', vault: { directory }, autosync: 3600, live: true };
    const [vault] = await Promise.all([Vault.open({ directory }), engine.start(settings)]);
    await vault.put('KEY', { type: 'text', value: 'one' });
    engine.dispose();
    vault.close();
  };
  for (let i = 0; i < 20; i += 1) await cycle();
  const [rss, count] = [process.memoryUsage().rss, threads()];
  for (let i = 0; i < 200; i += 1) await cycle();
  const grown = (process.memoryUsage().rss - rss) / 2 ** 20;
  assert.ok(grown < 25, `${grown.toFixed(1)} MB`);
  // Closing is left to the engines' thread.
  await until(
    () => files() === 0,
    () => `${files()} files are open`,
  );
  await until(
    () => threads() <= count + 4,
    () => `${count} threads became ${threads()}`,
  );
});

test('a process may exit while a vault is being written', () => {
  const directory = path.join(temporaryDirectory('vault-'), 'vault');
  const code = `
    const { Engine, Vault } = require(${required});
    const place = ${JSON.stringify({ directory })};
    globalThis.engine = new Engine({ wantsNames: () => true, onChange() {}, onState() {} });
    engine.start({ kind: 'builtin', vault: place, autosync: 60, live: true }).catch(() => {});
    Vault.open(place).then((vault) => {
      globalThis.vault = vault;
      for (let n = 0; ; n += 1) {
        vault.put('KEY' + n, { type: 'text', value: 'one' }).catch(() => {});
        if (n === 50) break;
      }
      setTimeout(() => process.exit(7), Number(process.argv[1]));
    });
    setInterval(() => {}, 1000);
  `;
  exitsEarlierAndLater(code, { rounds: 8, timeout: 20_000 });
});

test('worker threads may end while they use a vault', async () => {
  const directory = path.join(temporaryDirectory('vault-'), 'vault');
  const code = `
    const { Engine, Vault } = require(${required});
    const { parentPort, workerData: place } = require('node:worker_threads');
    const engine = new Engine({ wantsNames: () => true, onChange() {}, onState() {} });
    setInterval(() => {}, 1000);
    const settings = { kind: 'builtin', vault: place, autosync: 60, live: true };
    Promise.all([Vault.open(place), engine.start(settings)]).then(([vault]) => {
      for (let n = 0; n < 50; n += 1) vault.put('KEY', { type: 'text', value: String(n) });
      parentPort.postMessage('writing');
    });
  `;
  const vault = await Vault.open({ directory });
  for (let round = 0; round < 5; round += 1) {
    const workers = [1, 2, 3].map(
      () => new Worker(code, { eval: true, workerData: { directory } }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  assert.equal((await vault.reveal('KEY')).type, 'text');
  vault.close();
});

const gcore = spawnSync('gcore', { stdio: 'ignore' }).error ? 'needs gcore (gdb)' : false;

test('no memory holds a value that was replaced', { skip: gcore }, async () => {
  const values = (/** @type {string} */ tag) =>
    Array.from({ length: 20 }, (_, n) => `canary-${tag}-${n}-${Math.random()}`.padEnd(60, 'x'));
  const publish = (/** @type {string[]} */ list) =>
    source.publish(Object.fromEntries(list.map((value, n) => [`K${n}`, value])));
  const [first, second] = [values('first'), values('second')];
  publish(first);

  const directory = temporaryDirectory('core-');
  const cache = { directory: path.join(directory, 'cache'), contextKey: 'SECRETS' };
  const code = `
    const { Engine } = require(${required});
    const engine = new Engine({ wantsNames: () => true, onChange() {}, onState() {} });
    process.on('message', () => process.send(engine.status().version));
    engine.start(${JSON.stringify({ ...settings(), cache })}).then(() => process.send('synced'));
  `;
  const child = temporaryProcess(
    spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  );
  const version = async () => {
    child.send('version');
    const [answer] = await once(child, 'message');
    return answer;
  };
  const heldOf = (/** @type {string[]} */ list) => {
    const file = path.join(directory, 'core');
    execFileSync('gcore', ['-o', file, String(child.pid)], { stdio: 'ignore' });
    const core = fs.readFileSync(`${file}.${child.pid}`);
    fs.rmSync(`${file}.${child.pid}`);
    return list.filter((value) => core.includes(value)).length;
  };
  await once(child, 'message');
  // Otherwise the next line would prove nothing.
  assert.equal(heldOf(first), first.length);

  publish(second);
  await until(async () => (await version()) === source.version);
  // The cache is written a moment later, from a copy.
  await until(() => heldOf(first) === 0, undefined, 20_000);
  assert.equal(heldOf(second), second.length);
  child.kill();
});

/**
 * Runs code that ends its process, with status 7, as many ms later as its argument says: nothing is in
 * the way of that at any time.
 * @param {string} code
 * @param {{ rounds: number, timeout: number }} options
 */
function exitsEarlierAndLater(code, { rounds, timeout }) {
  for (let round = 0; round < rounds; round += 1) {
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ['-e', code, String(round * 5)],
      { timeout, encoding: 'utf8' },
    );
    assert.deepEqual([status, signal, stderr], [7, null, '']);
  }
}
