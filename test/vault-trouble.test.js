'use strict';

/* What can be wrong with the built-in vault: each is told in the node's status, nothing is lost, and
 * the next sync after it was mended finds everything. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Vault } = require('../js');
const { NodeRed } = require('./lib/node-red');
const { temporaryDirectory } = require('./lib/temporary');
const { failureOf } = require('./lib/until');
const { put, secrets, vaultDirectory, vaultFlows: flows } = require('./lib/vault');

describe('a vault that can not be used', () => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {string} */
  let userDir;

  before(async () => {
    red = await NodeRed.start(5, { flows });
    await red.status('manager', '🆗 Synced');
    put(vaultDirectory(red), { KEY: 'one' });
    ({ userDir } = await red.stop());
  });

  after(() => red.stop());

  /** @param {Record<string, string>} [env] */
  async function restart(env) {
    await red.stop();
    red = await NodeRed.start(5, { userDir, flows, env });
  }

  async function mended() {
    await red.started();
    await red.request('POST', '/secret-manager/manager/sync');
    await red.status('manager', '🆗 Synced');
    assert.deepEqual(await secrets(red), { KEY: 'one' });
  }

  for (const [name, change, text] of /** @type {const} */ ([
    ['that is missing', (/** @type {string} */ file) => fs.rmSync(file), /put it back/],
    [
      'that others can read',
      (/** @type {string} */ file) => fs.chmodSync(file, 0o644),
      /chmod 600/,
    ],
    [
      'that is another one',
      (/** @type {string} */ file) => fs.writeFileSync(file, randomBytes(32)),
      /put the right one back/,
    ],
    [
      'that is none',
      (/** @type {string} */ file) => fs.writeFileSync(file, 'short'),
      /5 bytes instead of 32/,
    ],
  ])) {
    test(`a key file ${name}: the status says what to do, and a sync tries again`, async () => {
      const file = path.join(vaultDirectory(red), 'key');
      const good = fs.readFileSync(file);
      await red.stop();
      change(file);
      await restart();
      const status = await red.status('manager', text);
      assert.deepEqual([status.fill, status.shape], ['red', 'ring']);
      assert.ok(status.text.includes(file));
      fs.writeFileSync(file, good);
      fs.chmodSync(file, 0o600);
      await mended();
    });
  }

  test('another key in the environment: so is said', async () => {
    await restart({ SECRET_MANAGER_KEY: randomBytes(32).toString('base64') });
    await red.status('manager', /set SECRET_MANAGER_KEY to the right one, or unset it/);
    await restart({ SECRET_MANAGER_KEY: 'no key' });
    await red.status('manager', /not base64 of 32 bytes/);
    const file = path.join(vaultDirectory(red), 'key');
    await restart({ SECRET_MANAGER_KEY: fs.readFileSync(file).toString('base64') });
    await mended();
  });

  test('a key file that the environment names', async () => {
    const file = path.join(userDir, 'elsewhere');
    await restart({ SECRET_MANAGER_KEY_FILE: file });
    await red.status('manager', /is missing/);
    fs.copyFileSync(path.join(vaultDirectory(red), 'key'), file);
    await mended();
  });

  test('something in the place of the directory', async () => {
    const directory = vaultDirectory(red);
    await red.stop();
    fs.renameSync(directory, `${directory}.away`);
    fs.writeFileSync(directory, 'in the way');
    await restart();
    await red.status('manager', /vault/);
    fs.rmSync(directory);
    fs.renameSync(`${directory}.away`, directory);
    await mended();
  });

  test('a database that is none', async () => {
    const file = path.join(vaultDirectory(red), 'secret-manager.db');
    await red.stop();
    fs.renameSync(file, `${file}.good`);
    fs.writeFileSync(file, 'not a database, whatever it is');
    await restart();
    await red.status('manager', /put a good copy of it back from a backup/);
    fs.renameSync(`${file}.good`, file);
    await mended();
  });
});

test('a full disk loses nothing, is told, and is over when there is room', async (t) => {
  const userDir = temporaryDirectory('node-red-');
  const directory = path.join(userDir, '.secret-manager');
  fs.mkdirSync(directory);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
  if (mount.status !== 0) return t.skip('needs the right to mount');
  t.after(() => spawnSync('umount', ['--lazy', directory]));

  const red = await NodeRed.start(5, { userDir, flows });
  t.after(() => red.stop());
  await red.status('manager', '🆗 Synced');
  const vault = await Vault.open({ directory: vaultDirectory(red) });
  t.after(() => vault.close());
  await vault.put('KEY', { type: 'text', value: 'one' });
  await red.until(async () => (await secrets(red)).KEY === 'one');

  const ballast = path.join(directory, 'ballast');
  fill(ballast);
  const large = { type: /** @type {const} */ ('text'), value: 'x'.repeat(200_000) };
  const refused = await failureOf(vault.put('LARGE', large));
  assert.equal(refused.code, 'storage_full');
  assert.deepEqual(await secrets(red), { KEY: 'one' });

  await red.stop('SIGKILL');
  fill(ballast);
  const again = await NodeRed.start(5, { userDir, flows });
  t.after(() => again.stop());
  const status = await again.status('manager', /the disk is full/);
  assert.deepEqual([status.fill, status.shape], ['red', 'ring']);

  fs.rmSync(ballast);
  await again.request('POST', '/secret-manager/manager/sync');
  await again.status('manager', '🆗 Synced');
  assert.deepEqual(await secrets(again), { KEY: 'one' });
  await vault.put('LARGE', large);
  await again.until(async () => (await secrets(again)).LARGE === large.value);
});

/**
 * Takes all room that is left.
 * @param {string} file
 */
function fill(file) {
  const descriptor = fs.openSync(file, 'a');
  try {
    for (const size of [65_536, 4096]) {
      try {
        for (;;) fs.writeSync(descriptor, Buffer.alloc(size));
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      }
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
