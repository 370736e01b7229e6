'use strict';

/* What happens around the start of a Node-RED process, and what it leaves on disk. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const {
  TAB,
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  tab,
} = require('./lib/flows');
const { root } = require('./lib/node-red');
const { useNodeReds } = require('./lib/node-reds');
const { ScriptedSource, faults } = require('./lib/scripted-source');
const { failureOf } = require('./lib/until');

const fileStore = {
  contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 0 } } },
};

onBothVersions('Starting', (version) => {
  /** @type {InstanceType<typeof ScriptedSource>} */
  let source;
  /** @type {Array<Record<string, any>>} */
  let flows;
  const start = useNodeReds(version);

  /** Sends three messages at the start and keeps what each of them finds. */
  const eager = [
    {
      id: 'eager',
      type: 'inject',
      z: TAB,
      once: true,
      onceDelay: 0.001,
      props: [{ p: 'payload', v: '1', vt: 'num' }],
      wires: [['eager-more']],
    },
    {
      ...functionNode(`node.send([[{ payload: 1 }, { payload: 2 }, { payload: 3 }]]);`),
      id: 'eager-more',
      z: TAB,
      wires: [['eager-look']],
    },
    {
      ...functionNode(
        `flow.set('seen', [...flow.get('seen') ?? [], [msg.payload, global.get('SECRETS')?.KEY ?? null]]);`,
      ),
      id: 'eager-look',
      z: TAB,
      wires: [[]],
    },
    ...endpoint('seen', expressionNode(`flow.get('seen') ?? null`)),
    ...endpoint('value', expressionNode(`global.get('SECRETS')?.KEY ?? null`)),
    ...endpoint('facts', expressionNode(`global.get('SECRETS_METADATA') ?? null`)),
  ];

  before(async () => {
    source = await new ScriptedSource().start();
    source.publish({ KEY: 'canary-one' });
    flows = [tab, { ...secretSource(source), credentials: undefined }, secretManager(), ...eager];
  });

  after(() => source.stop());

  /** Flows and credentials that are there before the process starts. @type {() => import('./lib/node-red').Options} */
  const deployed = () => ({
    flows,
    credentials: { source: { token: source.token } },
    settings: { credentialSecret: false },
  });

  test('the first messages wait for the secrets and keep their order', async () => {
    source.fault = (request, response) => {
      source.fault = null;
      setTimeout(() => source.answer(request, response), 300);
    };
    const red = await start(deployed());
    await red.until(async () => (await red.ask('/seen')).value?.length === 3);
    const seen = (await red.ask('/seen')).value;
    assert.deepEqual(
      seen,
      [1, 2, 3].map((number) => [number, 'canary-one']),
    );
    await red.stop();
  });

  test('they wait no longer than for the first outcome', async () => {
    source.fault = faults.status(500);
    const red = await start(deployed());
    await red.until(async () => (await red.ask('/seen')).value?.length === 3);
    assert.deepEqual((await red.ask('/seen')).value[0], [1, null]);
    source.fault = null;
    await red.stop();
  });

  test('they wait no longer than the setting says', async () => {
    const silent = faults.silent();
    source.fault = silent;
    const options = deployed();
    const red = await start({
      ...options,
      settings: { ...options.settings, secretManagerStartTimeout: 200 },
    });
    await red.until(async () => (await red.ask('/seen')).value?.length === 3);
    assert.deepEqual((await red.ask('/seen')).value[0], [1, null]);
    source.fault = null;
    silent.release();
    await red.stop();
  });

  test('a file store holds no value, and metadata only of the last run', async () => {
    const options = {
      ...deployed(),
      settings: { ...fileStore, credentialSecret: false, secretManagerCache: false },
    };
    const red = await start(options);
    await red.status('manager', '🆗 Synced');
    assert.equal((await red.ask('/value')).value, 'canary-one');
    const file = path.join(red.userDir, 'context/global/global.json');
    const onDisk = () => fs.readFileSync(file, 'utf8');
    await red.until(() => fs.existsSync(file) && onDisk().includes('"state": "synced"'));
    assert.ok(!onDisk().includes('canary-one'));
    assert.deepEqual(Object.keys(JSON.parse(onDisk())), ['SECRETS_METADATA']);
    const { version: spaceVersion, syncedAt } = JSON.parse(onDisk()).SECRETS_METADATA;
    await red.stop();
    assert.ok(!onDisk().includes('canary-one'));

    // The next run cannot reach the source: what it knows is history, and says so.
    source.fault = faults.status(500);
    const next = await start({ ...options, flows: undefined, userDir: red.userDir });
    await next.status('manager', /^Not synced: the service failed \(HTTP 500\)/);
    const facts = (await next.ask('/facts')).value;
    assert.deepEqual(
      [facts.stale, facts.state, facts.version, facts.syncedAt],
      [true, 'unreachable', spaceVersion, syncedAt],
    );
    source.fault = null;
    await next.request('POST', '/secret-manager/manager/sync');
    assert.equal((await next.ask('/facts')).value.stale, false);
    await next.stop();
  });

  /** The user directory of a Node-RED that had the secrets. */
  async function earlierRun() {
    const red = await start(deployed());
    await red.status('manager', '🆗 Synced');
    await red.until(() => fs.existsSync(cacheOf(red.userDir)));
    await red.stop();
    return red.userDir;
  }

  /** @param {string} userDir */
  const cacheOf = (userDir) => path.join(userDir, '.secret-manager/SECRETS.cache');

  test('with the source down, the first message finds the secrets of the last run', async () => {
    const userDir = await earlierRun();
    const { version: spaceVersion } = source;
    await source.stop();
    const begun = Date.now();
    // Another token than the one they were fetched with: a renewed token orphans nothing.
    const red = await start({
      ...deployed(),
      userDir,
      credentials: { source: { token: 'renewed-meanwhile' } },
    });
    await red.until(async () => (await red.ask('/seen')).value?.length === 3);
    assert.deepEqual(
      (await red.ask('/seen')).value,
      [1, 2, 3].map((number) => [number, 'canary-one']),
    );
    const status = await red.status(
      'manager',
      /^Stale since \d\d:\d\d:\d\d, from the cache: the connection was refused; next try /,
    );
    assert.deepEqual([status.fill, status.shape], ['yellow', 'ring']);
    const facts = (await red.ask('/facts')).value;
    assert.deepEqual(
      [facts.state, facts.stale, facts.version, facts.space],
      ['stale', true, spaceVersion, 'scripted'],
    );
    // Their age is told, and not when they were read.
    const checked = new Date(facts.checkedAt);
    assert.ok(checked.getTime() < begun, `${facts.checkedAt} is no time of the last run`);
    assert.ok(status.text.startsWith(`Stale since ${checked.toTimeString().slice(0, 8)}, `));
    await source.start();
    await red.stop();
  });

  test('denial empties the cache', async () => {
    const userDir = await earlierRun();
    source.fault = faults.status(403);
    const red = await start({ ...deployed(), flows: undefined, userDir });
    await red.status('manager', /^Stale since .*, from the cache: .*HTTP 403/);
    assert.equal((await red.ask('/value')).value, 'canary-one');
    await red.status('manager', /^Access denied/);
    assert.equal((await red.ask('/value')).value, null);
    await red.until(() => !fs.existsSync(cacheOf(userDir)));
    source.fault = null;
    await red.stop();
  });

  /** @typedef {(whole: Buffer) => Buffer | Promise<Buffer>} Spoil */
  for (const [name, spoil] of /** @type {Array<[string, Spoil]>} */ ([
    ['cut', (whole) => whole.subarray(0, whole.length - 1)],
    [
      'altered',
      (whole) => Buffer.concat([whole.subarray(0, -1), Buffer.of(whole[whole.length - 1] ^ 1)]),
    ],
    ['foreign', () => Buffer.from('{"KEY":"canary-foreign"}')],
    ["another Node-RED's", async () => fs.readFileSync(cacheOf(await earlierRun()))],
  ])) {
    test(`a cache that is ${name} is refused, told and replaced`, async () => {
      const userDir = await earlierRun();
      const spoilt = await spoil(fs.readFileSync(cacheOf(userDir)));
      fs.writeFileSync(cacheOf(userDir), spoilt);
      source.fault = faults.status(500);
      const red = await start({ ...deployed(), flows: undefined, userDir });
      await red.status('manager', /^Not synced: .*HTTP 500/);
      assert.equal((await red.ask('/value')).value, null);
      source.fault = null;
      await red.request('POST', '/secret-manager/manager/sync');
      assert.equal((await red.ask('/value')).value, 'canary-one');
      await red.until(() => !fs.readFileSync(cacheOf(userDir)).equals(spoilt));
      assert.equal(red.log.match(/\[warn\].*last-good cache is not used/g)?.length, 1);
      await red.stop();
    });
  }

  test('a node that is removed takes its cache with it', async () => {
    const red = await start({ ...deployed(), userDir: await earlierRun() });
    await red.status('manager', '🆗 Synced');
    await red.deploy([tab, ...eager]);
    await red.until(() => !fs.existsSync(cacheOf(red.userDir)));
    await red.stop();
  });

  test('metadata of an earlier run are stale before any node exists', async () => {
    const userDir = fs.mkdtempSync(path.join(os.tmpdir(), 'node-red-'));
    fs.mkdirSync(path.join(userDir, 'context/global'), { recursive: true });
    fs.writeFileSync(
      path.join(userDir, 'context/global/global.json'),
      JSON.stringify({ SECRETS_METADATA: { version: 7, stale: false } }),
    );
    const first = {
      ...functionNode('return msg;', {
        initialize: `global.set('first', global.get('SECRETS_METADATA'));`,
      }),
      id: 'first',
      z: 'first-tab',
      wires: [[]],
    };
    const options = deployed();
    source.fault = faults.status(500);
    const red = await start({
      ...options,
      userDir,
      settings: { ...fileStore, credentialSecret: false },
      // A flow that was written by hand may leave the context key to its default.
      flows: [{ id: 'first-tab', type: 'tab' }, first, ...flows].map((node) =>
        node.type === 'secret-manager' ? { ...node, contextKey: undefined } : node,
      ),
    });
    await red.started();
    const { stale, version: known } = JSON.parse(await red.globalContext('first'));
    assert.deepEqual([stale, known], [true, 7]);
    source.fault = null;
    await red.stop();
  });

  test('a context store that cannot hold the object is told', async () => {
    const config = { module: 'localfilesystem', config: { cache: false } };
    const options = deployed();
    const red = await start({
      ...options,
      settings: { ...options.settings, contextStorage: { default: config } },
    });
    const status = await red.status(
      'manager',
      "Context store can't hold secrets: make memory the default store",
    );
    assert.deepEqual([status.fill, status.shape], ['yellow', 'dot']);
    await red.stop();
    const files = fs.readdirSync(path.join(red.userDir, 'context'), { recursive: true });
    for (const file of files.map((name) => path.join(red.userDir, 'context', String(name)))) {
      if (fs.statSync(file).isFile()) {
        assert.ok(!fs.readFileSync(file, 'utf8').includes('canary-one'), file);
      }
    }
  });

  test('a context store that keeps only JSON gets no masked copy in place of a secret', async () => {
    const red = await start({
      ...deployed(),
      extraSettings: `contextStorage: { default: { module: () => {
        const kept = {};
        const at = (scope) => (kept[scope] ??= {});
        return {
          open: async () => {}, close: async () => {}, clean: async () => {},
          delete: async (scope) => { delete kept[scope]; },
          get: (scope, key) => { const json = at(scope)[key]; return json && JSON.parse(json); },
          set: (scope, key, value) => { at(scope)[key] = JSON.stringify(value); },
          keys: (scope) => Object.keys(at(scope)),
        };
      } } }`,
    });
    await red.status('manager', /^Context store can't hold secrets/);
    await red.deploy([]);
    await red.deploy([tab, ...eager, secretSource(source), secretManager()]);
    await red.status('manager', /^Context store can't hold secrets/);
    assert.equal((await red.ask('/value')).value, null);
    await red.stop();
  });

  test('a token file may come late and be renewed', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'token-')), 'token');
    const red = await start({
      flows: flows.map((node) => (node.id === 'manager' ? { ...node, source: '' } : node)),
      env: { SECRET_MANAGER_URL: source.url, SECRET_MANAGER_TOKEN_FILE: file },
    });
    const sync = () => red.request('POST', '/secret-manager/manager/sync');
    await red.status('manager', "SECRET_MANAGER_TOKEN_FILE can't be read (ENOENT)");
    fs.writeFileSync(file, source.token);
    await sync();
    await red.status('manager', '🆗 Synced');

    const { token } = source;
    source.token = 'renewed';
    await failureOf(sync());
    fs.writeFileSync(file, source.token);
    // Nobody asks: the engine's own next try meets a denial, and the file is read again.
    await red.status('manager', '🆗 Synced');
    assert.equal((await red.ask('/value')).value, 'canary-one');

    // That was no deploy: the next one syncs as always.
    const earlier = source.requests.length;
    const bystander = { id: 'bystander', type: 'comment', z: TAB };
    await red.deploy(
      [
        ...flows.map((node) => ({ ...node, ...(node.id === 'manager' && { source: '' }) })),
        bystander,
      ],
      'nodes',
    );
    await red.until(() => source.requests.length > earlier);
    source.token = token;
    await red.stop();
  });

  for (const [name, variable] of /** @type {const} */ ([
    ['the environment', 'SECRET_MANAGER_TOKEN'],
    ['a token file', 'SECRET_MANAGER_TOKEN_FILE'],
  ])) {
    test(`without a source node, ${name} is used`, async () => {
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'token-')), 'token');
      fs.writeFileSync(file, `${source.token}\n`);
      const red = await start({
        flows: flows.map((node) => (node.id === 'manager' ? { ...node, source: '' } : node)),
        env: {
          SECRET_MANAGER_URL: source.url,
          [variable]: variable.endsWith('FILE') ? file : source.token,
        },
      });
      await red.status('manager', '🆗 Synced');
      await red.stop();
    });
  }

  test('a platform without a native part: Node-RED runs, and the status says what is missing', async () => {
    const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'package-'));
    for (const part of ['package.json', 'nodes', 'js']) {
      fs.cpSync(path.join(root, part), path.join(copy, part), {
        recursive: true,
        filter: (file) => !file.endsWith('.node'),
      });
    }
    const red = await start({ ...deployed(), package: copy });
    const status = await red.status(
      'manager',
      `No native part for ${process.platform}-${process.arch}`,
    );
    assert.deepEqual([status.fill, status.shape], ['red', 'dot']);
    // Messages are not held up by it.
    await red.until(async () => (await red.ask('/seen')).value?.length === 3);
    await red.stop();
  });
});
