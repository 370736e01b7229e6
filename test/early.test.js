'use strict';

/* What runs while a Node-RED makes its nodes finds the secrets, on the very first start already. */

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
} = require('./lib/flows');
const { Authority } = require('./lib/certificates');
const { useNodeReds } = require('./lib/node-reds');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { put, vaultDirectory } = require('./lib/vault');

onBothVersions('Before the first node', (version) => {
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;
  const startNodeRed = useNodeReds(version);

  before(async () => {
    source = await new ScriptedSource().start();
    source.publish({ KEY: 'canary-early', DB: { password: 'canary-db' } });
  });

  after(() => source.stop());

  /** @param {import('./lib/node-red').Options} options */
  function start(options) {
    return startNodeRed({
      credentials: { source: { token: source.token } },
      ...options,
      settings: { credentialSecret: false, ...options.settings },
    });
  }

  /** Keeps what its On Start code and its environment's JSONata find. */
  const early = [
    {
      ...functionNode('return msg;', {
        initialize: `flow.set('early', [global.get('SECRETS.KEY') ?? null, env.get('PASSWORD') ?? null,
          global.get('SECRETS_METADATA.state') ?? null]);`,
      }),
      id: 'early',
      z: 'tab',
      wires: [[]],
    },
    ...endpoint('early', expressionNode(`flow.get('early') ?? null`)),
  ];
  const jsonata = {
    name: 'PASSWORD',
    type: 'jsonata',
    value: '$globalContext("SECRETS.DB.password")',
  };
  const aTab = { ...tab, env: [jsonata] };
  const flows = () => [
    aTab,
    { ...secretSource(source), credentials: undefined },
    secretManager(),
    ...early,
  ];

  test('On Start code and JSONata of an environment find the secrets', async () => {
    const earlier = source.requests.length;
    const red = await start({ flows: flows() });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual((await red.ask('/early')).value, ['canary-early', 'canary-db', 'synced']);
    assert.equal(source.requests.length - earlier, 1, 'the node takes over what runs');
    await red.stop();
  });

  test('names in the settings are filled in as for every node', async () => {
    const red = await start({
      flows: [
        { ...aTab, env: [jsonata, { name: 'EVERY', type: 'num', value: '1800' }] },
        {
          id: 'global',
          type: 'global-config',
          env: [{ name: 'URL', type: 'str', value: source.url }],
        },
        { ...secretSource(source, { url: '${URL}', credentials: undefined }) },
        secretManager({ autosync: '${EVERY}', contextKey: '${WHERE}' }),
        ...early,
      ],
      credentials: { source: { token: '${THE_TOKEN}' } },
      env: { THE_TOKEN: source.token, WHERE: 'SECRETS' },
    });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual((await red.ask('/early')).value, ['canary-early', 'canary-db', 'synced']);
    await red.stop();
  });

  test('a source with a certificate of its own is asked as early', async () => {
    const authority = new Authority();
    const secure = await new ScriptedSource(authority.issue('127.0.0.1')).start();
    secure.publish({ KEY: 'canary-tls' });
    const red = await start({
      flows: [
        tab,
        { ...secretSource(secure, { tls: 'tls', credentials: undefined }) },
        { id: 'tls', type: 'tls-config', cert: '', key: '', ca: '', verifyservercert: true },
        secretManager(),
        ...early,
      ],
      credentials: { source: { token: secure.token }, tls: { cadata: authority.certificate } },
    });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual((await red.ask('/early')).value, ['canary-tls', null, 'synced']);
    assert.equal(secure.requests.length, 1);
    await red.stop();
    await secure.stop();
    authority.remove();
  });

  test('nothing is begun for what is disabled', async () => {
    const earlier = source.requests.length;
    const red = await start({
      flows: [
        tab,
        { id: 'off', type: 'tab', disabled: true },
        { ...secretSource(source), credentials: undefined },
        secretManager({ id: 'first', d: true }),
        secretManager({ id: 'second', z: 'off' }),
        ...early,
      ],
    });
    assert.deepEqual((await red.ask('/early')).value, [null, null, null]);
    assert.equal(source.requests.length, earlier);
    await red.stop();
  });

  test('of two nodes with one context key, one fetches', async () => {
    const earlier = source.requests.length;
    const red = await start({ flows: [...flows(), secretManager({ id: 'other' })] });
    await red.status('manager', '🆗 Synced');
    await red.status('other', 'Another instance is active');
    assert.equal(source.requests.length - earlier, 1);
    assert.deepEqual((await red.ask('/early')).value[0], 'canary-early');
    await red.stop();
  });

  test('a node in a subflow serves as early', async () => {
    const red = await start({
      flows: [
        aTab,
        { id: 'sub', type: 'subflow', name: 'Secrets', in: [], out: [], env: [] },
        { id: 'instance', type: 'subflow:sub', z: 'tab', wires: [] },
        { ...secretSource(source), credentials: undefined },
        secretManager({ z: 'sub' }),
        ...early,
      ],
    });
    assert.deepEqual((await red.ask('/early')).value, ['canary-early', 'canary-db', 'synced']);
    await red.until(() => [...red.statuses.values()].some(({ text }) => text === '🆗 Synced'));
    await red.stop();
  });

  test('the built-in vault is read as early', async () => {
    const ours = [aTab, secretManager({ source: '' }), ...early];
    const first = await start({ flows: ours });
    put(vaultDirectory(first), { KEY: 'canary-vault', DB: { password: 'canary-in-vault' } });
    await first.stop();
    const red = await start({ flows: ours, userDir: first.userDir });
    assert.deepEqual((await red.ask('/early')).value, [
      'canary-vault',
      'canary-in-vault',
      'synced',
    ]);
    await red.stop();
  });

  test('with the source down they find the secrets of the last run', async () => {
    const red = await start({ flows: flows() });
    await red.status('manager', '🆗 Synced');
    await red.stop();
    source.fault = faults.status(500);
    const next = await start({ flows: flows(), userDir: red.userDir });
    assert.deepEqual((await next.ask('/early')).value, ['canary-early', 'canary-db', 'stale']);
    await next.status('manager', /^Stale since .*, from the cache: the service failed/);
    source.fault = null;
    await next.stop();
  });

  test('without either, the start goes on after a while and the status says so', async () => {
    const silent = faults.silent();
    source.fault = silent;
    const red = await start({ flows: flows(), settings: { secretManagerStartTimeout: 300 } });
    assert.deepEqual((await red.ask('/early')).value, [null, null, 'syncing']);
    const status = await red.status('manager', 'Flows started without secrets: no answer yet');
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
    source.fault = null;
    silent.release();
    await red.status('manager', '🆗 Synced');
    await red.stop();
  });

  test('nothing waits where only messages read secrets', async () => {
    const silent = faults.silent();
    source.fault = silent;
    const [, from, manager] = flows();
    const red = await start({
      flows: [tab, from, manager],
      settings: { secretManagerStartTimeout: 60_000 },
    });
    await red.status('manager', 'Syncing…');
    source.fault = null;
    silent.release();
    await red.stop();
  });
});
