'use strict';

/* Changes that reach flows as they are made, and what is left of that when a watch can't be had. */

const assert = require('node:assert/strict');
const { after, afterEach, before, beforeEach, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { TAB, endpoint, expressionNode, functionNode } = require('./lib/flows');
const { secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource, faults } = require('./lib/scripted-source');

onBothVersions('Live updates', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;

  const reading = [
    ...endpoint('value', expressionNode(`global.get('SECRETS')?.KEY ?? null`)),
    ...endpoint('changes', expressionNode(`flow.get('changes') ?? []`)),
    {
      ...functionNode(`flow.set('changes', [...flow.get('changes') ?? [], msg.payload]);`),
      id: 'listener',
      z: TAB,
      wires: [[]],
    },
  ];
  const value = async () => (await red.ask('/value')).value;

  /** @param {object} [changes] to the node; Autosync is an hour, so it brings nothing here */
  async function deploy(changes) {
    const manager = secretManager({ autosync: 3600, wires: [['listener']], ...changes });
    await red.deploy([tab, ...reading, secretSource(source), manager]);
    await red.status('manager', '🆗 Synced');
  }

  const watched = () => red.until(() => source.watchers === 1);

  /** @param {string} expected */
  const reads = (expected) => red.until(async () => (await value()) === expected);

  before(async () => {
    red = await NodeRed.start(version);
  });

  beforeEach(async () => {
    source = await new ScriptedSource().start();
    source.live = true;
    source.publish({ KEY: 'one', OTHER: 'same', DB: { port: 1 } });
  });

  afterEach(async () => {
    await red.deploy([]);
    await red.until(() => source.watchers === 0);
    await source.stop();
  });

  after(() => red?.stop());

  test('a change is readable at once, and costs no fetch', async () => {
    await deploy();
    await watched();
    const fetches = source.requests.length;
    const begin = performance.now();
    source.publish({ KEY: 'two', DB: { port: 1 }, NEW: 'x' });
    await reads('two');
    const took = performance.now() - begin;
    assert.ok(took < 500, `${took.toFixed()} ms`);
    const change = (await red.ask('/changes')).value.at(-1);
    assert.deepEqual(change, { version: 2, added: ['NEW'], changed: ['KEY'], removed: ['OTHER'] });
    assert.equal(source.requests.length, fetches);
    // Neither does the next sync fetch it all: the change said what it led to.
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal(source.requests.at(-1)?.status, 304);
    assert.equal(red.statuses.get('manager').text, '🆗 Synced');
  });

  test('many changes in a row all arrive, in their order', async () => {
    await deploy();
    await watched();
    for (let n = 0; n < 200; n += 1) source.publish({ KEY: `n${n}` });
    await reads('n199');
    const versions = (await red.ask('/changes')).value.map(
      (/** @type {any} */ change) => change.version,
    );
    assert.deepEqual(
      versions,
      versions.toSorted((/** @type {number} */ a, /** @type {number} */ b) => a - b),
    );
    assert.equal(versions.at(-1), source.version);
  });

  test('a watch that is cut comes back, and with it what was missed', async () => {
    await deploy();
    await watched();
    source.live = false;
    source.cutWatches();
    await red.until(() => source.watchers === 0);
    source.publish({ KEY: 'two' });
    await reads('two');
    source.live = true;
    // It stays Synced all the time: it is the way that broke, and polling went on.
    assert.equal(red.statuses.get('manager').text, '🆗 Synced');
  });

  test('a watch that is cut again and again leaves polling as it is', async () => {
    source.watchFault = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': here\n\n', () => response.destroy());
    };
    await deploy({ autosync: 1 });
    await red.until(() => source.watches.length >= 2);
    source.publish({ KEY: 'two' });
    await reads('two');
    assert.equal(red.statuses.get('manager').text, '🆗 Synced');
    source.watchFault = null;
    await red.until(() => source.watchers === 1);
  });

  for (const [name, say] of /** @type {Array<[string, () => string]>} */ ([
    ['an unknown event', () => 'event: reset\ndata: {}\n\n'],
    ['garbage', () => 'id: 2\nevent: change\ndata: {"KEY": "canary"}\n\n'],
    [
      'a gap',
      () =>
        `id: 99\nevent: change\ndata: ${JSON.stringify({ ...source.delta(0), from: 98, version: 99 })}\n\n`,
    ],
  ])) {
    test(`${name} on the watch is answered with a fetch`, async () => {
      await deploy();
      await watched();
      // It is there, but nobody tells.
      source.secrets = { KEY: 'two' };
      source.version += 1;
      source.say(say());
      await reads('two');
      assert.equal(red.statuses.get('manager').text, '🆗 Synced');
    });
  }

  test('a source that can not be watched is polled', async () => {
    source.live = false;
    await deploy({ autosync: 1 });
    source.publish({ KEY: 'two' });
    await reads('two');
    assert.equal(source.watches.length, 1, 'it is not asked again and again');
  });

  test('without live updates there is no watch', async () => {
    await deploy({ live: false });
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal(source.watches.length, 0);
  });

  test('a token that is revoked withdraws the secrets', async () => {
    await deploy();
    await watched();
    source.token = 'another';
    source.cutWatches();
    await red.status('manager', /^Access denied/);
    assert.equal(await value(), null);
  });

  test('a source that is gone is noticed without a sync', async () => {
    await deploy();
    await watched();
    await source.stop();
    await red.status('manager', /^Stale since .*the connection was refused/);
    assert.equal(await value(), 'one');
    source.publish({ KEY: 'two' });
    await source.start();
    await red.status('manager', '🆗 Synced');
    await reads('two');
    await watched();
  });

  test('a source that says nothing to a watch holds up nothing', async () => {
    const silent = faults.silent();
    source.watchFault = silent;
    await deploy({ autosync: 1 });
    source.publish({ KEY: 'two' });
    await reads('two');
    silent.release();
  });
});
