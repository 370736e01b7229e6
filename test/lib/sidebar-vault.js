'use strict';

/*
 * The sidebar with the built-in source: everything that changes secrets, and who may do what. Nothing is
 * set up but one Secret Manager node.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { inEditors, wholeHeight } = require('./editors');
const { TAB, endpoint, expressionNode, functionNode, secretManager, tab } = require('./flows');
const { NodeRed } = require('./node-red');
const { until } = require('./until');

/** @typedef {import('./editors').Open} Open */

const flows = [
  tab,
  secretManager({ source: '', name: 'Secrets of line 3', x: 300, y: 60 }),
  ...endpoint('seen', expressionNode(`{ ...global.get('SECRETS') }`)),
  {
    ...functionNode("msg.headers = { key: global.get('SECRETS').PRODUCT_A_API_KEY };\nreturn msg;"),
    ...{ id: 'product', name: 'Call product A', z: TAB, x: 300, y: 220, wires: [[]] },
  },
];

/** By name: what they may do. The password of all is the same. */
const users = {
  anna: '*',
  reader: 'read',
  revealer: ['read', 'secrets.reveal'],
  writer: ['read', 'write'],
};
const password = 'a sentence that nobody guesses';

const asBytes = { 'Content-Type': 'application/octet-stream' };

/** @param {4 | 5} version */
function changesSecrets(version) {
  inEditors(`The sidebar with the vault on Node-RED ${version}`, (open) => changes(version, open));
}

/** @param {4 | 5} version */
function knowsUsers(version) {
  inEditors(`Users of the sidebar on Node-RED ${version}`, (open) => permissions(version, open));
}

/**
 * @param {4 | 5} version
 * @param {Open} open
 */
function changes(version, open) {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {Awaited<ReturnType<Open>>} */
  let editor;

  before(async () => {
    red = await NodeRed.start(version, { flows });
    if (version === 5) await wholeHeight(red);
    await red.status('manager', '🆗 Synced');
    editor = await open(red);
  });
  after(async () => {
    await editor?.close();
    await red?.stop();
  });

  const seen = async () => (await red.ask('/seen')).value;
  const dialog = () => editor.sidebar.getByRole('dialog');
  /** @param {string} name */
  const press = (name) => editor.sidebar.getByRole('button', { name, exact: true }).click();
  /** @param {string} name */
  const pressInside = (name) => dialog().getByRole('button', { name, exact: true }).click();
  /**
   * @param {string} key
   * @param {string} action
   */
  const act = (key, action) => editor.row(key).locator(`[data-action="${action}"]`).click();

  test('says where the key of the vault is', async () => {
    const { sidebar } = editor;
    const file = path.join(red.userDir, '.secret-manager/vault/key');
    await sidebar.getByText(file).waitFor();
    await sidebar.getByText('Keep a copy of that file apart').waitFor();
    assert.ok(fs.existsSync(file));
    assert.equal((await editor.fact('Source').innerText()).trim(), 'Built-in');
    await editor.check('empty vault');
  });

  test('adds what a flow reads and lacks', async () => {
    const { sidebar } = editor;
    await press('Add a secret: PRODUCT_A_API_KEY');
    assert.equal(
      await dialog().getByLabel('KEY', { exact: true }).inputValue(),
      'PRODUCT_A_API_KEY',
    );
    await dialog().getByText('global.SECRETS.PRODUCT_A_API_KEY').waitFor();
    await dialog().getByLabel('VALUE', { exact: true }).fill('sk_live_1');
    await editor.check('new secret');
    await editor.picture(`vault-new-${version}`);
    await pressInside('Confirm');
    await editor.row('PRODUCT_A_API_KEY').waitFor();
    await sidebar.locator('[data-missing]').waitFor({ state: 'detached' });
    assert.match(await editor.under('PRODUCT_A_API_KEY').innerText(), /Used by\s+Call product A/);
    await until(async () => (await seen()).PRODUCT_A_API_KEY === 'sk_live_1');
  });

  test('edits JSON with every digit, and goes back to an older version', async () => {
    await press('Add a secret');
    await dialog().getByLabel('KEY', { exact: true }).fill('DB');
    await dialog().getByLabel('JSON').check();
    await dialog().getByLabel('VALUE', { exact: true }).fill('{"n": 12345678901234567890.10}');
    await pressInside('Confirm');
    await editor.row('DB').waitFor();

    await act('DB', 'edit');
    await pressInside('Show the current value');
    const value = dialog().getByLabel('VALUE', { exact: true });
    await until(async () => (await value.inputValue()) === '{"n": 12345678901234567890.10}');
    await value.fill('{"host": "db.example.com"}');
    await pressInside('Confirm');
    await until(async () => (await seen()).DB.host === 'db.example.com');

    await act('DB', 'history');
    const first = dialog().locator('[data-version="1"]');
    await first.getByRole('button', { name: 'Reveal version 1' }).click();
    await first.getByText('12345678901234567890.10').waitFor();
    await editor.check('history');
    await editor.picture(`vault-history-${version}`);
    await first.getByRole('button', { name: 'Roll back to version 1' }).click();
    await first.getByRole('button', { name: 'Confirm' }).click();
    await dialog().locator('[data-version="3"]').waitFor();
    await editor.page.keyboard.press('Escape');
    await until(async () => 'n' in (await seen()).DB);
  });

  test('tells of a change that somebody else made meanwhile', async () => {
    await act('PRODUCT_A_API_KEY', 'edit');
    await dialog().getByLabel('VALUE', { exact: true }).fill('mine');
    const theirs = { type: 'text', value: 'theirs' };
    const route = '/secret-manager/vault/secrets/PRODUCT_A_API_KEY';
    await red.request('PUT', route, theirs, asBytes);
    await pressInside('Confirm');
    await dialog().locator('[data-side="theirs"]', { hasText: 'theirs' }).waitFor();
    await pressInside('Store mine');
    await until(async () => (await seen()).PRODUCT_A_API_KEY === 'mine');
  });

  test('imports after a preview, and exports', async () => {
    await press('Import');
    await dialog().getByLabel('Or paste its text').fill('MQTT_USER=line-3\nwrong');
    await pressInside('Preview');
    await dialog().getByText('Line 2').waitFor();
    await dialog().getByLabel('Or paste its text').fill('MQTT_USER=line-3\nMQTT_PASSWORD=battery');
    await pressInside('Preview');
    await dialog().getByText('2 new secrets').waitFor();
    assert.equal('MQTT_USER' in (await seen()), false);
    await editor.check('import');
    await pressInside('Confirm');
    await editor.row('MQTT_PASSWORD').waitFor();
    await until(async () => (await seen()).MQTT_USER === 'line-3');
    await editor.sidebar.evaluate((element) => element.scrollBy(0, 10_000));
    await editor.picture(`vault-${version}`);

    await press('Export');
    await dialog().getByLabel('JSON').check();
    const [download] = await Promise.all([
      editor.page.waitForEvent('download'),
      pressInside('Export'),
    ]);
    assert.equal(download.suggestedFilename(), 'secrets.json');
    const exported = fs.readFileSync(await download.path(), 'utf8');
    assert.match(exported, /12345678901234567890\.10/);
    assert.equal(JSON.parse(exported).MQTT_PASSWORD, 'battery');
  });

  test('deletes, restores and destroys', async () => {
    const { sidebar } = editor;
    await act('MQTT_USER', 'delete');
    await pressInside('Delete');
    await editor.row('MQTT_USER').waitFor({ state: 'detached' });
    await until(async () => !('MQTT_USER' in (await seen())));

    const filter = sidebar.getByLabel('Show');
    await filter.selectOption('deleted');
    await act('MQTT_USER', 'restore');
    await editor.row('MQTT_USER').waitFor({ state: 'detached' });
    await until(async () => (await seen()).MQTT_USER === 'line-3');

    await filter.selectOption('all');
    await act('MQTT_USER', 'delete');
    await pressInside('Delete');
    await filter.selectOption('deleted');
    await act('MQTT_USER', 'destroy');
    await pressInside('Destroy');
    await editor.row('MQTT_USER').waitFor({ state: 'detached' });
    await filter.selectOption('all');
    await editor.row('DB').waitFor();
    assert.equal(await editor.row('MQTT_USER').count(), 0);
  });

  test('keeps what is typed from the editor’s shortcuts, and asks before it is lost', async () => {
    await editor.run(`RED.view.select({ nodes: [RED.nodes.node('product')] })`);
    await press('Add a secret');
    await dialog().getByLabel('VALUE', { exact: true }).fill('typed');
    for (const key of ['Backspace', 'Delete', '?', 'Control+a', 'Control+z']) {
      await editor.page.keyboard.press(key);
    }
    assert.ok(await editor.run(`RED.nodes.node('product') !== null && !RED.nodes.dirty()`));
    await editor.page.keyboard.press('Escape');
    await pressInside('Discard it');
    await dialog().waitFor({ state: 'detached' });
  });
}

/**
 * @param {4 | 5} version
 * @param {Open} open
 */
function permissions(version, open) {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;

  before(async () => {
    red = await NodeRed.start(version, {
      flows,
      extraSettings: `adminAuth: {
        type: 'credentials',
        users: async (username) => (${JSON.stringify(users)}[username]
          ? { username, permissions: ${JSON.stringify(users)}[username] } : null),
        authenticate: async (username, password) => (password === ${JSON.stringify(password)}
          ? { username, permissions: ${JSON.stringify(users)}[username] } : null),
      }`,
    });
    await red.started();
    const headers = { ...asBytes, Authorization: `Bearer ${await tokenOf('anna')}` };
    const canary = { type: 'text', value: 'canary' };
    await red.request('PUT', '/secret-manager/vault/secrets/KEY', canary, headers);
  });
  after(() => red?.stop());

  /** @param {string} username */
  async function tokenOf(username) {
    const asked = {
      client_id: 'node-red-admin',
      grant_type: 'password',
      scope: '',
      username,
      password,
    };
    return (await red.request('POST', '/auth/token', asked)).access_token;
  }

  /** What each sees: actions on a secret, and buttons. @type {Record<string, { actions: string[], buttons: string[] }>} */
  const shown = {
    anna: {
      actions: ['reveal', 'copy-value', 'copy-path', 'edit', 'history', 'delete'],
      buttons: ['Sync now', 'Import', 'Export', 'Add a secret'],
    },
    reader: { actions: ['copy-path', 'history'], buttons: [] },
    revealer: { actions: ['reveal', 'copy-value', 'copy-path', 'history'], buttons: ['Export'] },
    writer: {
      actions: ['copy-path', 'edit', 'history', 'delete'],
      buttons: ['Sync now', 'Import', 'Add a secret'],
    },
  };

  for (const [name, { actions, buttons }] of Object.entries(shown)) {
    test(`shows ${name} what works`, async () => {
      const editor = await open(red, { as: [name, password] });
      try {
        const { sidebar } = editor;
        await editor.row('KEY').waitFor();
        const offered = await editor
          .row('KEY')
          .locator('[data-action]')
          .evaluateAll((elements) => elements.map((element) => element.dataset.action));
        assert.deepEqual(offered, actions);
        for (const button of ['Sync now', 'Import', 'Export', 'Add a secret']) {
          const count = await sidebar.getByRole('button', { name: button, exact: true }).count();
          assert.equal(count, buttons.includes(button) ? 1 : 0, button);
        }
        const mayDeploy = name === 'anna' || name === 'writer';
        assert.equal(await sidebar.getByLabel('Autosync').isEnabled(), mayDeploy);
        if (actions.includes('reveal')) {
          await editor.row('KEY').locator('[data-action="reveal"]').click();
          await sidebar.getByText('canary').waitFor();
        }
        if (name === 'writer') {
          // A value can be replaced without having been seen.
          await editor.row('KEY').locator('[data-action="edit"]').click();
          const dialog = sidebar.getByRole('dialog');
          assert.equal(await dialog.getByText('Show the current value').count(), 0);
          await dialog.getByLabel('VALUE', { exact: true }).fill('canary of the writer');
          await dialog.getByRole('button', { name: 'Confirm' }).click();
          await until(async () => /by writer/.test(await editor.row('KEY').innerText()));
        }
      } finally {
        await editor.close();
      }
    });
  }
}

module.exports = { changesSecrets, knowsUsers };
