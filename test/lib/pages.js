'use strict';

/* What the tests of the service's page share: a service, a browser, and people at pages in it. */

const { after, before, test } = require('node:test');
const { Guest, launch } = require('./browser');
const { Person } = require('./person');
const { Service } = require('./service');

/**
 * For a suite: starts what it needs, and makes Anna the administrator unless that is what the suite
 * is about.
 */
function usePages({ setUp = true } = {}) {
  /** @type {import('playwright-core').Browser} */
  let browser;
  const service = new Service();
  /** @type {Record<string, InstanceType<typeof Person>>} */
  const people = {};
  /** Those of the test that is running. @type {Array<InstanceType<typeof Guest>>} */
  let guests = [];

  before(async () => {
    await service.start();
    if (setUp) people.anna = await Person.first(service, 'anna', 'Anna Berg');
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await service.stop();
  });

  /** @param {import('./browser').Options} [options] */
  async function visit(address = '/', options = {}) {
    const guest = await Guest.enter(browser, service.url, options);
    guests.push(guest);
    await guest.page.goto(address);
    return guest.page;
  }

  /**
   * A test whose pages have done nothing wrong at its end.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  function see(name, body) {
    test(name, async () => {
      try {
        await body();
      } finally {
        const entered = guests;
        guests = [];
        for (const guest of entered) await guest.leave();
      }
    });
  }

  /**
   * A space of Anna's, on her screen.
   * @param {string} name
   * @param {Record<string, unknown>} [secrets]
   */
  async function spaceOf(name, secrets) {
    const space = await people.anna.space(name, secrets);
    const page = await visit(`/spaces/${space.id}`, { as: people.anna });
    await page.getByRole('tab', { name: 'Secrets' }).waitFor();
    return { space, page };
  }

  return { people, see, service, spaceOf, visit, guests: () => guests };
}

/**
 * Adds a text secret by hand.
 * @param {import('playwright-core').Page} page
 * @param {string} key
 * @param {string} value
 */
async function add(page, key, value) {
  await page.getByRole('button', { name: 'Add a secret' }).click();
  await page.getByLabel('KEY', { exact: true }).fill(key);
  await page.getByLabel('VALUE', { exact: true }).fill(value);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.locator(`[data-key="${key}"]`).waitFor();
}

module.exports = { add, usePages };
