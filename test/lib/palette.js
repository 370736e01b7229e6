'use strict';

/*
 * From the catalogue to the first synced node, as a person does it: in the editor's palette manager,
 * which lets npm install the package from a registry.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const own = require('../../package.json');
const { launch, skip } = require('./browser');
const { NodeRed } = require('./node-red');
const { Packed } = require('./packed');
const { Catalogue, Registry } = require('./registry');
const { Service } = require('./service');
const { failureOf } = require('./until');

/** In the catalogue as well, and never installed. */
const others = ['node-red-contrib-unrelated', '@somebody/secret-santa'].map((id) => ({
  id,
  version: '1.0.0',
  description: 'Something else',
  updated_at: '2026-01-01T00:00:00.000Z',
  types: [path.basename(id)],
  keywords: ['node-red'],
  url: `https://flows.nodered.org/node/${id}`,
}));

/** @param {4 | 5} version of Node-RED */
function installsFromCatalogue(version) {
  const registry = new Registry();
  const catalogue = new Catalogue([
    ...others,
    {
      ...others[0],
      id: own.name,
      version: own.version,
      description: own.description,
      types: Object.keys(own['node-red'].nodes),
      keywords: own.keywords,
    },
  ]);
  const service = new Service();
  let token = '';

  before(async () => {
    service.command(['space', 'create', 'plant']);
    service.import('plant', { PRODUCT_A_API_KEY: 'one' });
    token = service.command(['token', 'create', '--space', 'plant', '--name', 'palette']).token;
    await Promise.all([service.start(), registry.start(), catalogue.start()]);
    await registry.publish(new Packed().tarball);
  });

  after(async () => {
    catalogue.stop();
    await Promise.all([service.stop(), registry.stop()]);
  });

  test(`installs from the catalogue into Node-RED ${version} and syncs`, { skip }, async (t) => {
    const red = await NodeRed.start(version, {
      package: false,
      files: { '.npmrc': registry.settings },
      settings: { editorTheme: { tours: false, palette: { catalogues: [catalogue.url] } } },
    });
    t.after(() => red.stop());
    const browser = await launch();
    t.after(() => browser.close());
    const editor = await Editor.open(browser, red.url);

    await editor.findInCatalogue('Secret Manager');
    await editor.install();
    await editor.hasSidebar(true);
    await editor.dragIn();
    // As it is: with a vault of its own.
    await editor.deploy();
    await editor.statusIs('🆗 Synced');
    assert.ok(fs.existsSync(path.join(red.userDir, '.secret-manager/vault')));

    await editor.chooseService(service.url, token);
    await editor.deploy();
    await red.until(async () => /PRODUCT_A_API_KEY/.test(await red.globalContext('SECRETS')));
    await editor.statusIs('🆗 Synced');
    assert.ok(fs.lstatSync(path.join(red.userDir, 'node_modules', own.name)).isDirectory());

    await editor.emptyFlow();
    await editor.deploy();
    await red.until(
      async () => (await red.request('GET', '/secret-manager/status')).active.length === 0,
    );
    await editor.uninstall();
    // Node-RED itself never takes a route back.
    assert.equal((await failureOf(red.request('GET', '/secret-manager/status'))).status, 404);
    await editor.hasSidebar(false);
    await editor.findInCatalogue('secret-manager');
    await editor.install();
    await editor.dragIn();
    await editor.deploy();
    await editor.statusIs('🆗 Synced');
    assert.equal((await red.request('GET', '/secret-manager/status')).active.length, 1);
    await editor.hasSidebar(true);
    assert.deepEqual(editor.mistakes, []);
  });
}

/** A person at an editor whose palette does not have the node yet. */
class Editor {
  /** What the page did wrong. @type {string[]} */
  mistakes = [];

  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.mistakes.push(error.message));
    this.inPalette = page.locator('.red-ui-palette-node[data-palette-type="secret-manager"]');
    this.node = page.locator('.red-ui-flow-node-group').first();
    this.entry = page.locator('.red-ui-palette-module-header', { hasText: own.name });
  }

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   */
  static async open(browser, url) {
    const page = await browser.newPage({ viewport: { width: 1120, height: 720 } });
    const editor = new Editor(page);
    await page.goto(url);
    await page.locator('.red-ui-palette-node[data-palette-type="inject"]').waitFor();
    await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
    assert.equal(await editor.inPalette.count(), 0);
    return editor;
  }

  /** @param {string} term */
  async findInCatalogue(term) {
    await this.#managePalette('install');
    const search = this.page.locator('#red-ui-palette-editor .red-ui-palette-search input:visible');
    await search.pressSequentially(term);
    await this.page.locator('.red-ui-palette-module-header', { hasText: others[0].id }).waitFor({
      state: 'hidden',
    });
    await this.#visible(this.entry).waitFor();
  }

  async install() {
    const entry = this.#visible(this.entry);
    await entry.getByText('install', { exact: true }).click();
    await this.page.locator('.red-ui-notification button', { hasText: 'Install' }).click();
    await entry.getByText('installed', { exact: true }).waitFor({ timeout: 40_000 });
    await this.#closeSettings();
    await this.inPalette.waitFor();
  }

  async dragIn() {
    await this.inPalette.scrollIntoViewIfNeeded();
    await this.inPalette.dragTo(this.page.locator('#red-ui-workspace-chart'), {
      targetPosition: { x: 260, y: 160 },
    });
  }

  /**
   * @param {string} url
   * @param {string} accessToken
   */
  async chooseService(url, accessToken) {
    const { page, node } = this;
    await node.dblclick();
    await page.locator('#node-input-btn-source-add, #node-input-lookup-source').first().click();
    await page.locator('#node-config-input-url').fill(url);
    await page.locator('#node-config-input-token').fill(accessToken);
    await page.locator('#node-config-dialog-ok').click();
    await page.locator('#node-dialog-ok').click();
    await page.locator('#node-input-autosync').waitFor({ state: 'detached' });
  }

  async deploy() {
    // The button is disabled before the answer is there.
    const answered = this.page.waitForResponse((response) => {
      return response.request().method() === 'POST' && response.url().endsWith('/flows');
    });
    await this.page.locator('#red-ui-header-button-deploy:not(.disabled)').click();
    await answered;
    await this.page.locator('#red-ui-header-button-deploy.disabled').waitFor();
  }

  /** @param {string} text */
  async statusIs(text) {
    await this.page.locator('.red-ui-flow-node-status-label', { hasText: text }).waitFor();
  }

  /** @param {boolean} wanted */
  async hasSidebar(wanted) {
    await this.page.waitForFunction(`RED.sidebar.containsTab('secret-manager') === ${wanted}`);
  }

  async emptyFlow() {
    await this.page.locator('#red-ui-workspace-chart').click({ position: { x: 500, y: 300 } });
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.press('Delete');
    await this.node.waitFor({ state: 'detached' });
    // The source is a node as well, and an unused one counts as used.
    await this.page.evaluate(
      `RED.nodes.eachConfig(({ id, type }) => { if (type === 'secret-source') RED.nodes.remove(id); })`,
    );
  }

  async uninstall() {
    await this.#managePalette('nodes');
    const entry = this.#visible(this.entry);
    await entry.getByText('remove', { exact: true }).click();
    await this.page.locator('.red-ui-notification button', { hasText: 'Remove' }).click();
    await entry.waitFor({ state: 'detached', timeout: 40_000 });
    await this.#closeSettings();
    await this.inPalette.waitFor({ state: 'detached' });
  }

  /** @param {'nodes' | 'install'} part */
  async #managePalette(part) {
    await this.page.locator('#red-ui-header-button-sidemenu').click();
    await this.page.locator('#menu-item-edit-palette').click();
    await this.page.locator(`#red-ui-palette-editor-tabs a[href="#${part}"]`).click();
  }

  async #closeSettings() {
    await this.page.locator('#node-dialog-ok').click();
    await this.page.locator('#red-ui-palette-editor').waitFor({ state: 'detached' });
  }

  /** @param {import('playwright-core').Locator} locator */
  #visible(locator) {
    return locator.filter({ visible: true });
  }
}

module.exports = { installsFromCatalogue };
