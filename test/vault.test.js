'use strict';

/* The built-in vault as JavaScript sees it, without Node-RED. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Engine, SecretManagerError, Vault } = require('../js');
const { failureOf, until } = require('./lib/until');
const { newPlace, put } = require('./lib/vault');

// Nothing of a vault keeps the process alive, so the tests do.
/** @type {NodeJS.Timeout} */
let alive;
before(() => {
  alive = setInterval(() => {}, 1000);
});
after(() => clearInterval(alive));

const anna = { actor: 'anna', origin: '192.0.2.7' };

/** @param {import('../js/native').VaultPlace} vault */
async function startedEngine(vault) {
  /** @type {import('../js/native').Change[]} */
  const changes = [];
  const engine = new Engine({
    wantsNames: () => true,
    onChange: (change) => changes.push(change),
    onState() {},
  });
  await engine.start({ kind: 'builtin', vault, autosync: 3600, live: true });
  await until(() => engine.status().live);
  return { engine, changes };
}

test('a new vault makes its key and says where it is', async () => {
  const place = newPlace();
  const vault = await Vault.open(place);
  const key = path.join(place.directory, 'key');
  assert.deepEqual(vault.keyInformation(), { from: 'file', path: key, created: true });
  assert.equal(fs.statSync(key).mode & 0o7777, 0o600);
  const { space, version, secrets } = await vault.list();
  assert.deepEqual([space.name, version, secrets], ['Node-RED', 0, []]);
  vault.close();
  assert.equal((await failureOf(vault.list())).code, 'unavailable');
});

describe('what people do with secrets', () => {
  /** @type {InstanceType<typeof Vault>} */
  let vault;
  before(async () => {
    vault = await Vault.open(newPlace());
  });
  after(() => vault.close());

  test('a text and a JSON secret come back as they were, with every digit', async () => {
    const text = 'line\nline "☃" {"a":1}';
    const document = '{"n": 1.00000000000000000001, "list": [null]}';
    const put = await vault.put('TEXT', { type: 'text', value: text }, anna);
    assert.deepEqual(
      [put.key, put.type, put.version, put.updatedBy, put.spaceVersion, put.created],
      ['TEXT', 'text', 1, 'anna', 1, true],
    );
    const byNobody = await vault.put('DOC', { type: 'json', value: document }, { actor: null });
    assert.equal(byNobody.updatedBy, 'Node-RED');
    assert.deepEqual(
      [(await vault.reveal('TEXT', anna)).value, (await vault.reveal('DOC', anna)).value],
      [text, document],
    );
    const { secrets } = await vault.list();
    assert.deepEqual(
      secrets.map(({ key, type, version, updatedBy }) => [key, type, version, updatedBy]),
      [
        ['DOC', 'json', 1, 'Node-RED'],
        ['TEXT', 'text', 1, 'anna'],
      ],
    );
  });

  test('who comes too late is told the version that there is', async () => {
    const secret = { type: /** @type {const} */ ('text'), value: 'one' };
    await vault.put('LATE', secret, { ...anna, ifNoneMatch: true });
    const taken = await failureOf(vault.put('LATE', secret, { ...anna, ifNoneMatch: true }));
    assert.deepEqual([taken.code, taken.current], ['precondition_failed', 1]);
    const late = await failureOf(vault.remove('LATE', { ...anna, ifMatch: 7 }));
    assert.deepEqual([late.code, late.current], ['precondition_failed', 1]);
    const gone = await failureOf(vault.put('NONE', secret, { ...anna, ifMatch: 1 }));
    assert.deepEqual([gone.code, gone.current], ['precondition_failed', null]);
  });

  test('there is a way back from every mistake but destruction', async () => {
    for (const value of ['one', 'two']) await vault.put('KEY', { type: 'text', value }, anna);
    const back = await vault.rollback('KEY', { version: 1, ifMatch: 2, ...anna });
    assert.deepEqual([back.version, back.created], [3, false]);
    await vault.remove('KEY', anna);
    assert.equal((await failureOf(vault.reveal('KEY', anna))).code, 'not_found');
    const deleted = (await vault.list({ deleted: true })).secrets;
    assert.deepEqual(
      deleted.map(({ key, deletedBy }) => [key, deletedBy]),
      [['KEY', 'anna']],
    );
    assert.equal((await vault.restore('KEY', anna)).version, 4);
    const { key, versions } = await vault.versions('KEY');
    assert.deepEqual(
      [key, versions.map(({ version, state, rolledBackFrom }) => [version, state, rolledBackFrom])],
      [
        'KEY',
        [
          [4, 'current', 3],
          [3, 'kept', 1],
          [2, 'kept', null],
          [1, 'kept', null],
        ],
      ],
    );
    await vault.destroy('KEY', { versions: [2], ...anna });
    const destroyed = await failureOf(vault.reveal('KEY', { version: 2, ...anna }));
    assert.equal(destroyed.code, 'value_destroyed');
    assert.equal((await vault.reveal('KEY', { version: 1, ...anna })).value, 'one');
    await vault.destroy('KEY', anna);
    assert.equal((await failureOf(vault.versions('KEY'))).code, 'not_found');
  });

  test('what breaks the rules is refused by its code, and never quoted', async () => {
    const attempts = {
      name_invalid: vault.put('toJSON', { type: 'text', value: 'canary' }, anna),
      value_invalid: vault.put('KEY', { type: 'json', value: '{"canary": }' }, anna),
      limit_exceeded: vault.put('KEY', { type: 'text', value: 'x'.repeat(2 ** 20) }, anna),
    };
    for (const [code, attempt] of Object.entries(attempts)) {
      const error = await failureOf(attempt);
      assert.ok(error instanceof SecretManagerError);
      assert.equal(error.code, code);
      assert.ok(!`${error.stack}`.includes('canary'));
    }
    for (const secret of [
      { type: 'text', value: /** @type {any} */ ({ canary: 1 }) },
      { type: /** @type {any} */ ('canary'), value: 'x' },
      { type: /** @type {any} */ (4711), value: 'x' },
    ]) {
      const error = await failureOf(vault.put('KEY', /** @type {any} */ (secret), anna));
      assert.equal(error.code, 'value_invalid');
      assert.ok(!`${error.stack}`.includes('canary'));
    }
  });

  test('a file is imported as one version, or not at all with all its mistakes', async () => {
    const { version: before } = await vault.list();
    const text = 'A=1\nB="two\\nlines"\n';
    const preview = await vault.import({ format: 'env', text, dryRun: true, ...anna });
    assert.deepEqual([preview.version, preview.added], [before, ['A', 'B']]);
    const imported = await vault.import({ format: 'env', text, ...anna });
    assert.deepEqual([imported.version, imported.added], [before + 1, ['A', 'B']]);
    const again = await vault.import({ format: 'env', text: 'A=1\nB=3', ...anna });
    assert.deepEqual([again.unchanged, again.changed], [['A'], ['B']]);

    const wrong = '{"C": "1", "": 2, "then": 3}';
    const refused = await failureOf(vault.import({ format: 'json', text: wrong, ...anna }));
    assert.equal(refused.code, 'import_invalid');
    assert.deepEqual(
      refused.mistakes.map((/** @type {{ key: string }} */ { key }) => key),
      ['', 'then'],
    );
    const line = await failureOf(vault.import({ format: 'env', text: 'D=1\n\nE', ...anna }));
    assert.deepEqual(
      line.mistakes.map((/** @type {{ line: number }} */ mistake) => mistake.line),
      [3],
    );
    assert.equal((await vault.list()).version, before + 2);
  });

  test('an export has every value, and an import of it changes nothing', async () => {
    const text = await vault.export({ format: 'json', ...anna });
    assert.equal(JSON.parse(text).A, '1');
    assert.ok(text.includes('1.00000000000000000001'));
    const { added, changed } = await vault.import({ format: 'json', text, ...anna });
    assert.deepEqual([added, changed], [[], []]);
  });
});

test('what is edited reaches an engine without a sync', async () => {
  const place = newPlace();
  const vault = await Vault.open(place);
  const { engine, changes } = await startedEngine(place);
  assert.equal(engine.status().source, 'built-in vault');
  await vault.put('KEY', { type: 'text', value: 'one' }, anna);
  await until(() => engine.read('KEY') === '"one"');
  await vault.put('KEY', { type: 'json', value: '[1]' }, anna);
  await until(() => engine.read('KEY') === '[1]');
  await vault.destroy('KEY', anna);
  await until(() => !engine.has('KEY'));
  await vault.import({ format: 'env', text: 'A=1\nB=2', ...anna });
  await until(() => engine.has('A') && engine.has('B'));
  await until(() => changes.length === 4);
  assert.deepEqual(
    changes.map(({ version, added, changed, removed }) => [version, added, changed, removed]),
    [
      [1, ['KEY'], [], []],
      [2, [], ['KEY'], []],
      [3, [], [], ['KEY']],
      [4, ['A', 'B'], [], []],
    ],
  );
  engine.dispose();
  vault.close();
});

test('engines, vaults and worker threads share one vault', async () => {
  const place = newPlace();
  const [one, two] = await Promise.all([Vault.open(place), Vault.open(place)]);
  const { engine } = await startedEngine(place);
  one.close();
  const script = `
    const { Vault } = require(${JSON.stringify(path.join(__dirname, '../js'))});
    const { workerData } = require('node:worker_threads');
    const alive = setInterval(() => {}, 1000);
    Vault.open(workerData)
      .then((vault) => vault.put('KEY', { type: 'text', value: 'from a worker' }))
      .then(() => clearInterval(alive));
  `;
  const exited = once(new Worker(script, { eval: true, workerData: place }), 'exit');
  await until(() => engine.read('KEY') === '"from a worker"');
  await exited;
  assert.equal((await two.reveal('KEY', anna)).value, 'from a worker');
  engine.dispose();
  two.close();
});

test('another process has the same vault, and each hears of the other', async () => {
  const place = newPlace();
  const vault = await Vault.open(place);
  const { engine } = await startedEngine(place);
  put(place.directory, { KEY: 'from outside' });
  await until(() => engine.read('KEY') === '"from outside"');
  engine.dispose();
  vault.close();
});

test('nothing of a vault keeps a process alive', () => {
  const script = `
    const { Engine, Vault } = require(${JSON.stringify(path.join(__dirname, '../js'))});
    const vault = ${JSON.stringify(newPlace())};
    Vault.open(vault);
    const engine = new Engine({ wantsNames: () => true, onChange() {}, onState() {} });
    engine.start({ kind: 'builtin', vault, autosync: 60, live: true });
  `;
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.deepEqual([status, signal, stderr], [0, null, '']);
});
