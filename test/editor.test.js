'use strict';

/* A person at the real editor, in a real browser. */

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { launch, skip } = require('./lib/browser');
const { NodeRed, root } = require('./lib/node-red');
const { Service } = require('./lib/service');

const periods = ['Every 1 min', 'Every 30 min', 'Every 60 min', 'Every 12 hours', 'Every 24 hours'];

/**
 * Pictures for the documentation are of the newest version, and only replaced on demand.
 * @param {number} version
 * @param {string} name
 */
function pictureFile(version, name) {
  const documented = version === 5 && process.env.UPDATE_SCREENSHOTS === '1';
  return path.join(
    root,
    documented ? `docs/images/${name}.png` : `test-results/${name}-${version}.png`,
  );
}

describe('The editor', { skip }, () => {
  /** @type {import('playwright-core').Browser} */
  let browser;
  const service = new Service();
  let token = '';

  before(async () => {
    service.command(['space', 'create', 'plant']);
    service.import('plant', { PRODUCT_A_API_KEY: 'one', DB: { host: 'db.example.com' } });
    token = service.command(['token', 'create', '--space', 'plant', '--name', 'editor']).token;
    await service.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await service.stop();
  });

  for (const version of /** @type {const} */ ([5, 4])) {
    test(`sets up and deploys a Secret Manager node on Node-RED ${version}`, async (t) => {
      const red = await NodeRed.start(version);
      t.after(() => red.stop());
      const page = await browser.newPage({
        viewport: { width: 1120, height: 640 },
        deviceScaleFactor: 1.5,
      });
      page.setDefaultTimeout(20_000);
      /** @type {string[]} */
      const mistakes = [];
      page.on('pageerror', (error) => mistakes.push(error.message));
      /** @param {string} name */
      const picture = (name) => page.screenshot({ path: pictureFile(version, name) });

      await page.goto(red.url);
      // The filter only knows the nodes that are there when it is typed.
      const inPalette = page.locator('.red-ui-palette-node[data-palette-type="secret-manager"]');
      await inPalette.waitFor();
      await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
      await page.locator('#red-ui-palette-search input').pressSequentially('secret');
      await page
        .locator('.red-ui-palette-node[data-palette-type="file"]')
        .waitFor({ state: 'hidden' });
      await inPalette.dragTo(page.locator('#red-ui-workspace-chart'), {
        targetPosition: { x: 260, y: 160 },
      });

      const node = page.locator('.red-ui-flow-node-group').first();
      await node.dblclick();
      const panel = page.locator('#node-input-autosync');
      await panel.waitFor();
      assert.deepEqual(await panel.locator('option').allTextContents(), periods);
      assert.equal(await panel.inputValue(), '60');
      assert.ok(await page.locator('#node-input-syncOnSave').isChecked());
      assert.equal(await page.locator('#node-input-contextKey').inputValue(), 'SECRETS');

      await page.locator('#node-input-btn-source-add, #node-input-lookup-source').first().click();
      await page.locator('#node-config-input-url').fill(service.url);
      await page.locator('#node-config-input-name').fill('Plant');
      await page.locator('#node-config-input-token').fill(token);
      await picture('secret-source');
      await page.locator('#node-config-dialog-ok').click();
      await panel.selectOption({ label: 'Every 30 min' });
      await page.locator('#node-input-syncOnSave').uncheck();
      await page.locator('#node-input-syncOnSave').check();
      await picture('secret-manager');
      await page.locator('#node-dialog-ok').click();

      await page.locator('#red-ui-header-button-deploy').click();
      await page.locator('.red-ui-flow-node-status-label', { hasText: '🆗 Synced' }).waitFor();
      await page.waitForFunction(`!document.querySelector('.red-ui-notification')`);
      await picture('synced');

      const flows = (await red.request('GET', '/flows')).flows;
      const deployed = flows.find((/** @type {any} */ { type }) => type === 'secret-manager');
      assert.deepEqual(
        [deployed.autosync, deployed.syncOnSave, deployed.live, deployed.contextKey],
        [1800, true, true, 'SECRETS'],
      );
      assert.ok(!JSON.stringify(flows).includes(token));

      // The button.
      await node.locator('.red-ui-flow-node-button-button').click();
      await page.locator('.red-ui-notification-success', { hasText: 'Secrets synced' }).waitFor();

      // Opened again, the panel shows what was chosen, and no token ever comes back.
      await node.dblclick();
      assert.equal(await page.locator('#node-input-autosync').inputValue(), '1800');
      assert.ok(!(await page.content()).includes(token));
      await page.locator('#node-dialog-cancel').click();

      await keepsWhatWasWrittenByHand(page, red);
      await choosesTheBuiltInVault(page, red);

      assert.deepEqual(mistakes, []);
      await page.close();
    });
  }
});

/**
 * A source of this kind asks for nothing else, and what stood there for a service does no harm.
 * @param {import('playwright-core').Page} page
 * @param {InstanceType<typeof NodeRed>} red
 */
async function choosesTheBuiltInVault(page, red) {
  const tab = { id: 'vault', type: 'tab', label: 'Vault' };
  await red.deploy([
    tab,
    { id: 'source', type: 'secret-source', kind: 'service', url: '', tls: '', allowHttp: false },
    {
      id: 'reader',
      type: 'secret-manager',
      z: tab.id,
      source: 'source',
      wires: [[]],
      x: 300,
      y: 9,
    },
  ]);
  await red.status('reader', 'The source has no URL');
  await page.reload();
  await page.locator('#reader').dblclick();
  await page.locator('#node-input-btn-source-edit, #node-input-lookup-source').first().click();
  const url = page.locator('#node-config-input-url');
  await url.waitFor();
  await page.locator('#node-config-input-kind').selectOption({ label: 'Built-in vault' });
  for (const field of ['url', 'token', 'tls', 'allowHttp']) {
    await page
      .locator(`label[for="node-config-input-${field}"]`)
      .first()
      .waitFor({ state: 'hidden' });
  }
  await page.locator('.secret-source-builtin').waitFor();
  await page.locator('#node-config-dialog-ok').click();
  await page.locator('#node-dialog-ok').click();
  await page.locator('#red-ui-header-button-deploy').click();
  await page.locator('.red-ui-flow-node-status-label', { hasText: '🆗 Synced' }).waitFor();
  await red.status('reader', '🆗 Synced');
  const invalid = await page.evaluate(`RED.nodes.node('source').valid`);
  assert.equal(invalid, true);
}

/**
 * A flow need not come from this panel: it may leave properties to their defaults, or hold a period
 * that the panel does not offer. Opening the panel and closing it changes nothing of what it does.
 * @param {import('playwright-core').Page} page
 * @param {InstanceType<typeof NodeRed>} red
 */
async function keepsWhatWasWrittenByHand(page, red) {
  const tab = { id: 'by-hand', type: 'tab', label: 'By hand' };
  const node = { type: 'secret-manager', z: tab.id, wires: [[]], x: 300 };
  await red.deploy([
    tab,
    { ...node, id: 'bare', y: 100 },
    { ...node, id: 'own', y: 200, autosync: 90, syncOnSave: false, contextKey: 'OTHER' },
  ]);
  await page.reload();
  for (const id of ['bare', 'own']) {
    await page.locator(`#${id}`).dblclick();
    await page.locator('#node-input-autosync').waitFor();
    await page.locator('#node-dialog-ok').click();
    await page.locator('#node-input-autosync').waitFor({ state: 'detached' });
  }
  /** @type {Array<Record<string, unknown>>} */
  const nodes = await page.evaluate(
    `['bare', 'own'].map((id) => {
      const { autosync, syncOnSave, live, contextKey } = RED.nodes.node(id);
      return { autosync, syncOnSave, live, contextKey };
    })`,
  );
  assert.deepEqual(nodes, [
    { autosync: 60, syncOnSave: true, live: true, contextKey: 'SECRETS' },
    { autosync: 90, syncOnSave: false, live: true, contextKey: 'OTHER' },
  ]);
}
