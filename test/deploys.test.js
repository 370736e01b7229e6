'use strict';

/* What deploys do: how often they fetch, what they keep, who is active. */

const assert = require('node:assert/strict');
const { after, before, beforeEach, test } = require('node:test');
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
const { ScriptedSource } = require('./lib/scripted-source');
const { failureOf } = require('./lib/until');

onBothVersions('Deploying', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const source = new ScriptedSource();
  const otherTab = { id: 'other', type: 'tab', label: 'Other' };
  const bystander = { ...functionNode('return msg;'), id: 'bystander', z: 'other', wires: [[]] };
  const changes = [
    {
      id: 'changes',
      type: 'function',
      z: TAB,
      func: `if (msg.topic === 'secrets/changed') flow.set('change', msg.payload); else flow.set('passed', msg.payload);`,
      wires: [[]],
    },
    ...endpoint('changed', expressionNode(`flow.get('change') ?? null`)),
    ...endpoint('passed', expressionNode(`flow.get('passed') ?? null`)),
    ...endpoint('caught', expressionNode(`flow.get('caught') ?? null`)),
    ...endpoint('sync', {
      ...functionNode(`msg.payload = msg.req.query.tag; return [msg, msg];`),
      outputs: 2,
      wires: [['sync-answer'], ['manager']],
    }),
    { id: 'catch', type: 'catch', z: TAB, scope: ['manager'], wires: [['caught-by']] },
    {
      ...functionNode(`flow.set('caught', msg.error.message);`),
      id: 'caught-by',
      z: TAB,
      wires: [[]],
    },
  ];
  const value = endpoint('value', expressionNode(`global.get('SECRETS')?.KEY ?? null`));
  /** @type {Array<Record<string, any>>} */
  let flows;

  /**
   * The requests that an action causes.
   * @param {() => Promise<unknown>} action
   */
  async function requestsOf(action) {
    const earlier = source.requests.length;
    await action();
    await red.status('manager', '🆗 Synced');
    await red.until(() => source.requests.length > earlier && source.requests.at(-1)?.status);
    // Were there a second request, it would be before this one, which nothing merges with.
    await red.request('POST', '/secret-manager/manager/sync');
    return source.requests.slice(earlier, -1).map(({ status }) => status);
  }

  before(async () => {
    await source.start();
    source.publish({ KEY: 'one', OLD: 'old' });
    flows = [
      tab,
      otherTab,
      bystander,
      ...changes,
      ...value,
      secretSource(source),
      secretManager({ wires: [['changes']] }),
    ];
    red = await NodeRed.start(version, { settings: { runtimeState: { enabled: true } } });
  });

  beforeEach(async () => {
    await red.deploy(flows, 'full');
    // Ends after the deploy's own fetch, which so belongs to no test.
    await red.request('POST', '/secret-manager/manager/sync');
    await red.status('manager', '🆗 Synced');
  });

  after(async () => {
    await red?.stop();
    await source.stop();
  });

  test('a full deploy fetches once, conditionally', async () => {
    assert.deepEqual(await requestsOf(() => red.deploy(flows, 'full')), [304]);
  });

  for (const type of /** @type {const} */ (['nodes', 'flows'])) {
    test(`a deploy of ${type} that changes another flow fetches once`, async () => {
      const changed = flows.map((node) =>
        node.id === 'bystander' ? { ...node, func: `return ${Date.now()};` } : node,
      );
      assert.deepEqual(await requestsOf(() => red.deploy(changed, type)), [304]);
    });

    test(`a deploy of ${type} that changes our node fetches once`, async () => {
      const changed = flows.map((node) =>
        node.id === 'manager' ? { ...node, autosync: 1800 } : node,
      );
      assert.deepEqual(await requestsOf(() => red.deploy(changed, type)), [304]);
    });

    test(`a deploy of ${type} that changes nothing fetches once`, async () => {
      assert.deepEqual(await requestsOf(() => red.deploy(flows, type)), [304]);
    });
  }

  test('without Sync on Save a deploy that leaves our node alone fetches nothing', async () => {
    const quiet = flows.map((node) =>
      node.id === 'manager' ? { ...node, syncOnSave: false } : node,
    );
    await red.deploy(quiet, 'full');
    await red.status('manager', '🆗 Synced');
    await red.request('POST', '/secret-manager/manager/sync');
    const earlier = source.requests.length;
    await red.deploy(
      quiet.map((node) => (node.id === 'bystander' ? { ...node, func: '' } : node)),
      'nodes',
    );
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal(source.requests.length, earlier + 1);
  });

  test('a restart of the flows syncs, too', async () => {
    assert.deepEqual(await requestsOf(() => red.deploy([], 'reload')), [304]);
  });

  test('secrets stay readable throughout a deploy', async () => {
    const { value: first } = await red.ask('/value');
    assert.equal(first, 'one');
    // Function code runs while flows start, before the sync of this deploy has an answer.
    const eager = flows.map((node) =>
      node.id === 'value-0'
        ? {
            ...node,
            initialize: `flow.set('early', global.get('SECRETS').KEY)`,
            func: `msg.payload = { value: flow.get('early') }; return msg;`,
          }
        : node,
    );
    await red.deploy(eager, 'full');
    assert.deepEqual(await red.ask('/value'), { value: 'one' });
  });

  test('a new token takes effect, in a deploy of nodes only', async () => {
    source.token = 'another-token';
    const changed = flows.map((node) =>
      node.id === 'source' ? { ...node, credentials: { token: source.token } } : node,
    );
    const answers = await requestsOf(() => red.deploy(changed, 'nodes'));
    assert.equal(answers.length, 1);
    assert.equal(source.requests.at(-1)?.headers.authorization, 'Bearer another-token');
    source.token = 'scripted-token';
  });

  test('an input message syncs and is passed on', async () => {
    source.publish({ KEY: 'two', NEW: 'new' });
    await red.ask('/sync?tag=first');
    await red.until(async () => (await red.ask('/passed')).value === 'first');
    assert.equal((await red.ask('/value')).value, 'two');
    const { value: change } = await red.ask('/changed');
    assert.deepEqual(change, {
      version: source.version,
      added: ['NEW'],
      changed: ['KEY'],
      removed: ['OLD'],
    });
    source.publish({ KEY: 'one', OLD: 'old' });
  });

  test('a failed sync gives the error to a Catch node, and the message is not passed on', async () => {
    source.fault = (_request, response) => response.writeHead(500).end();
    await red.ask('/sync?tag=second');
    await red.until(async () => (await red.ask('/caught')).value);
    assert.notEqual((await red.ask('/passed')).value, 'second');
    source.fault = null;
  });

  test('the button syncs, and says why it could not', async () => {
    source.publish({ KEY: 'three' });
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal((await red.ask('/value')).value, 'three');
    source.fault = (_request, response) => response.writeHead(500).end();
    const error = await failureOf(red.request('POST', '/secret-manager/manager/sync'));
    assert.equal(error.status, 502);
    assert.equal(JSON.parse(error.text).code, 'unavailable');
    source.fault = null;
    const gone = await failureOf(red.request('POST', '/secret-manager/bystander/sync'));
    assert.equal(gone.status, 404);
    source.publish({ KEY: 'one', OLD: 'old' });
  });

  test('two nodes with one context key: one syncs, the other takes over when it goes', async () => {
    const second = secretManager({ id: 'second', autosync: 1800 });
    assert.deepEqual(await requestsOf(() => red.deploy([...flows, second], 'full')), [304]);
    await red.status('second', 'Another instance is active');
    const earlier = source.requests.length;
    await red.deploy([...flows.filter(({ id }) => id !== 'manager'), second], 'nodes');
    await red.status('second', '🆗 Synced');
    assert.equal((await red.ask('/value')).value, 'one');
    assert.ok(source.requests.length > earlier);
    // The first one comes back to find its place taken.
    await red.deploy([...flows, second], 'nodes');
    await red.status('manager', 'Another instance is active');
  });

  test('a message that cannot be cloned is an error of the node, and nothing more', async () => {
    const peculiar = `class Peculiar extends Array {}
      msg.payload = Object.setPrototypeOf([], Peculiar.prototype);
      node.send([null, msg], false);
      return [RED.util.cloneMessage({ ...msg, payload: 'sent' }), null];`;
    const send = endpoint('send', {
      ...functionNode(peculiar),
      outputs: 2,
      wires: [['send-answer'], ['manager']],
    });
    const two = secretManager({ wires: [['changes', 'bystander']] });
    // A Catch node would have it cloned once more, by Node-RED itself.
    const others = flows.filter(({ id }) => id !== 'manager' && id !== 'catch');
    await red.deploy([...others, ...send, two]);
    await red.status('manager', '🆗 Synced');
    await red.ask('/send');
    await red.until(() => /\[secret-manager:manager\] TypeError: .*Peculiar/.test(red.log));
    assert.ok(red.running);
  });

  test('a node that takes the place of another one keeps its secrets, also without the source', async () => {
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
    await source.stop();
    const successor = secretManager({ id: 'successor', contextKey: undefined });
    await red.deploy([...flows.filter(({ id }) => id !== 'manager'), successor]);
    await red.status('successor', /^Stale since /);
    assert.equal((await red.ask('/value')).value, source.secrets.KEY);
    await source.start();
  });

  test('a node that was stopped shows no status', async () => {
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
    await red.request('POST', '/flows/state', { state: 'stop' });
    await red.status('manager', '');
    await red.request('POST', '/flows/state', { state: 'start' });
    await red.status('manager', '🆗 Synced');
  });

  test('two context keys live side by side', async () => {
    const others = { ...secretSource(source), id: 'source2' };
    const second = secretManager({ id: 'second', contextKey: 'MORE', source: 'source2' });
    const both = endpoint(
      'both',
      expressionNode(
        `[global.get('SECRETS').KEY, global.get('MORE').KEY, global.get('MORE_METADATA').state]`,
      ),
    );
    await red.deploy([...flows, others, second, ...both], 'nodes');
    await red.status('second', '🆗 Synced');
    assert.deepEqual((await red.ask('/both')).value, ['one', 'one', 'synced']);
  });

  test('another context key moves the secrets', async () => {
    const keys = endpoint(
      'keys',
      expressionNode(
        `global.keys().filter((key) => /SECRETS|MOVED/.test(key) && global.get(key) !== undefined).sort()`,
      ),
    );
    const moved = [
      ...flows.map((node) => (node.id === 'manager' ? { ...node, contextKey: 'MOVED' } : node)),
      ...keys,
    ];
    await red.deploy(moved, 'nodes');
    await red.status('manager', '🆗 Synced');
    assert.deepEqual((await red.ask('/keys')).value, ['MOVED', 'MOVED_METADATA']);
  });

  for (const [how, change] of /** @type {const} */ ([
    ['removing', (/** @type {any[]} */ all) => all.filter(({ id }) => id !== 'manager')],
    [
      'disabling',
      (/** @type {any[]} */ all) =>
        all.map((node) => (node.id === 'manager' ? { ...node, d: true } : node)),
    ],
  ])) {
    test(`${how} the last node withdraws the secrets`, async () => {
      await red.deploy(change(flows), 'nodes');
      assert.equal((await red.ask('/value')).value, null);
      assert.deepEqual(Object.keys((await red.request('GET', '/context/global')).memory), []);
    });
  }
});
