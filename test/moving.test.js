'use strict';

/* From the built-in vault to the service and back: names, types and values stay as they are. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Engine, Vault } = require('../js');
const { root } = require('./lib/node-red');
const { Service } = require('./lib/service');
const { until } = require('./lib/until');
const { newPlace } = require('./lib/vault');

/** @typedef {{ type: 'text' | 'json', value: string }} Secret */

const anna = { actor: 'anna', origin: '192.0.2.7' };

/** What a careless format would change. @type {Record<string, Secret>} */
const secrets = {
  PLAIN: { type: 'text', value: 'plain' },
  EMPTY: { type: 'text', value: '' },
  LINES: { type: 'text', value: '-----BEGIN KEY-----\r\nabc\n\n-----END KEY-----\n' },
  UNICODE: { type: 'text', value: 'Grüße ☃ 🆗 \u2028\u0000 "quoted" \\ back\\nslash' },
  SHELL: { type: 'text', value: " $HOME `id` #x 'single' = " },
  LOOKS_LIKE_JSON: { type: 'text', value: '{"a": 1}' },
  LOOKS_LIKE_A_NUMBER: { type: 'text', value: '007' },
  LOOKS_LIKE_NULL: { type: 'text', value: 'null' },
  'with.dots-and_dashes': { type: 'text', value: 'x' },
  OBJECT: { type: 'json', value: '{"user": "u", "nested": {"list": [1, null, true, "☃\\n"]}}' },
  NUMBER: { type: 'json', value: '123456789012345678901234567890.000000000000000000010' },
  EXPONENT: { type: 'json', value: '{"n": 1e400, "m": -0.0}' },
  LIST: { type: 'json', value: '[ ]' },
  NOTHING: { type: 'json', value: 'null' },
  FLAG: { type: 'json', value: 'false' },
};

/** @type {InstanceType<typeof Service>} */
let service;
/** @type {import('../js/native').VaultPlace} */
let place;
/** @type {InstanceType<typeof Vault>} */
let vault;

before(async () => {
  service = await new Service().start();
  place = newPlace();
  vault = await Vault.open(place);
  for (const [key, secret] of Object.entries(secrets)) await vault.put(key, secret, anna);
});

after(async () => {
  vault.close();
  await service.stop();
});

/**
 * What flows would read from a source.
 * @param {Partial<import('../js/settings').Settings>} settings
 */
async function readBy(settings) {
  const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
  await engine.start(
    /** @type {import('../js/settings').Settings} */ ({ autosync: 3600, ...settings }),
  );
  const read = Object.fromEntries(engine.names().map((name) => [name, engine.read(name)]));
  engine.dispose();
  return read;
}

/**
 * @param {InstanceType<typeof Service>} on
 * @param {string} space
 */
function sourceOf(on, space) {
  const { token } = on.command(['token', 'create', '--space', space, '--name', 'test']);
  return { kind: 'service', url: on.url, token };
}

/** @param {Array<{ key: string, type: string }>} list */
function typesIn(list) {
  return Object.fromEntries(list.map(({ key, type }) => [key, type]));
}

const types = Object.fromEntries(Object.entries(secrets).map(([key, { type }]) => [key, type]));

test('what is exported from the vault is the same in the service, and back', async () => {
  const before = await readBy({ kind: 'builtin', vault: place });
  assert.equal(Object.keys(before).length, Object.keys(secrets).length);
  assert.equal(before.NUMBER, secrets.NUMBER.value);

  const text = await vault.export({ format: 'json', ...anna });
  service.command(['space', 'create', 'plant']);
  service.command(['import', '--space', 'plant', '--format', 'json', '-'], text);
  assert.deepEqual(await readBy(sourceOf(service, 'plant')), before);
  const inService = service.command(['secret', 'list', '--space', 'plant']).secrets;
  assert.deepEqual(typesIn(inService), types);

  const exported = execFileSync(
    path.join(root, 'src/service/npm/bin/secret-manager'),
    ['export', '--data', service.data, '--space', 'plant', '--format', 'json'],
    { encoding: 'utf8' },
  );
  const other = newPlace();
  const back = await Vault.open(other);
  await back.import({ format: 'json', text: exported, ...anna });
  assert.deepEqual(await readBy({ kind: 'builtin', vault: other }), before);
  assert.deepEqual(typesIn((await back.list()).secrets), types);
  back.close();
});

test('a JSON secret that is nothing but a string becomes the text that flows read anyway', async () => {
  const from = newPlace();
  const one = await Vault.open(from);
  await one.put('S', { type: 'json', value: '"just a string"' }, anna);
  const before = await readBy({ kind: 'builtin', vault: from });
  const text = await one.export({ format: 'json', ...anna });
  one.close();
  const to = newPlace();
  const two = await Vault.open(to);
  await two.import({ format: 'json', text, ...anna });
  assert.deepEqual(await readBy({ kind: 'builtin', vault: to }), before);
  assert.deepEqual(typesIn((await two.list()).secrets), { S: 'text' });
  two.close();
});

test("the vault's own files are data of the service, also while Node-RED has them", async () => {
  const before = await readBy({ kind: 'builtin', vault: place });
  const onVault = new Service();
  onVault.data = place.directory;
  await onVault.start();
  assert.deepEqual(await readBy(sourceOf(onVault, 'Node-RED')), before);
  await onVault.stop();
});

test("the service's commands change the vault of a running Node-RED, which sees it at once", async () => {
  const onVault = new Service();
  onVault.data = place.directory;
  const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
  await engine.start({ kind: 'builtin', vault: place, autosync: 3600, live: true });
  await until(() => engine.status().live);
  const set = ['secret', 'set', '--space', 'Node-RED', 'BY_COMMAND', '--type', 'text', '--stdin'];
  onVault.command(set, 'value');
  await until(() => engine.read('BY_COMMAND') === '"value"');

  onVault.command(['key', 'rotate']);
  await vault.put('AFTER_ROTATION', { type: 'text', value: 'x' }, anna);
  await until(() => engine.has('AFTER_ROTATION'));
  engine.dispose();
});

test('the audit trail names the user of Node-RED, and holds', async () => {
  const onVault = new Service();
  onVault.data = place.directory;
  await vault.reveal('PLAIN', anna);
  await vault.reveal('PLAIN', {});
  const { records } = onVault.command(['audit', 'list', '--limit', '2']);
  assert.deepEqual(
    records.map((/** @type {any} */ { action, actor, origin }) => [action, actor, origin]),
    [
      ['secret.reveal', { kind: 'nodeRed', id: null, name: null }, null],
      ['secret.reveal', { kind: 'nodeRed', id: null, name: 'anna' }, '192.0.2.7'],
    ],
  );
  onVault.command(['audit', 'verify']);
});
