'use strict';

/* Which nodes read which secrets, as far as their properties tell. */

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('node:test');
const { root } = require('./lib/node-red');

const load = () => import(path.join(root, 'nodes/sidebar/usage.js'));

/**
 * What a node with these properties reads: paths, or null for what can't be known.
 * @param {Record<string, unknown>} properties
 */
async function reads(properties, contextKeys = ['SECRETS']) {
  const { usesOf } = await load();
  const uses = usesOf([{ id: 'node', ...properties }], contextKeys);
  return uses.map((/** @type {any} */ use) => use.path?.join('/') ?? null);
}

/** @param {string} func */
const ofFunction = (func) => reads({ type: 'function', func });
/** @param {string} expression */
const ofJsonata = (expression) =>
  reads({ type: 'change', rules: [{ t: 'set', p: 'payload', to: expression, tot: 'jsonata' }] });

/** @type {Array<[code: string, reads: Array<string | null>]>} */
const functions = [
  ["msg.a = global.get('SECRETS').KEY;", ['KEY']],
  ['msg.a = global.get("SECRETS")?.KEY;', ['KEY']],
  ['msg.a = global.get(`SECRETS`).KEY;', ['KEY']],
  ["global.get('SECRETS')['mqtt.user']", ['mqtt.user']],
  ['global.get(\'SECRETS\')?.["mqtt.user"]', ['mqtt.user']],
  ["global.get('SECRETS', 'memory').KEY", ['KEY']],
  ["global?.get('SECRETS').KEY", ['KEY']],
  ["context.global.get('SECRETS').KEY", ['KEY']],
  ["global.get('SECRETS.KEY')", ['KEY']],
  ["global.get('SECRETS.DB.password')", ['DB/password']],
  ['global.get(\'SECRETS["mqtt.user"]\')', ['mqtt.user']],
  ['global.get("SECRETS[\'mqtt.user\']")', ['mqtt.user']],
  ["global.get(['SECRETS.A', 'other', 'SECRETS.B'])", ['A', 'B']],
  ["(global.get('SECRETS') || {}).KEY", ['KEY']],
  ["((global.get('SECRETS') ?? {})).KEY", ['KEY']],
  ["return { payload: (global.get('SECRETS')).KEY };", ['KEY']],
  ["const s = global.get('SECRETS'); return s.A + s?.B + s['c.d'];", ['A', 'B', 'c.d']],
  ["const s = global.get('SECRETS') || {};\nif (s) { msg.a = s.A }", ['A']],
  ["let s;\ns = global.get('SECRETS');\nif (!s || s.A === 1) return;", ['A']],
  ["function f() { return s.A }\nconst s = global.get('SECRETS')", ['A']],
  ["const SECRETS = global.get('SECRETS'); msg.a = `Bearer ${SECRETS.KEY}`;", ['KEY']],
  ["msg.a = `Bearer ${global.get('SECRETS').KEY} ${{ a: 1 }.a}`; msg.b = 'x'", ['KEY']],
  [
    "const { A, B: b, 'c.d': c, E = [1, 2], F: { g, h } } = global.get('SECRETS');",
    ['A', 'B', 'c.d', 'E', 'F'],
  ],
  ["const { A, ...rest } = global.get('SECRETS');", ['A', null]],
  ["const { [name]: value } = global.get('SECRETS');", [null]],
  ["const s = global.get('SECRETS'); const { A } = s;", ['A']],
  ["({ A: msg.a } = global.get('SECRETS'));", ['A']],
  ["msg.a = global.get('SECRETS')[msg.topic];", [null]],
  ["const s = global.get('SECRETS'); msg.a = s[msg.topic];", [null]],
  ["msg.a = Object.keys(global.get('SECRETS'));", [null]],
  ["const s = global.get('SECRETS'); msg.a = { ...s };", [null]],
  ["const s = global.get('SECRETS'); use(s);", [null]],
  ["msg.secrets = global.get('SECRETS');", [null]],
  ["return global.get('SECRETS');", [null]],
  ["msg.a = env.get('SECRETS.KEY');", ['KEY']],
  ["msg.a = env.get('SECRETS');", []],
  // Commented out, or something else.
  ["// global.get('SECRETS').KEY\nmsg.a = 1 /* global.get('SECRETS').B */", []],
  ["msg.a = 'http://x'; msg.b = global.get('SECRETS').KEY", ['KEY']],
  ["flow.get('SECRETS.KEY'); context.get('SECRETS').A", []],
  ["global.set('SECRETS.KEY', 1)", []],
  ["global.get('SECRETS_METADATA').version", []],
  ['msg.a = msg.SECRETS.KEY; msg.s = 1; msg.s.A', []],
  ["global.get('SECRETS' + x)", [null]],
  ['msg.a = /["\']/.test(x);\nmsg.b = global.get("SECRETS").KEY', ['KEY']],
  ["global.get('SECRETS').ÜBER", ['ÜBER']],
  ["global.get('SECRETS", []],
  ["const { = global.get('SECRETS')", [null]],
];

/** @type {Array<[expression: string, reads: Array<string | null>]>} */
const expressions = [
  ['$globalContext("SECRETS.KEY")', ['KEY']],
  ["$globalContext('SECRETS.DB.password')", ['DB/password']],
  ['$globalContext("SECRETS").KEY', ['KEY']],
  ['$globalContext("SECRETS")."mqtt.user"', ['mqtt.user']],
  ['$globalContext("SECRETS").`mqtt.user`', ['mqtt.user']],
  ['$globalContext("SECRETS", "memory").KEY', ['KEY']],
  ['($s := $globalContext("SECRETS"); $s.A & $s.B)', ['A', 'B']],
  ['$lookup($globalContext("SECRETS"), "KEY")', ['KEY']],
  ['$lookup($globalContext("SECRETS"), topic)', [null]],
  ['$keys($globalContext("SECRETS"))', [null]],
  ['$env("SECRETS.KEY")', ['KEY']],
  ['/* $globalContext("SECRETS.A") */ $globalContext("SECRETS.B")', ['B']],
  ['$flowContext("SECRETS.KEY")', []],
];

describe('Where secrets are used', () => {
  for (const [code, expected] of functions) {
    test(`in a Function: ${code}`, async () => {
      const sorted = (/** @type {any[]} */ list) => [...list].sort();
      assert.deepEqual(sorted(await ofFunction(code)), sorted(expected));
    });
  }

  for (const [expression, expected] of expressions) {
    test(`in JSONata: ${expression}`, async () => {
      assert.deepEqual(await ofJsonata(expression), expected);
    });
  }

  test('in all parts of a Function', async () => {
    const get = (/** @type {string} */ key) => `global.get('SECRETS').${key}`;
    const node = { type: 'function', func: get('A'), initialize: get('B'), finalize: get('C') };
    assert.deepEqual(await reads(node), ['A', 'B', 'C']);
  });

  test('in a Change node, which may also write', async () => {
    const rules = [
      { t: 'set', p: 'payload', pt: 'msg', to: 'SECRETS.A', tot: 'global' },
      { t: 'set', p: 'payload', pt: 'msg', to: '#:(memory)::SECRETS["b.c"]', tot: 'global' },
      { t: 'set', p: 'SECRETS.WRITTEN', pt: 'global', to: '', tot: 'str' },
      { t: 'delete', p: 'SECRETS.DELETED', pt: 'global' },
      {
        t: 'change',
        p: 'payload',
        pt: 'msg',
        from: 'SECRETS.D',
        fromt: 'global',
        to: 'x',
        tot: 'str',
      },
      { t: 'move', p: 'SECRETS.E', pt: 'global', to: 'payload', tot: 'msg' },
      { t: 'set', p: 'payload', pt: 'msg', to: 'SECRETS.TEXT', tot: 'str' },
      { t: 'set', p: 'payload', pt: 'msg', to: 'SECRETS.FLOW', tot: 'flow' },
      { t: 'set', p: 'payload', pt: 'msg', to: 'SECRETS', tot: 'global' },
    ];
    assert.deepEqual(await reads({ type: 'change', rules }), ['A', 'b.c', 'D', 'E', null]);
  });

  test('in Switch, Inject, Debug and other typed properties', async () => {
    const rules = [{ t: 'btwn', v: 'SECRETS.B', vt: 'global', v2: 'SECRETS.C', v2t: 'global' }];
    assert.deepEqual(
      await reads({ type: 'switch', property: 'SECRETS.A', propertyType: 'global', rules }),
      ['A', 'B', 'C'],
    );
    const props = [{ p: 'payload', v: 'SECRETS.D.user', vt: 'global' }];
    assert.deepEqual(
      await reads({ type: 'inject', props, payload: 'SECRETS.E', payloadType: 'global' }),
      ['D/user', 'E'],
    );
    assert.deepEqual(
      await reads({
        type: 'debug',
        complete: '$globalContext("SECRETS.F")',
        targetType: 'jsonata',
      }),
      ['F'],
    );
    assert.deepEqual(
      await reads({
        type: 'any',
        host: 'SECRETS.G',
        hosttype: 'global',
        pass: 'SECRETS.H',
        pass_type: 'env',
      }),
      ['G', 'H'],
    );
  });

  test('in templates', async () => {
    const template =
      '{{global.SECRETS.A}} {{{global.SECRETS.B}}} {{& global[memory].SECRETS.C.d }} {{#global.SECRETS.E}}x{{/global.SECRETS.E}} {{flow.SECRETS.F}} {{payload}}';
    assert.deepEqual(await reads({ type: 'template', template }), ['A', 'B', 'C/d', 'E']);
    assert.deepEqual(
      await reads({ type: 'template', template: '{{#global.SECRETS}}{{A}}{{/global.SECRETS}}' }),
      [null],
    );
  });

  test('as ${…} in any property, however deep', async () => {
    assert.deepEqual(
      await reads({
        type: 'mqtt-broker',
        broker: '${SECRETS.HOST}',
        options: { list: [{ user: '${SECRETS["mqtt.user"]}' }, '${OTHER}', '${SECRETS}'] },
        url: 'https://${SECRETS.DB.host}/',
      }),
      ['HOST', 'mqtt.user', 'DB/host'],
    );
  });

  test('in the environment of tabs, groups and subflows', async () => {
    const env = [
      { name: 'A', type: 'jsonata', value: '$globalContext("SECRETS.A")' },
      { name: 'B', type: 'env', value: 'SECRETS.B' },
      { name: 'C', type: 'str', value: '${SECRETS.C}' },
      { name: 'SECRETS.D', type: 'str', value: 'no' },
    ];
    for (const type of ['tab', 'group', 'subflow', 'subflow:1', 'global-config']) {
      assert.deepEqual(await reads({ type, env }), ['A', 'B', 'C'], type);
    }
  });

  test('not in what only people read', async () => {
    const text = "global.get('SECRETS').KEY ${SECRETS.KEY}";
    assert.deepEqual(await reads({ type: 'comment', name: text, info: text, label: text }), []);
  });

  test('under every context key that is in use', async () => {
    const { usesOf } = await load();
    const nodes = [
      { id: '1', type: 'function', func: "global.get('SECRETS').A; global.get('PLANT').B" },
      { id: '2', type: 'function', func: "global.get('OTHER').C" },
    ];
    const found = usesOf(nodes, ['SECRETS', 'PLANT']).map((/** @type {any} */ use) => [
      use.node,
      use.contextKey,
      ...(use.path ?? []),
    ]);
    assert.deepEqual(found, [
      ['1', 'SECRETS', 'A'],
      ['1', 'PLANT', 'B'],
    ]);
  });
});

describe('The usage of secrets', () => {
  test('names readers, what is missing, what is unused, and who reads all', async () => {
    const { usageOf, usesOf } = await load();
    const nodes = [
      { id: '1', type: 'function', func: "global.get('SECRETS').A + global.get('SECRETS').A" },
      { id: '2', type: 'function', func: "global.get('SECRETS').A; global.get('SECRETS').GONE" },
      { id: '3', type: 'function', func: "Object.keys(global.get('SECRETS'))" },
      { id: '4', type: 'any', value: '${SECRETS.mqtt.user}', other: '${SECRETS.DB.host}' },
      { id: '5', type: 'function', func: "global.get('SECRETS.mqtt.user')" },
      { id: '6', type: 'function', func: "global.get('PLANT').B" },
    ];
    const uses = usesOf(nodes, ['SECRETS', 'PLANT']);
    const usage = usageOf(uses, 'SECRETS', ['A', 'B', 'DB', 'mqtt.user']);
    assert.deepEqual(Object.fromEntries(usage.readers), {
      A: ['1', '2'],
      B: [],
      DB: ['4'],
      'mqtt.user': ['4'],
    });
    assert.deepEqual(Object.fromEntries(usage.missing), { GONE: ['2'], mqtt: ['5'] });
    assert.deepEqual(usage.whole, ['3']);
  });

  test('counts what the runtime knows of nodes that were not changed since', async () => {
    const { usageOf, usesDeployed } = await load();
    const references = [
      { reference: 'SECRETS.mqtt.user', nodes: ['1', '2'] },
      { reference: 'SECRETS["GONE"]', nodes: ['1'] },
    ];
    const uses = usesDeployed('SECRETS', references, (/** @type {string} */ id) => id !== '2');
    const usage = usageOf(uses, 'SECRETS', ['mqtt.user']);
    assert.deepEqual(Object.fromEntries(usage.readers), { 'mqtt.user': ['1'] });
    assert.deepEqual(Object.fromEntries(usage.missing), { GONE: ['1'] });
  });

  test('is found quickly in many nodes', async () => {
    const { usesOf } = await load();
    const func = `const { A } = global.get('SECRETS');\n${'msg.payload = msg.payload + 1;\n'.repeat(50)}`;
    const nodes = Array.from({ length: 2000 }, (_, id) => ({
      id: String(id),
      type: 'function',
      func,
    }));
    const begin = performance.now();
    assert.equal(usesOf(nodes, ['SECRETS']).length, 2000);
    const took = performance.now() - begin;
    assert.ok(took < 5000, `${took} ms`);
  });
});
