'use strict';

/* How flows read secrets and metadata, and what they cannot do to them. */

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const {
  TAB,
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  setPayload,
  tab,
} = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { ScriptedSource } = require('./lib/scripted-source');

const secrets = {
  API_KEY: 'key "quoted" <&> ü',
  DB: { host: 'db.example.com', ports: [1, 2], password: 'p' },
  LIST: ['a', 'b'],
  NUMBER: 42,
  OFF: false,
  NOTHING: null,
  EMPTY: '',
  'with-dash': 'dashed',
};

/** Function nodes: the expression, and what it has to be. @type {Record<string, [string, unknown]>} */
const expressions = {
  property: [`global.get('SECRETS').API_KEY`, secrets.API_KEY],
  path: [`global.get('SECRETS.API_KEY')`, secrets.API_KEY],
  deep: [`global.get('SECRETS.DB.ports[1]')`, 2],
  several: [`global.get(['SECRETS.NUMBER', 'SECRETS.DB.host'])`, [42, 'db.example.com']],
  brackets: [`global.get('SECRETS["with-dash"]')`, 'dashed'],
  json: [`global.get('SECRETS').DB`, secrets.DB],
  array: [`Array.isArray(global.get('SECRETS').LIST)`, true],
  falsy: [
    `(({ OFF, NOTHING, EMPTY }) => [OFF, NOTHING, EMPTY])(global.get('SECRETS'))`,
    [false, null, ''],
  ],
  absent: [`global.get('SECRETS').ABSENT === undefined`, true],
  in: [`['API_KEY' in global.get('SECRETS'), 'ABSENT' in global.get('SECRETS')]`, [true, false]],
  keys: [`Object.keys(global.get('SECRETS')).sort()`, Object.keys(secrets).sort()],
  entries: [`Object.entries(global.get('SECRETS')).length`, Object.keys(secrets).length],
  loop: [
    `(() => { const names = []; for (const name in global.get('SECRETS')) names.push(name); return names.sort(); })()`,
    Object.keys(secrets).sort(),
  ],
  spread: [`({ ...global.get('SECRETS') }).API_KEY`, secrets.API_KEY],
  destructured: [`(({ DB: { host } }) => host)(global.get('SECRETS'))`, 'db.example.com'],
  clone: [`RED.util.cloneMessage({ copy: global.get('SECRETS') }).copy.DB`, secrets.DB],
  cloneMasked: [
    `JSON.stringify(RED.util.cloneMessage({ copy: global.get('SECRETS') }).copy).includes('quoted')`,
    false,
  ],
  printed: [`require('util').inspect(global.get('SECRETS'))`, undefined],
  stringified: [`JSON.parse(JSON.stringify(global.get('SECRETS'))).API_KEY`, '••••••'],
  serialized: [`JSON.stringify({ SECRETS: global.get('SECRETS') })`, '{}'],
  text: ['`${global.get("SECRETS")}`', '[object Object]'],
  fresh: [
    `(() => { global.get('SECRETS').DB.host = 'changed'; return global.get('SECRETS').DB.host; })()`,
    'db.example.com',
  ],
  sameObject: [`global.get('SECRETS') === global.get('SECRETS')`, true],
  assigned: [
    `(() => { 'use strict'; const all = global.get('SECRETS'); all.API_KEY = 'x'; all.NEW = 'x'; delete all.DB; return [all.API_KEY, all.NEW ?? null, all.DB.host]; })()`,
    [secrets.API_KEY, null, 'db.example.com'],
  ],
  setPath: [
    `(() => { global.set('SECRETS.API_KEY', 'x'); return global.get('SECRETS.API_KEY'); })()`,
    secrets.API_KEY,
  ],
  metadata: [`global.get('SECRETS_METADATA').version`, 1],
  metadataPath: [`global.get('SECRETS_METADATA.space')`, 'scripted'],
  metadataKeys: [
    `Object.keys(global.get('SECRETS_METADATA'))`,
    [
      'space',
      'version',
      'createdAt',
      'updatedAt',
      'issuedAt',
      'syncedAt',
      'checkedAt',
      'source',
      'state',
      'stale',
    ],
  ],
  metadataText: [`JSON.parse(JSON.stringify(global.get('SECRETS_METADATA'))).state`, 'synced'],
  metadataClone: [
    `RED.util.cloneMessage({ copy: global.get('SECRETS_METADATA') }).copy.stale`,
    false,
  ],
  metadataTimes: [
    `['createdAt', 'updatedAt', 'issuedAt', 'syncedAt', 'checkedAt'].every((name) => /^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$/.test(global.get('SECRETS_METADATA')[name]))`,
    true,
  ],
  metadataSet: [
    `(() => { 'use strict'; global.get('SECRETS_METADATA').version = 9; return global.get('SECRETS_METADATA').version; })()`,
    1,
  ],
};
delete expressions.printed;

/** Other readers: the nodes, and what they answer. @type {Record<string, [object[], unknown]>} */
const readers = {
  callback: [
    [
      functionNode(
        `global.get('SECRETS', (error, all) => node.send({ ...msg, payload: { value: all.NUMBER } }));`,
      ),
    ],
    { value: 42 },
  ],
  onStart: [
    [
      functionNode(`msg.payload = { value: context.get('key') }; return msg;`, {
        initialize: `context.set('key', global.get('SECRETS').NUMBER ?? 'too early');`,
      }),
    ],
    { value: 42 },
  ],
  change: [[setPayload('SECRETS.API_KEY', 'global')], secrets.API_KEY],
  changeJson: [[setPayload('SECRETS.DB', 'global')], secrets.DB],
  changeDeepCopy: [
    [setPayload('SECRETS', 'global', { dc: true }), expressionNode('msg.payload.DB.host')],
    { value: 'db.example.com' },
  ],
  changeMove: [[setPayload('SECRETS', 'global'), setPayload('payload.NUMBER', 'msg')], 42],
  changeJsonata: [
    [setPayload(`{"value": $globalContext("SECRETS.DB.host") & "!"}`, 'jsonata')],
    { value: 'db.example.com!' },
  ],
  jsonataObject: [
    [setPayload(`{"value": $globalContext("SECRETS").NUMBER}`, 'jsonata')],
    { value: 42 },
  ],
  jsonataMetadata: [
    [setPayload(`{"value": $globalContext("SECRETS_METADATA").version}`, 'jsonata')],
    { value: 1 },
  ],
  changeMetadata: [
    [setPayload('SECRETS_METADATA', 'global'), expressionNode('msg.payload.space')],
    { value: 'scripted' },
  ],
  switch: [
    [
      {
        type: 'switch',
        property: 'SECRETS.DB.host',
        propertyType: 'global',
        rules: [{ t: 'eq', v: 'db.example.com', vt: 'str' }],
        outputs: 1,
      },
      expressionNode('"matched"'),
    ],
    { value: 'matched' },
  ],
  switchValue: [
    [
      functionNode(`msg.payload = 42; return msg;`),
      {
        type: 'switch',
        property: 'payload',
        propertyType: 'msg',
        rules: [{ t: 'eq', v: 'SECRETS.NUMBER', vt: 'global' }],
        outputs: 1,
      },
      expressionNode('"equal"'),
    ],
    { value: 'equal' },
  ],
  template: [
    [
      {
        type: 'template',
        field: 'payload',
        fieldType: 'msg',
        format: 'handlebars',
        syntax: 'mustache',
        output: 'str',
        template: '{{{global.SECRETS.API_KEY}}} {{global.SECRETS.DB.host}}',
      },
    ],
    `${secrets.API_KEY} db.example.com`,
  ],
  linkCall: [
    [{ type: 'link call', links: ['link-in'], linkType: 'static', timeout: '5' }],
    { value: 42 },
  ],
  clonedOnWires: [
    [
      functionNode(`msg.payload = global.get('SECRETS'); return msg;`, {
        wires: [['clonedOnWires-1', 'bin']],
      }),
      expressionNode('msg.payload.NUMBER'),
    ],
    { value: 42 },
  ],
};

const more = [
  { id: 'bin', type: 'junction', z: TAB, wires: [[]] },
  { id: 'link-in', type: 'link in', z: TAB, links: [], wires: [['link-function']] },
  {
    ...expressionNode(`global.get('SECRETS').NUMBER`),
    id: 'link-function',
    z: TAB,
    wires: [['link-out']],
  },
  { id: 'link-out', type: 'link out', z: TAB, mode: 'return', links: [], wires: [] },
  {
    id: 'inject',
    type: 'inject',
    z: TAB,
    props: [{ p: 'payload', v: 'SECRETS.NUMBER', vt: 'global' }],
    wires: [['inject-seen']],
  },
  { ...functionNode(`flow.set('injected', msg.payload);`), id: 'inject-seen', z: TAB, wires: [[]] },
  ...endpoint('injected', expressionNode(`flow.get('injected') ?? null`)),
];

onBothVersions('Reading', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const source = new ScriptedSource();

  before(async () => {
    await source.start();
    source.publish(secrets);
    red = await NodeRed.start(version);
    const flows = [
      tab,
      secretSource(source),
      secretManager(),
      ...Object.entries(expressions).flatMap(([name, [expression]]) =>
        endpoint(name, expressionNode(expression)),
      ),
      ...Object.entries(readers).flatMap(([name, [nodes]]) => endpoint(name, ...nodes)),
      ...more,
      ...endpoint(
        'printed',
        expressionNode(
          `util.inspect([global.get('SECRETS'), global.get('SECRETS_METADATA')], { breakLength: 1 })`,
        ),
      ),
      ...endpoint(
        'replace',
        functionNode(`global.set('SECRETS', {}); global.set('SECRETS_METADATA', 1); return msg;`),
      ),
    ];
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
    // On Start code runs before the first sync of a new node; from the second deploy on, it finds
    // what has been published.
    await red.deploy(flows);
  });

  after(async () => {
    await red?.stop();
    await source.stop();
  });

  for (const [name, [expression, expected]] of Object.entries(expressions)) {
    test(`Function, ${name}: ${expression}`, async () => {
      assert.deepEqual(await red.ask(`/${name}`), { value: expected });
    });
  }

  for (const [name, [, expected]] of Object.entries(readers)) {
    test(name, async () => {
      assert.deepEqual(await red.ask(`/${name}`), expected);
    });
  }

  test('Inject', async () => {
    await red.request('POST', '/inject/inject', {});
    await red.until(async () => (await red.ask('/injected')).value === 42);
  });

  test('the context sidebar shows names without values, and the metadata', async () => {
    const shown = JSON.parse(await red.globalContext('SECRETS'));
    assert.deepEqual(Object.keys(shown).sort(), Object.keys(secrets).sort());
    assert.deepEqual(new Set(Object.values(shown)), new Set(['••••••']));
    assert.equal(JSON.parse(await red.globalContext('SECRETS_METADATA')).version, 1);
  });

  test('printed, the secrets are masked and the metadata are told', async () => {
    const { value } = await red.ask('/printed');
    for (const name of Object.keys(secrets)) assert.ok(value.includes(name), value);
    for (const told of ["API_KEY: '••••••'", 'version: 1', 'checkedAt: ']) {
      assert.ok(value.includes(told), value);
    }
  });

  test('what a flow replaces is put back', async () => {
    await red.ask('/replace');
    await red.until(async () => (await red.ask('/path')).value === secrets.API_KEY);
    await red.until(async () => (await red.ask('/metadata')).value === 1);
  });

  test('what a person deletes in the sidebar is put back', async () => {
    await red.request('DELETE', '/context/global/SECRETS');
    await red.until(async () =>
      red.ask('/path').then(
        (/** @type {any} */ { value }) => value === secrets.API_KEY,
        () => false,
      ),
    );
  });

  test('a sync that finds nothing new shows in the metadata all the same', async () => {
    const checkedAt = async () => JSON.parse(await red.globalContext('SECRETS_METADATA')).checkedAt;
    const before = await checkedAt();
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal(source.requests.at(-1)?.status, 304);
    assert.ok((await checkedAt()) > before);
  });
});
