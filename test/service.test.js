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
      secretManager({ autosync: 1 }),
      ...endpoint('all', expressionNode(`({ ...global.get('SECRETS') })`)),
      ...endpoint('facts', expressionNode(`global.get('SECRETS_METADATA')`)),
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
    const { spaceVersion } = service.command(
      ['secret', 'set', '--space', 'plant', 'KEY', '--type', 'text', '--stdin'],
      'two',
    );
    await red.until(async () => (await red.ask('/facts')).value.version === spaceVersion);
    assert.equal((await red.ask('/all')).value.KEY, 'two');
  });

  test('a revoked token withdraws the secrets', async () => {
    service.command(['token', 'revoke', token.id]);
    await red.status('manager', /^Access denied/);
    assert.deepEqual((await red.ask('/all')).value, {});
  });
});
