'use strict';

/* A person at a space's secrets in the service's web page. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe } = require('node:test');
const { skip } = require('./lib/browser');
const { add, usePages } = require('./lib/pages');
const { temporaryDirectory } = require('./lib/temporary');

/** @import { Page } from 'playwright-core' */

describe('Secrets on the page', { skip }, () => {
  const { service, see, spaceOf, visit, guests, people } = usePages();

  see('shows the facts of a space, and stores text and JSON', async () => {
    const { page } = await spaceOf('facts');
    for (const fact of ['Version', 'Updated at', 'Created at', 'Issued at']) {
      await page.locator('dt', { hasText: new RegExp(`^${fact}$`) }).waitFor();
    }
    await add(page, 'GREETING', 'hello');
    const row = page.locator('[data-key="GREETING"]');
    await row.getByText('Text').waitFor();
    await row.getByText('by anna').waitFor();
    assert.equal(await page.locator('dd').first().textContent(), '1');

    await page.getByRole('button', { name: 'Add a secret' }).click();
    await page.getByLabel('KEY', { exact: true }).fill('DB');
    await page.getByLabel('JSON').check();
    const value = page.getByLabel('VALUE', { exact: true });
    await value.fill('{\n  "host": "db",\n  port: 1\n}');
    await page.getByText('Line 3, column 3: a name in double quotes is missing').waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    assert.ok(await value.evaluate((element) => element.matches(':focus')));
    await value.fill('{ "port": 5432.10, "big": 12345678901234567890 }');
    await page.getByText('This is JSON.').waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-key="DB"]').getByText('JSON').waitFor();
    // Every digit is as it was typed.
    await page.getByRole('button', { name: 'Reveal DB' }).click();
    await page.getByText('{ "port": 5432.10, "big": 12345678901234567890 }').waitFor();
  });

  see('helps with names', async () => {
    const { page } = await spaceOf('names');
    await page.getByRole('button', { name: 'Add a secret' }).click();
    const key = page.getByLabel('KEY', { exact: true });
    await key.fill('db password');
    await page.getByText('A key has no spaces.').waitFor();
    await page.getByRole('button', { name: 'Use DB_PASSWORD' }).click();
    assert.equal(await key.inputValue(), 'DB_PASSWORD');
    await page.getByText('global.SECRETS.DB_PASSWORD').waitFor();
    await key.fill('1st');
    await page.getByText('starts with a letter or _, not with “1”').waitFor();
    await key.fill('constructor');
    await page.getByText('a name that JavaScript uses itself').waitFor();
    await key.fill('mqtt.user');
    await page.getByRole('button', { name: 'Use MQTT_USER' }).waitFor();
    // Advice only: the name is possible.
    await page.getByLabel('VALUE', { exact: true }).fill('x');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-key="mqtt.user"]').waitFor();
  });

  see('reveals one value at a time, and hides it again', async () => {
    const { page, space } = await spaceOf('reveal', { A: 'value of a', B: 'value of b' });
    await page.clock.install();
    await page.goto(`/spaces/${space.id}`);
    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText('value of a').waitFor();
    await page.getByRole('button', { name: 'Reveal B' }).click();
    await page.getByText('value of b').waitFor();
    assert.equal(await page.getByText('value of a').count(), 0);
    await page.getByRole('button', { name: 'Hide B' }).click();
    await page.getByText('value of b').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText('value of a').waitFor();
    await page.clock.runFor(29_000);
    assert.equal(await page.getByText('value of a').count(), 1);
    await page.clock.runFor(1_500);
    await page.getByText('value of a').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText('value of a').waitFor();
    await page.evaluate(`
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    `);
    await page.getByText('value of a').waitFor({ state: 'detached' });
  });

  see('copies paths and values, and finds secrets', async () => {
    const { page } = await spaceOf('copy', { DB_HOST: 'db', 'mqtt.user': 'line', MQTT_URL: 'x' });
    const clipboard = () => page.evaluate('navigator.clipboard.readText()');
    await page.getByRole('button', { name: 'Copy path global.SECRETS.DB_HOST' }).click();
    await page.getByText('Copied: global.SECRETS.DB_HOST').first().waitFor();
    assert.equal(await clipboard(), 'global.SECRETS.DB_HOST');
    await page.getByRole('button', { name: 'Copy path global.SECRETS["mqtt.user"]' }).click();
    await page.getByText('Copied: global.SECRETS["mqtt.user"]').first().waitFor();
    assert.equal(await clipboard(), 'global.SECRETS["mqtt.user"]');
    await page.getByRole('button', { name: 'Copy value of DB_HOST' }).click();
    await page.getByText('Copied: DB_HOST').first().waitFor();
    assert.equal(await clipboard(), 'db');

    await page.getByLabel('Search').fill('mqtt');
    await page.locator('[data-key="DB_HOST"]').waitFor({ state: 'detached' });
    assert.equal(await page.locator('[data-key]').count(), 2);
    await page.getByLabel('Search').fill('nothing of the kind');
    await page.getByText('No key contains').waitFor();
  });

  see('edits, shows the history and rolls back', async () => {
    const { page } = await spaceOf('history', { A: 'first' });
    await page.getByRole('button', { name: 'Edit A' }).click();
    await page.getByRole('button', { name: 'Show the current value' }).click();
    const value = page.getByLabel('VALUE', { exact: true });
    await value.and(page.locator(':focus')).waitFor();
    assert.equal(await value.inputValue(), 'first');
    await value.fill('second');
    await page.getByRole('button', { name: 'Confirm' }).click();
    const row = page.locator('[data-key="A"]');
    await row.getByRole('cell', { name: '2', exact: true }).waitFor();

    await page.getByRole('button', { name: 'History of A' }).click();
    await page.getByRole('button', { name: 'Reveal version 1' }).click();
    await page.getByText('first').waitFor();
    await page.getByRole('button', { name: 'Roll back to version 1' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-version="3"]').getByText('content of version 1').waitFor();
    await page.getByRole('button', { name: 'Destroy version 2' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-version="2"]').getByText('Destroyed').waitFor();
    assert.equal(await page.locator('[data-version="2"]').getByRole('button').count(), 0);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText('first').waitFor();
  });

  see('deletes, restores and destroys', async () => {
    const { page } = await spaceOf('trash', { A: 'one', B: 'two' });
    const row = page.locator('[data-key="A"]');
    await page.getByRole('button', { name: 'Delete A' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await row.waitFor();
    await page.getByRole('button', { name: 'Delete A' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByLabel('Show deleted').check();
    await row.getByText('by anna').waitFor();
    await page.getByRole('button', { name: 'Restore A' }).click();
    await row.waitFor({ state: 'detached' });
    await page.getByLabel('Show deleted').uncheck();
    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText('one').waitFor();

    await page.getByRole('button', { name: 'Delete A' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByLabel('Show deleted').check();
    await page.getByRole('button', { name: 'Destroy A for good' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Destroy' }).click();
    await page.getByText('There is no deleted secret.').waitFor();
  });

  see('imports after a preview, and exports when that is confirmed', async () => {
    const { page } = await spaceOf('transfer', { A: 'one', B: 'two' });
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Or paste its text').fill('A=changed\nthis is no line\nB=two\n');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('alert').getByText('Line 2').waitFor();
    await page.getByLabel('Or paste its text').fill('A=changed\nC=three\nB=two\n');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('1 new secret').waitFor();
    await page.getByText('1 changed secret').waitFor();
    await page.getByText('1 unchanged secret').waitFor();
    // Nothing has changed yet.
    assert.equal(await page.locator('[data-key="C"]').count(), 0);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-key="C"]').waitFor();

    await page.getByRole('button', { name: 'Import' }).click();
    await page.locator('.drop').evaluate((/** @type {any} */ place) => {
      const { DataTransfer, DragEvent, File } = place.ownerDocument.defaultView;
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['{"DROPPED": "yes"}'], 'dropped.json'));
      place.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
    });
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('DROPPED').waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    assert.equal(await page.getByLabel('Or paste its text').inputValue(), '{"DROPPED": "yes"}');
    await page.keyboard.press('Escape');

    const file = path.join(temporaryDirectory('import-'), 'more.json');
    fs.writeFileSync(file, '{"D": {"n": 1.50}, "E": "five"}');
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Choose a file').setInputFiles(file);
    await page.getByLabel('JSON').and(page.locator(':checked')).waitFor();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('2 new secrets').waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.locator('[data-key="E"]').waitFor();

    assert.deepEqual(JSON.parse(await exported(page, 'JSON')), {
      ...{ A: 'changed', B: 'two', C: 'three', D: { n: 1.5 }, E: 'five' },
    });
    assert.match(await exported(page, '.env'), /^A=.?changed.?$/m);
  });

  see('can be used without a mouse', async () => {
    const { page } = await spaceOf('keys', { A: 'one' });
    const focused = page.locator(':focus');
    // From the list to the dialog, through it, and back to the button that opened it.
    await page.getByRole('button', { name: 'Add a secret' }).focus();
    await page.keyboard.press('Enter');
    await focused.and(page.getByLabel('KEY', { exact: true })).waitFor();
    await page.keyboard.type('BY_KEYS');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.type('[1, 2]');
    // Past "Format" and "Cancel".
    for (let count = 0; count < 3; count += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('[data-key="BY_KEYS"]').getByText('JSON').waitFor();
    await focused.and(page.getByRole('button', { name: 'Add a secret' })).waitFor();

    await page.getByRole('button', { name: 'Edit A' }).focus();
    await page.keyboard.press('Enter');
    await focused.and(page.getByLabel('VALUE', { exact: true })).waitFor();
    // The focus stays inside.
    for (let count = 0; count < 8; count += 1) await page.keyboard.press('Tab');
    assert.ok(await page.locator('dialog :focus').count());
    await page.keyboard.press('Escape');
    await focused.and(page.getByRole('button', { name: 'Edit A' })).waitFor();
    await page.locator('dialog').waitFor({ state: 'detached' });

    // What was typed isn't lost by a slip of the finger.
    await page.keyboard.press('Enter');
    await focused.and(page.getByLabel('VALUE', { exact: true })).waitFor();
    await page.keyboard.type('half a value');
    await page.keyboard.press('Escape');
    await page.getByText('Close without storing').waitFor();
    await page.getByRole('button', { name: 'Back' }).click();
    const value = page.getByLabel('VALUE', { exact: true });
    assert.equal(await value.inputValue(), 'half a value');
    await value.press('Escape');
    await page.getByRole('button', { name: 'Discard it' }).click();
    await focused.and(page.getByRole('button', { name: 'Edit A' })).waitFor();

    await page.getByRole('tab', { name: 'Secrets' }).focus();
    await page.keyboard.press('ArrowRight');
    await focused.and(page.getByRole('tab', { name: 'Members' })).waitFor();
    await page.locator('[data-member="anna"]').waitFor();
    await page.keyboard.press('End');
    await focused.and(page.getByRole('tab', { name: 'Activity' })).waitFor();
    // Another page begins at its heading.
    await page.getByRole('link', { name: 'Spaces' }).first().press('Enter');
    await focused.and(page.getByRole('heading', { name: 'Spaces' })).waitFor();
    await page.goBack();
    await page.getByRole('tab', { name: 'Activity', selected: true }).waitFor();
  });

  see('leaves no value behind', async () => {
    const canary = 'canary-7f3a9c';
    const { page } = await spaceOf('leaks', { A: `${canary}-stored` });
    const [guest] = guests();
    await page.getByRole('button', { name: 'Reveal A' }).click();
    await page.getByText(`${canary}-stored`).waitFor();
    await add(page, 'B', `${canary}-typed`);
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByLabel('Or paste its text').fill(`C=${canary}-pasted\nnonsense ${canary}`);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('alert').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('Language').selectOption('Deutsch');
    await page.getByRole('tab', { name: 'Mitglieder' }).click();
    await page.locator('[data-member="anna"]').waitFor();

    const kept = /** @type {Record<string, string>} */ (
      await page.evaluate(`({
        local: JSON.stringify({ ...localStorage }),
        session: JSON.stringify({ ...sessionStorage }),
        history: JSON.stringify(history.state),
        address: location.href,
        cookies: document.cookie,
        document: [...document.querySelectorAll('*')].map(function text(element) {
          const inside = element.shadowRoot?.querySelectorAll('*') ?? [];
          return (element.value ?? '') + element.textContent + [...inside].map(text).join('');
        }).join(''),
      })`)
    );
    assert.equal(kept.local, '{"language":"de"}');
    assert.equal(kept.cookies, '');
    const everything = JSON.stringify([kept, guest.console, await guest.context.cookies()]);
    assert.ok(!everything.includes(canary), everything);
    assert.ok(!service.log.includes(canary));
  });

  see('is quick with many secrets', async () => {
    const space = await people.anna.space('large');
    const secrets = Object.fromEntries(
      Array.from({ length: 5000 }, (_, index) => [`KEY_${index}`, { type: 'text', value: 'x' }]),
    );
    await people.anna.request('PATCH', `/spaces/${space.id}/secrets`, { secrets });
    const page = await visit(`/spaces/${space.id}`, { as: people.anna });
    await page.getByRole('button', { name: 'Show more (200 of 5000)' }).waitFor();
    await page.getByLabel('Search').fill('KEY_4999');
    await page.locator('[data-key="KEY_4999"]').waitFor();
    assert.equal(await page.locator('[data-key]').count(), 1);
  });
});

/**
 * @param {Page} page
 * @param {string} format
 */
async function exported(page, format) {
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByText('contains all values of this space unencrypted').waitFor();
  await page.getByLabel(format).check();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: 'Export' }).click(),
  ]);
  return fs.readFileSync(await download.path(), 'utf8');
}
