'use strict';

/* A Node-RED that has no service: the built-in vault in its user directory. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { secretManager } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { put, secrets, vaultDirectory, vaultFlows: flows } = require('./lib/vault');

onBothVersions('built-in vault', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;

  before(async () => {
    red = await NodeRed.start(version, { flows });
  });

  after(() => red.stop());

  test('with nothing configured it works at once, with no secrets', async () => {
    const status = await red.status('manager', '🆗 Synced');
    assert.deepEqual([status.fill, status.shape], ['green', 'dot']);
    assert.deepEqual(await secrets(red), {});
    assert.equal(JSON.parse(await red.globalContext('SECRETS_METADATA')).source, 'built-in vault');
  });

  test('it tells once that a key was made, and where', async () => {
    const file = path.join(vaultDirectory(red), 'key');
    await red.until(() => red.log.includes('Keep a copy of it apart'));
    assert.equal(fs.statSync(file).mode & 0o7777, 0o600);
    assert.ok(red.log.includes(file));
    await red.deploy(flows);
    await red.status('manager', '🆗 Synced');
    assert.equal(red.log.match(/Keep a copy of it apart/g)?.length, 1);
  });

  test('a change reaches flows without a sync, whoever makes it', async () => {
    put(vaultDirectory(red), { KEY: 'one', DB: { port: 1 } });
    await red.until(async () => (await secrets(red)).KEY === 'one');
    assert.deepEqual(await secrets(red), { KEY: 'one', DB: { port: 1 } });
  });

  test('a source node of this kind needs nothing else', async () => {
    const source = { id: 'source', type: 'secret-source', kind: 'builtin', url: '', tls: '' };
    await red.deploy([...flows.filter(({ id }) => id !== 'manager'), source, secretManager()]);
    await red.status('manager', '🆗 Synced');
    assert.equal((await secrets(red)).KEY, 'one');
  });

  test('a restart finds everything, and no second key is made', async () => {
    const { userDir } = await red.stop();
    red = await NodeRed.start(version, { userDir, flows });
    await red.status('manager', '🆗 Synced');
    assert.deepEqual(await secrets(red), { KEY: 'one', DB: { port: 1 } });
    assert.ok(!red.log.includes('Keep a copy of it apart'));
    const files = fs.readdirSync(path.join(userDir, '.secret-manager'));
    assert.deepEqual(files, ['vault'], 'there is no last-good cache beside the vault');
  });
});
