'use strict';

/* What the tests of the sidebar share: Node-RED's editor in a browser, with the tab "Secrets" open. */

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe } = require('node:test');
const { fits, isAccessible } = require('./accessible');
const { launch, skip } = require('./browser');
const { root } = require('./node-red');

/** @import { Browser, Page } from 'playwright-core' */

/**
 * @typedef {object} Options
 * @property {string} [language]
 * @property {'light' | 'dark'} [colours] where Node-RED has a choice
 * @property {[name: string, password: string]} [as] who signs in
 */

class Editor {
  /** What went wrong in the page. @type {string[]} */
  mistakes = [];
  /** Requests to our admin API, with their answers' status. @type {string[]} */
  requests = [];
  page;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on('pageerror', (error) => this.mistakes.push(String(error.stack)));
    page.on('request', (request) => {
      const [, route] = /\/secret-manager\/(.+)$/.exec(request.url()) ?? [];
      if (route) this.requests.push(`${request.method()} ${route}`);
    });
  }

  /**
   * @param {Browser} browser
   * @param {InstanceType<typeof import('./node-red').NodeRed>} red
   * @param {Options} [options]
   */
  static async open(browser, red, { language = 'en-GB', colours = 'light', as } = {}) {
    const context = await browser.newContext({
      locale: language,
      timezoneId: 'Europe/Berlin',
      viewport: { width: 1240, height: 900 },
      deviceScaleFactor: 1.5,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const editor = new Editor(page);
    await page.goto(red.url);
    if (as) {
      const [name, password] = as;
      await page.locator('#node-dialog-login-username').fill(name);
      await page.locator('#node-dialog-login-password').fill(password);
      await page.locator('#node-dialog-login-submit').click();
    }
    await page
      .locator('.red-ui-palette-node[data-palette-type="secret-manager"]')
      .waitFor({ state: 'attached' });
    await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
    // What choosing the dark theme does in the versions that have one.
    if (colours === 'dark') {
      await editor.run(`document.documentElement.classList.add('nr-theme-dark')`);
    }
    await editor.run(`RED.actions.invoke('secret-manager:show-sidebar')`);
    await editor.sidebar.locator('h2, .note').first().waitFor();
    return editor;
  }

  get sidebar() {
    return this.page.locator('secret-manager-sidebar');
  }

  /** The row of a fact in the status. @param {string} label */
  fact(label) {
    return this.sidebar.locator(`dt:text-is("${label}") + dd`);
  }

  /** A secret in the list. @param {string} key */
  row(key) {
    return this.sidebar.locator(`[data-key="${key}"]`);
  }

  /** What is said of a secret below it. @param {string} key */
  under(key) {
    return this.sidebar.locator(`[data-key="${key}"] + tr.under`);
  }

  /**
   * In the page, where Node-RED's editor is `RED`.
   * @param {string} code
   * @returns {Promise<any>}
   */
  run(code) {
    return this.page.evaluate(code);
  }

  async deploy() {
    await this.page.locator('#red-ui-header-button-deploy').click();
    await this.page.waitForFunction('!RED.nodes.dirty()');
  }

  /**
   * What axe finds in the tab, which must not be wider than its place either.
   * @param {string} view
   */
  async check(view) {
    await fits(this.sidebar, view);
    await isAccessible(this.page, view, { within: 'secret-manager-sidebar' });
  }

  /**
   * A picture of the whole editor; the documentation's are replaced with UPDATE_SCREENSHOTS=1.
   * @param {string} view
   * @param {string} [documented] its name there
   */
  async picture(view, documented) {
    const file =
      documented && process.env.UPDATE_SCREENSHOTS === '1'
        ? path.join(root, 'docs/images', `${documented}.png`)
        : path.join(root, 'test-results/sidebar', `${view}.png`);
    await this.page.screenshot({ path: file });
  }

  async close() {
    await this.page.context().close();
    assert.deepEqual(this.mistakes, []);
  }
}

/**
 * @callback Open
 * @param {InstanceType<typeof import('./node-red').NodeRed>} red
 * @param {Options} [options]
 * @returns {Promise<InstanceType<typeof Editor>>}
 */

/**
 * A suite in a browser of its own.
 * @param {string} name
 * @param {(open: Open) => void} suite is given what opens an editor
 */
function inEditors(name, suite) {
  /** @type {Browser} */
  let browser;
  before(async () => {
    if (!skip) browser = await launch();
  });
  after(() => browser?.close());
  describe(name, { skip }, () => suite((red, options) => Editor.open(browser, red, options)));
}

/**
 * Gives the tab the whole height where the sidebar has two halves.
 * @param {InstanceType<typeof import('./node-red').NodeRed>} red
 */
async function wholeHeight(red) {
  const half = (/** @type {string[]} */ ...tabs) => ({
    tabs,
    active: tabs[0] ?? null,
    hidden: tabs.length === 0,
  });
  const state = {
    v: 4,
    tabs: [],
    primary: {
      top: half('secret-manager', 'info', 'help', 'config', 'context', 'debug'),
      bottom: half(),
    },
    secondary: { top: half('explorer'), bottom: half('palette') },
  };
  // Without the tips, which Node-RED may begin to show before there is a place for them.
  const view = { 'view-show-tips': false };
  await red.request('POST', '/settings/user', { editor: { sidebar: { state }, view } });
}

module.exports = { inEditors, wholeHeight };
