'use strict';

/* What people see, and what flows keep, when a source fails or is not set up. */

const assert = require('node:assert/strict');
const { after, afterEach, before, beforeEach, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { endpoint, expressionNode, secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { failureOf } = require('./lib/until');

onBothVersions('Failing', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;

  const reading = [
    ...endpoint('value', expressionNode(`global.get('SECRETS')?.KEY ?? null`)),
    ...endpoint('facts', expressionNode(`global.get('SECRETS_METADATA')`)),
  ];
  const value = async () => (await red.ask('/value')).value;
  const facts = async () => (await red.ask('/facts')).value;
  const syncFails = () => failureOf(red.request('POST', '/secret-manager/manager/sync'));

  /**
   * @param {object} [changes] to the source node
   * @param {object} [managerChanges]
   */
  const deploy = (changes, managerChanges) =>
    red.deploy([tab, ...reading, secretSource(source, changes), secretManager(managerChanges)]);

  before(async () => {
    red = await NodeRed.start(version);
  });

  beforeEach(async () => {
    source = await new ScriptedSource().start();
    source.publish({ KEY: 'one' });
  });

  afterEach(async () => {
    // Without a node of ours the engine forgets everything: each test starts from nothing.
    await red.deploy([]);
    await source.stop();
  });

  after(() => red?.stop());

  test('a source that is down at the start is found when it is up', async () => {
    await source.stop();
    await deploy();
    const status = await red.status(
      'manager',
      /^Not synced: the connection was refused; next try \d\d:\d\d:\d\d$/,
    );
    assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
    assert.deepEqual([await value(), (await facts()).state], [null, 'unreachable']);
    assert.match(red.log, /\[warn\] \[secret-manager:manager\] /);
    await source.start();
    await red.status('manager', '🆗 Synced');
    assert.equal(await value(), 'one');
  });

  test('a source that goes away leaves what was published, and comes back', async () => {
    await deploy();
    const { fill, shape } = await red.status('manager', '🆗 Synced');
    assert.deepEqual([fill, shape], ['green', 'dot']);
    const synced = await facts();
    assert.equal(synced.stale, false);

    await source.stop();
    await syncFails();
    const status = await red.status(
      'manager',
      /^Stale since \d\d:\d\d:\d\d: the connection was refused; next try \d\d:\d\d:\d\d$/,
    );
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
    const { state, stale, version: kept, syncedAt } = await facts();
    assert.deepEqual([state, stale, kept, syncedAt], ['stale', true, 1, synced.syncedAt]);
    assert.equal(await value(), 'one');

    await source.start();
    await red.status('manager', '🆗 Synced');
    assert.equal((await facts()).stale, false);
  });

  for (const [name, fault, code, words] of /** @type {const} */ ([
    ['an internal error', faults.status(500), 'unavailable', 'HTTP 500'],
    ['bad gateway', faults.status(502), 'unavailable', 'HTTP 502'],
    ['too many requests', faults.status(429, { 'Retry-After': '1' }), 'throttled', 'HTTP 429'],
    ['an address without a service', faults.status(404), 'misconfigured', 'HTTP 404'],
    ['one denial', faults.status(403), 'denied', 'HTTP 403'],
    ['a web page', faults.html(), 'invalid', 'web page'],
    ['something else in JSON', faults.json({ hello: 'world' }), 'invalid', 'not a snapshot'],
    ['half an answer', faults.truncated(), 'unavailable', 'ended too early'],
    ['an answer without end', faults.endless(), 'invalid', '32 MiB'],
    [
      'a redirect',
      faults.status(302, { Location: 'http://127.0.0.1:1/' }),
      'misconfigured',
      'another server',
    ],
  ])) {
    test(`${name} leaves what was published`, async () => {
      await deploy();
      await red.status('manager', '🆗 Synced');
      source.fault = fault;
      const error = await syncFails();
      assert.equal(JSON.parse(error.text).code, code, error.text);
      await red.status('manager', new RegExp(`^Stale since .*${words}.*; next try `));
      assert.equal(await value(), 'one');
      source.fault = null;
      source.publish({ KEY: 'two' });
      await red.request('POST', '/secret-manager/manager/sync');
      await red.status('manager', '🆗 Synced');
      assert.equal(await value(), 'two');
    });
  }

  test('being denied once changes nothing, twice withdraws the secrets', async () => {
    await deploy();
    await red.status('manager', '🆗 Synced');
    source.fault = faults.status(401);
    assert.equal(JSON.parse((await syncFails()).text).code, 'denied');
    assert.equal(await value(), 'one');
    await syncFails();
    // At once: it is not the engine's own next try that makes the second denial.
    assert.equal(await value(), null);
    const status = await red.status('manager', /^Access denied/);
    assert.deepEqual([status.fill, status.shape], ['red', 'dot']);
    assert.equal(await value(), null);
    const { state, stale, version: none } = await facts();
    assert.deepEqual([state, stale, none], ['denied', true, null]);
    source.fault = null;
    await red.request('POST', '/secret-manager/manager/sync');
    await red.status('manager', '🆗 Synced');
    assert.equal(await value(), 'one');
  });

  test('names that break objects are left out and told', async () => {
    source.publish(
      JSON.parse('{"KEY": "one", "toJSON": "x", "__proto__": "y", "constructor": "z"}'),
    );
    await deploy();
    const status = await red.status('manager', 'Synced, names left out: 3');
    assert.deepEqual([status.fill, status.shape], ['yellow', 'dot']);
    assert.equal(await value(), 'one');
    const warnings = red.log.match(/\[warn\].*Left out, .*/g) ?? [];
    assert.equal(warnings.length, 1);
    for (const name of ['toJSON', '__proto__', 'constructor']) {
      assert.ok(warnings[0].includes(name));
    }
  });

  for (const [name, changes, managerChanges, text] of /** @type {const} */ ([
    ['a source that is gone', {}, { source: 'nowhere' }, 'The source is missing or disabled'],
    ['an unknown kind', { kind: 'magic' }, {}, 'Unknown kind of source: magic'],
    ['no URL', { url: '' }, {}, 'The source has no URL'],
    ['no token', { credentials: { token: '' } }, {}, 'The source has no access token'],
    ['no TLS configuration', { tls: 'nowhere' }, {}, 'The TLS configuration is missing or broken'],
    [
      'a bad context key',
      {},
      { contextKey: 'a.b' },
      "Context key can't be used: choose another name",
    ],
    ['a reserved context key', {}, { contextKey: 'toString' }, /^Context key can't be used/],
    ['metadata of another key', {}, { contextKey: 'X_METADATA' }, /^Context key can't be used/],
    [
      'a token that is no text',
      { credentials: { token: 4711 } },
      {},
      'The source has no access token',
    ],
    ['plain HTTP to another host', { url: 'http://192.0.2.1:8200' }, {}, /^Check the source: ./],
    ['not a URL', { url: 'nonsense' }, {}, /^Check the source: ./],
  ])) {
    test(`${name}: the status says what to do`, async () => {
      await deploy(changes, managerChanges);
      const status = await red.status('manager', text);
      assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      const error = await syncFails();
      assert.equal(error.status, 409);
      assert.equal(source.requests.length, 0);
    });
  }

  test('plain HTTP to another host, when allowed, is tried', async () => {
    await deploy({ url: 'http://host.invalid:8200', allowHttp: true });
    await red.status('manager', /^Not synced: /);
  });

  test('settings that broke keep what was published', async () => {
    await deploy();
    await red.status('manager', '🆗 Synced');
    await deploy({ kind: 'magic' });
    await red.status('manager', 'Unknown kind of source: magic');
    assert.equal(await value(), 'one');
  });
});
