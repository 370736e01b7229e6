'use strict';

/* Real browsers, and pages in them that notice what a page must not do. */

const fs = require('node:fs');
const assert = require('node:assert/strict');
const { chromium } = require('playwright-core');

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

/** Why tests in a browser are left out, or false. */
const skip = fs.existsSync(CHROMIUM) ? false : 'there is no Chromium';

function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/**
 * A page of the service, as somebody with a browser of their own sees it.
 * @typedef {object} Options
 * @property {InstanceType<typeof import('./person').Person>} [as] who is signed in
 * @property {string} [language]
 * @property {'light' | 'dark'} [colours]
 * @property {boolean} [phone]
 */
class Guest {
  /** What the page has done wrong: errors, violations of its policy, requests elsewhere. @type {string[]} */
  mistakes = [];
  /** All that was written to the console. @type {string[]} */
  console = [];
  /** @type {import('playwright-core').BrowserContext} */
  context;
  /** @type {import('playwright-core').Page} */
  page;

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {import('playwright-core').Page} page
   * @param {string} url
   */
  constructor(context, page, url) {
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.mistakes.push(String(error.stack)));
    page.on('console', (message) => {
      this.console.push(message.text());
      // An answer that isn't 2xx, or none at all, is told there as well, and may be what a test is
      // about. What the page's policy refuses is told in other words.
      const unanswered = /^Failed to load resource: /;
      if (message.type() === 'error' && !unanswered.test(message.text())) {
        this.mistakes.push(message.text());
      }
    });
    page.on('request', (request) => {
      const there = request.url();
      if (!there.startsWith(`${url}/`) && !/^(blob|data):/.test(there)) this.mistakes.push(there);
    });
  }

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} url
   * @param {Options} [options]
   */
  static async enter(browser, url, { as, language = 'en-GB', colours = 'light', phone } = {}) {
    const context = await browser.newContext({
      baseURL: url,
      locale: language,
      timezoneId: 'Europe/Berlin',
      colorScheme: colours,
      viewport: phone ? { width: 360, height: 740 } : { width: 1080, height: 720 },
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    if (as) await context.addCookies([/** @type {any} */ (as.cookie)]);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    return new Guest(context, page, url);
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.mistakes, []);
  }
}

module.exports = { Guest, launch, skip };
