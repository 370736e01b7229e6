'use strict';

/*
 * Every view of the service's web page, as it looks somewhere: light or dark, on a screen or a phone,
 * in English or German. Each is checked by axe for who can't see it or use a mouse, must fit its
 * width, and leaves a picture in test-results. With UPDATE_SCREENSHOTS=1 those that the
 * documentation shows are replaced.
 */

const assert = require('node:assert/strict');
const path = require('node:path');
const { before, describe } = require('node:test');
const { fits, isAccessible } = require('./accessible');
const { skip } = require('./browser');
const { root } = require('./node-red');
const { usePages } = require('./pages');

/** @import { Page } from 'playwright-core' */

/** The pictures of the documentation, by view and look. */
const documented = new Map([
  ['secrets light', 'page-secrets.png'],
  ['edit light', 'page-edit.png'],
  ['secrets phone-de', 'page-phone.png'],
]);

const secrets = {
  DB: { host: 'db.example.com', port: 5432 },
  DB_PASSWORD: 'correct horse',
  MQTT_PASSWORD: 'battery staple',
  PRODUCT_A_API_KEY: 'sk_live_1',
  PRODUCT_B_API_KEY: 'sk_live_2',
};

/**
 * @param {string} look
 * @param {import('./browser').Options} options
 */
function looksRight(look, options) {
  describe(`The page looks right (${look})`, { skip }, () => suite(look, options));
}

/**
 * @param {string} look
 * @param {import('./browser').Options} options
 */
function suite(look, options) {
  const { people, see, visit } = usePages();
  let space = '';

  before(async () => {
    const { anna } = people;
    const ben = await anna.invite('ben', 'Ben Okafor');
    await anna.request('POST', '/users', { name: 'clara', displayName: 'Clara Lund' });
    ({ id: space } = await anna.space('Plant 1, line 3', secrets));
    await anna.space('Laboratory');
    await anna.request('PUT', `/spaces/${space}/members/ben`, { role: 'editor' });
    await ben.put(space, 'PRODUCT_A_API_KEY', 'sk_live_3');
    await anna.put(space, 'OLD_KEY', 'x');
    await anna.request('DELETE', `/spaces/${space}/secrets/OLD_KEY`);
    await anna.request('POST', `/spaces/${space}/tokens`, { name: 'line 3' });
  });

  const german = options.language === 'de-DE';
  /**
   * @param {string} english
   * @param {string} deutsch
   */
  const or = (english, deutsch) => (german ? deutsch : english);

  /**
   * @param {Page} page
   * @param {string} view
   */
  const fit = async (page, view) => {
    const dialogs = await page.locator('dialog > .body').all();
    for (const box of [page.locator('html'), ...dialogs]) await fits(box, view);
    await page.screenshot({ path: picture(view, look) });
  };

  /**
   * @param {Page} page
   * @param {string} view
   */
  const check = async (page, view) => {
    await fit(page, view);
    await isAccessible(page, `${view}, ${look}`, { rules: ['best-practice'] });
  };

  see('before anybody is signed in', async () => {
    const page = await visit('/', options);
    await page.getByLabel(or('User name', 'Benutzername')).waitFor();
    await check(page, 'sign-in');
    await page.goto('/setup#code');
    await page.getByRole('heading', { name: or('Set up', 'einrichten') }).waitFor();
    await check(page, 'set-up');
    await page.goto('/invitation#code');
    await page.getByLabel(or('Password', 'Passwort')).fill('a sentence that nobody guesses');
    await page.getByRole('button', { name: or('Set the', 'festlegen') }).click();
    await page.getByRole('alert').waitFor();
    await check(page, 'invitation');
  });

  see('the secrets of a space', async () => {
    const page = await visit(`/spaces/${space}`, { ...options, as: people.anna });
    const rows = page.locator('[data-key]');
    await rows.first().waitFor();
    assert.equal(await rows.count(), 5);
    await check(page, 'secrets');
    await rows.first().locator('[data-action="reveal"]').click();
    await page.getByText('db.example.com').waitFor();
    await check(page, 'revealed');

    await page.getByRole('button', { name: or('Add a secret', 'Secret hinzufügen') }).click();
    await page.locator('#key').fill('db config');
    await page.getByLabel('JSON').check();
    await page.locator('#text').fill('{\n  "host": "db.example.com",\n  "port": 5432,\n}');
    await check(page, 'mistakes');
    await page.keyboard.press('Escape');
    await check(page, 'discard');
    await page.getByRole('button', { name: or('Discard it', 'Verwerfen') }).click();
    await page.locator('[data-key="DB"] [data-action="edit"]').click();
    const load = or('Show the current value', 'Jetzigen Wert anzeigen');
    await page.getByRole('button', { name: load }).click();
    await page.getByText(or('This is JSON.', 'Das ist JSON.')).waitFor();
    await page.getByRole('button', { name: or('Format', 'Formatieren') }).click();
    await check(page, 'edit');
    await page.keyboard.press('Escape');

    await page.locator('[data-key="DB_PASSWORD"] [data-action="edit"]').click();
    await page.locator('#text').fill('mine');
    await people.anna.put(space, 'DB_PASSWORD', 'theirs');
    await page.getByRole('button', { name: or('Confirm', 'Bestätigen') }).click();
    await page.locator('[data-side="theirs"]').waitFor();
    await check(page, 'conflict');
    await page.getByRole('button', { name: or('Keep what', 'Gespeicherten') }).click();

    await page.locator('[data-key="PRODUCT_A_API_KEY"] [data-action="history"]').click();
    await page.locator('[data-version="1"]').waitFor();
    await page.locator('[data-version="1"]').getByRole('button').nth(1).click();
    await check(page, 'history');
    await page.keyboard.press('Escape');
    await page.locator('[data-key="DB"] [data-action="delete"]').click();
    await check(page, 'delete');
    await page.keyboard.press('Escape');
    await page.getByLabel(or('Show deleted', 'Gelöschte anzeigen')).check();
    await page.locator('[data-key="OLD_KEY"]').waitFor();
    await check(page, 'deleted');
  });

  see('names and values of any length', async () => {
    const { anna } = people;
    const name = `a${'B'.repeat(255)}`;
    const long = await anna.space(`${look} ${'x'.repeat(90)}`, { [name]: 'y'.repeat(5000) });
    const page = await visit(`/spaces/${long.id}`, { ...options, as: anna });
    await page.locator('[data-action="reveal"]').click();
    await page.getByText('yyyyy').waitFor();
    await fit(page, 'long');
    for (const action of ['history', 'delete', 'edit']) {
      await page.locator(`[data-action="${action}"]`).click();
      await page.getByRole('dialog').waitFor();
      await fit(page, `long-${action}`);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: or('Add a secret', 'Secret hinzufügen') }).click();
    await page.locator('#key').fill(name);
    await fit(page, 'long-name');
    await page.keyboard.press('Escape');
    await page.locator('[data-action="copy-path"]').click();
    await page.goto('/spaces');
    await page.getByText('xxxxx').waitFor();
    await fit(page, 'long-space');
  });

  see('import and export', async () => {
    const page = await visit(`/spaces/${space}`, { ...options, as: people.anna });
    await page.getByRole('button', { name: or('Import', 'Importieren') }).click();
    const text = page.getByLabel(or('Or paste its text', 'Oder ihren Text einfügen'));
    await text.fill('A=1\nwrong');
    const preview = page.getByRole('button', { name: or('Preview', 'Vorschau') });
    await preview.click();
    await page.getByRole('alert').waitFor();
    await check(page, 'import');
    await text.fill('A=1\nPRODUCT_B_API_KEY=new\nMQTT_PASSWORD="battery staple"');
    await preview.click();
    await page.getByText(or('1 new secret', '1 neues Secret')).waitFor();
    await check(page, 'import-preview');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: or('Export', 'Exportieren') }).click();
    await check(page, 'export');
  });

  see('the other sides of a space', async () => {
    const page = await visit(`/spaces/${space}/members`, { ...options, as: people.anna });
    await page.locator('[data-member="ben"]').waitFor();
    await check(page, 'members');
    await page.getByRole('tab', { name: or('Access tokens', 'Zugriffstoken') }).click();
    await page.locator('#name').fill('line 4');
    await page.getByRole('button', { name: or('Create', 'Anlegen') }).click();
    await page.locator('one-time').waitFor();
    await check(page, 'tokens');
    await page.getByRole('tab', { name: or('Activity', 'Aktivität') }).click();
    await page.getByRole('table').waitFor();
    await check(page, 'activity');
    await page.getByRole('button', { name: or('Settings', 'Einstellungen') }).click();
    await check(page, 'settings');
  });

  see('everything around spaces', async () => {
    const page = await visit('/spaces', { ...options, as: people.anna });
    await page.getByText('Laboratory').waitFor();
    await check(page, 'spaces');
    await page.getByRole('button', { name: or('New space', 'Neuer Space') }).click();
    await check(page, 'new-space');
    await page.goto('/users');
    await page.locator('[data-user="clara"]').waitFor();
    await check(page, 'users');
    await page.locator('[data-user="clara"]').getByRole('button').nth(1).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: or('New link', 'Neuer Link') })
      .click();
    await page.locator('one-time').waitFor();
    await check(page, 'link');
    await page.goto('/activity');
    await page.getByRole('table').waitFor();
    await check(page, 'service-activity');
    await page.goto('/account');
    await page.getByRole('heading', { name: 'Anna Berg' }).waitFor();
    await check(page, 'account');
    await page.goto(`/spaces/none`);
    await page.getByRole('heading', { name: or('isn’t there', 'gibt es hier nicht') }).waitFor();
    await check(page, 'missing');
  });

  see('with few buttons for somebody who may only look', async () => {
    const { anna } = people;
    const dora = await anna.invite('dora');
    await anna.request('PUT', `/spaces/${space}/members/dora`, { role: 'viewer' });
    const page = await visit(`/spaces/${space}`, { ...options, as: dora });
    await page.locator('[data-key]').first().waitFor();
    await check(page, 'viewer');
  });
}

/**
 * @param {string} view
 * @param {string} look
 */
function picture(view, look) {
  const name = documented.get(`${view} ${look}`);
  return name && process.env.UPDATE_SCREENSHOTS === '1'
    ? path.join(root, 'docs/images', name)
    : path.join(root, 'test-results/page', `${view}-${look}.png`);
}

module.exports = { looksRight };
