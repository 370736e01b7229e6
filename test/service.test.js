'use strict';

/* The whole chain: the real service, Node-RED with the real engine, flows that read. */

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { endpoint, expressionNode, secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { Service } = require('./lib/service');

onBothVersions('With the service', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const service = new Service();
  /** @type {any} */
  let token;

  const reading = [
    ...endpoint('all', expressionNode(`({ ...global.get('SECRETS') })`)),
    ...endpoint('facts', expressionNode(`global.get('SECRETS_METADATA')`)),
  ];

  /** @param {string} text */
  const set = (text) =>
    service.command(
      ['secret', 'set', '--space', 'plant', 'KEY', '--type', 'text', '--stdin'],
      text,
    );

  before(async () => {
    service.command(['space', 'create', 'plant']);
    service.import('plant', {
      KEY: 'one',
      DB: { host: 'h', ports: [1, 2] },
      BIG: 12345678901234567890n.toString(),
    });
    token = service.command(['token', 'create', '--space', 'plant', '--name', 'test']);
    await service.start();
    red = await NodeRed.start(version);
    await red.deploy([
      tab,
      secretSource({ url: service.url, token: token.token }),
      ...reading,
      secretManager({ autosync: 1, live: false }),
    ]);
    await red.status('manager', '🆗 Synced');
  });

  after(async () => {
    await red?.stop();
    await service.stop();
  });

  test('secrets arrive', async () => {
    const { value } = await red.ask('/all');
    assert.deepEqual(Object.keys(value).sort(), ['BIG', 'DB', 'KEY']);
    const facts = (await red.ask('/facts')).value;
    assert.deepEqual([facts.space, facts.state, facts.stale], ['plant', 'synced', false]);
    assert.equal(facts.source, `service ${service.url}`);
  });

  test('a change arrives with the next autosync', async () => {
    const { spaceVersion } = set('two');
    await red.until(async () => (await red.ask('/facts')).value.version === spaceVersion);
    assert.equal((await red.ask('/all')).value.KEY, 'two');
  });

  test('a change made on the command line is readable at once', async () => {
    // Autosync is an hour: it brings nothing here.
    await red.deploy([
      tab,
      ...reading,
      secretSource({ url: service.url, token: token.token }),
      secretManager({ autosync: 3600 }),
    ]);
    await red.status('manager', '🆗 Synced');
    const value = async () => (await red.ask('/all')).value.KEY;
    /** @type {number[]} */
    const took = [];
    for (let n = 0; n < 10; n += 1) {
      set(`live-${n}`);
      const begin = performance.now();
      await red.until(async () => (await value()) === `live-${n}`);
      took.push(performance.now() - begin);
    }
    assert.ok(Math.max(...took) < 900, took.map((ms) => ms.toFixed()).join(' '));
    service.import('plant', { DB: { host: 'h\nn', ports: [3] }, MORE: 'm' });
    service.command(['secret', 'delete', '--space', 'plant', 'BIG']);
    await red.until(async () => {
      const { BIG, DB, MORE } = (await red.ask('/all')).value;
      return BIG === undefined && DB.host === 'h\nn' && DB.ports[0] === 3 && MORE === 'm';
    });
    assert.equal(red.statuses.get('manager').text, '🆗 Synced');
  });

  test('a revoked token withdraws the secrets', async () => {
    service.command(['token', 'revoke', token.id]);
    await red.status('manager', /^Access denied/);
    assert.deepEqual((await red.ask('/all')).value, {});
  });
});
