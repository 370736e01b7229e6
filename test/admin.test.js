'use strict';

/* What the editor asks this package for, of a Node-RED without users. */

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const {
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  tab,
  TAB,
} = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { failureOf } = require('./lib/until');

onBothVersions('The admin API', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const source = new ScriptedSource();
  const big = '{"number":12345678901234567890.0100,"list":[1,2]}';
  const flows = [
    tab,
    secretSource(source, { name: 'Plant' }),
    secretManager({ name: 'Ours' }),
    secretManager({ id: 'second', name: 'Spare' }),
    { ...functionNode('return msg;'), id: 'bystander', z: TAB, wires: [[]] },
  ];

  const ask = (/** @type {string} */ route) => red.request('GET', `/secret-manager/${route}`);
  const status = async () => (await ask('status')).active;
  const sync = () => red.request('POST', '/secret-manager/manager/sync');

  before(async () => {
    await source.start();
    source.publish({ KEY: 'one', OBJECT: { a: [1] }, 'a.b-c': 'two' });
    Object.assign(flows[1], secretSource(source, { name: 'Plant' }));
    red = await NodeRed.start(version, {
      settings: { logging: { console: { level: 'info', audit: true } } },
    });
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
  });

  after(async () => {
    await red?.stop();
    await source.stop();
  });

  test('the status says who syncs what from where, and how that goes', async () => {
    const { permissions, active } = await ask('status');
    assert.deepEqual(permissions, { reveal: true, write: true });
    assert.equal(active.length, 1);
    const { checkedAt, syncedAt, nextAt, issuedAt, updatedAt, ...rest } = active[0];
    for (const time of [checkedAt, syncedAt, nextAt, issuedAt, updatedAt]) {
      assert.ok(Math.abs(Date.parse(time) - Date.now()) < 2 * 3600_000, time);
    }
    assert.deepEqual(rest, {
      contextKey: 'SECRETS',
      node: { id: 'manager', name: 'Ours' },
      standby: [{ id: 'second', name: 'Spare' }],
      settings: { autosync: 3600, syncOnSave: true, live: true },
      source: {
        id: 'source',
        name: 'Plant',
        kind: 'service',
        address: `service ${source.url}`,
      },
      situation: {
        key: 'synced',
        values: {},
        text: '🆗 Synced',
        fill: 'green',
        shape: 'dot',
      },
      held: true,
      space: source.space,
      version: source.version,
      createdAt: '2026-01-01T00:00:00.000Z',
      state: 'synced',
      live: false,
      cached: false,
      error: null,
      warnings: [],
      unresolved: [],
      references: [],
    });
  });

  test('the list has keys and facts, and no value', async () => {
    const { contextKey, version, secrets } = await ask('secrets?contextKey=SECRETS');
    assert.deepEqual([contextKey, version], ['SECRETS', source.version]);
    assert.deepEqual(
      secrets.map((/** @type {any} */ { key, type, version: own }) => ({
        key,
        type,
        version: own,
      })),
      [
        { key: 'KEY', type: 'text', version: 1 },
        { key: 'OBJECT', type: 'json', version: 1 },
        { key: 'a.b-c', type: 'text', version: 1 },
      ],
    );
    assert.deepEqual(await ask('secrets'), { contextKey, version, secrets });
  });

  test('one value is revealed, and the audit log says which', async () => {
    assert.deepEqual(await ask('secrets/KEY'), { key: 'KEY', type: 'text', value: 'one' });
    assert.deepEqual((await ask('secrets/OBJECT')).value, { a: [1] });
    assert.deepEqual((await ask('secrets/a.b-c?contextKey=SECRETS')).value, 'two');
    await red.until(() => red.log.includes('secret-manager.reveal'));
    const line = red.log.split('\n').find((text) => text.includes('secret-manager.reveal')) ?? '';
    assert.match(line, /"contextKey":"SECRETS","key":"KEY"/);
    assert.ok(!line.includes('one'), line);
  });

  test('a JSON value keeps every digit', async () => {
    const { space, updatedAt: time, version: before } = source;
    const updatedAt = time.toISOString();
    const facts = { space, version: before + 1, createdAt: updatedAt, updatedAt };
    const secret = `{"type":"json","value":${big},"version":7,"updatedAt":"${updatedAt}"}`;
    source.fault = (_request, response) => {
      response.setHeader('Content-Type', 'application/json');
      const rest = JSON.stringify({ ...facts, issuedAt: updatedAt }).slice(1);
      response.end(`{"secrets":{"OBJECT":${secret}},${rest}`);
    };
    await sync();
    const response = await fetch(`${red.url}/secret-manager/secrets/OBJECT`);
    assert.equal(await response.text(), `{"key":"OBJECT","type":"json","value":${big}}`);
    assert.equal(response.headers.get('Cache-Control'), 'no-store');
    source.fault = null;
    source.publish(source.secrets);
    source.publish(source.secrets);
    await sync();
  });

  test('what there is not is not found', async () => {
    for (const route of [
      'secrets/NONE',
      'secrets/__proto__',
      'secrets?contextKey=NONE',
      'secrets/KEY?contextKey=NONE',
      'secrets/KEY?contextKey=SECRETS&contextKey=SECRETS',
      'secrets?contextKey=__proto__',
    ]) {
      const { status: code, text } = await failureOf(ask(route));
      assert.deepEqual([code, JSON.parse(text).code], [404, 'not_found'], route);
    }
    for (const id of ['bystander', 'none']) {
      const route = `/secret-manager/${id}/sync`;
      const { status: code, text } = await failureOf(red.request('POST', route));
      assert.deepEqual([code, JSON.parse(text).code], [404, 'not_found'], id);
    }
  });

  test('a failure of the source is told as such, to who asks and in the status', async () => {
    source.fault = faults.status(500);
    const { status: code, text } = await failureOf(sync());
    assert.deepEqual([code, JSON.parse(text).code], [502, 'unavailable']);
    const [{ state, error, situation, warnings, nextAt, version: kept }] = await status();
    assert.deepEqual([state, error.code, kept], ['stale', 'unavailable', source.version]);
    assert.deepEqual(warnings, [error.message]);
    assert.equal(situation.key, 'stale');
    assert.equal(situation.values.message, error.message);
    assert.ok(situation.text.includes(error.message) && Date.parse(nextAt) > Date.now());
    source.fault = null;
    await sync();
    assert.deepEqual((await status())[0].error, null);
  });

  test('what has to be set up first is told as such', async () => {
    const broken = flows.map((node) => (node.id === 'source' ? { ...node, url: '' } : node));
    await red.deploy(broken);
    const [{ state, source: told, situation, error }] = await status();
    assert.deepEqual([state, situation.key, told.kind], ['idle', 'setup.url', 'service']);
    assert.deepEqual(error, { code: 'misconfigured', message: situation.text });
    const { status: code, text } = await failureOf(sync());
    assert.deepEqual([code, JSON.parse(text).code], [409, 'misconfigured']);
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
  });

  test('editors are told that there is something new, and nothing of it', async () => {
    red.changed.length = 0;
    source.publish({ ...source.secrets, FRESH: 'canary' });
    await sync();
    await red.until(() => red.changed.length > 0);
    assert.deepEqual(red.changed[0], { contextKey: 'SECRETS' });
    assert.ok((await ask('secrets')).secrets.some((/** @type {any} */ { key }) => key === 'FRESH'));
    const begun = Date.now();
    red.changed.length = 0;
    for (let i = 0; i < 50; i += 1) await sync();
    const most = 2 + (Date.now() - begun) / 300;
    assert.ok(red.changed.length <= most, `${red.changed.length} of ${most}`);
    // The last of all is told as well, after a pause if need be.
    red.changed.length = 0;
    await red.deploy([tab]);
    await red.until(async () => red.changed.length > 0 && (await status()).length === 0);
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
  });

  test('a Node-RED without an admin API works, and serves none of this', async () => {
    const closed = await NodeRed.start(version, {
      settings: { httpAdminRoot: false },
      flows: [
        tab,
        { ...secretSource(source), credentials: undefined },
        secretManager(),
        ...endpoint('value', expressionNode(`global.get('SECRETS').KEY`)),
      ],
      credentials: { source: { token: source.token } },
    });
    await closed.started();
    await closed.until(async () => (await closed.ask('/value')).value === 'one');
    assert.equal((await failureOf(closed.ask('/secret-manager/status'))).status, 404);
    await closed.stop();
  });

  test('pages of other sites can neither reveal nor change anything', async () => {
    const try_ = async (/** @type {Record<string, string>} */ headers) => {
      const revealed = await fetch(`${red.url}/secret-manager/secrets/KEY`, { headers });
      const synced = await fetch(`${red.url}/secret-manager/manager/sync`, {
        method: 'POST',
        headers,
      });
      return [revealed.status, synced.status];
    };
    const host = red.url.slice('http://'.length);
    const foreign = { Origin: 'https://elsewhere.example' };
    for (const headers of /** @type {Array<Record<string, string>>} */ ([
      {},
      { 'Sec-Fetch-Site': 'same-origin' },
      { 'Sec-Fetch-Site': 'none' },
      { Origin: red.url },
      { Origin: `https://${host.toUpperCase()}` },
      { Origin: 'http://public.example', 'X-Forwarded-Host': 'public.example' },
      { ...foreign, 'X-Requested-With': 'XMLHttpRequest' },
      { ...foreign, Authorization: 'Bearer x' },
    ])) {
      assert.deepEqual(await try_(headers), [200, 204], JSON.stringify(headers));
    }
    for (const headers of /** @type {Array<Record<string, string>>} */ ([
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: red.url },
      foreign,
      { Origin: 'null' },
      { Origin: 'http://127.0.0.1' },
    ])) {
      assert.deepEqual(await try_(headers), [403, 403], JSON.stringify(headers));
    }
  });
});
