'use strict';

/* Several people at the service's web page: roles, changes at the same time, who may read. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { before, describe } = require('node:test');
const { skip } = require('./lib/browser');
const { add, usePages } = require('./lib/pages');
const { until } = require('./lib/until');

describe('People on the page', { skip }, () => {
  const { service, see, spaceOf, visit, people } = usePages();

  before(async () => {
    people.ben = await people.anna.invite('ben');
  });

  see('creates a space, names it anew and deletes it', async () => {
    const page = await visit('/', { as: people.anna });
    await page.getByRole('button', { name: 'New space' }).click();
    await page.getByLabel('Name').fill('short-lived');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'short-lived' }).waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Name', { exact: true }).fill('renamed');
    await page.getByLabel('Versions kept').fill('5');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'renamed' }).waitFor();
    await page.getByRole('button', { name: 'Settings' }).click();
    assert.equal(await page.getByLabel('Versions kept').inputValue(), '5');
    await page.getByRole('button', { name: 'Delete space' }).click();
    await page.getByText('gone for good').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete space' }).click();
    await page.getByRole('heading', { name: 'Spaces' }).waitFor();
    assert.equal(await page.getByText('renamed').count(), 0);
  });

  see('adds members, and shows each what the role allows', async () => {
    const { page, space } = await spaceOf('roles', { A: 'value of a' });
    await page.getByRole('tab', { name: 'Members' }).click();
    await page.getByLabel('Add a member').fill('nobody');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('There is no user of this name.').waitFor();
    await page.getByLabel('Add a member').fill('ben');
    await page.getByRole('combobox', { name: 'Role', exact: true }).selectOption('Viewer');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const row = page.locator('[data-member="ben"]');
    await row.waitFor();

    const his = await visit('/', { as: people.ben });
    await his.getByRole('link', { name: /roles/ }).click();
    const secret = his.locator('[data-key="A"]');
    await secret.waitFor();
    const means = async () => {
      await secret.waitFor();
      const buttons = await his
        .locator('secret-list')
        .getByRole('button')
        .evaluateAll((all) => all.map((one) => one.getAttribute('data-action')));
      const tabs = await his.getByRole('tab').allTextContents();
      const can = async (/** @type {string} */ name) =>
        (await his.getByRole('button', { name }).count()) > 0;
      return {
        actions: buttons.filter((name) => name),
        tabs: tabs.length,
        add: await can('Add a secret'),
        export: await can('Export'),
        settings: await can('Settings'),
      };
    };
    const viewer = { actions: ['copy-path', 'history'], tabs: 2 };
    assert.deepEqual(await means(), { ...viewer, add: false, export: false, settings: false });

    /** @param {string} role */
    const become = async (role) => {
      await page.getByLabel('Role of ben').selectOption(role);
      await page.getByText(`ben has the role ${role} now`).first().waitFor();
      await his.goto(`/spaces/${space.id}`);
    };
    await become('Reader');
    const read = ['reveal', 'copy-value', 'copy-path', 'history'];
    const reader = { actions: read, tabs: 2, add: false, export: true, settings: false };
    assert.deepEqual(await means(), reader);
    await become('Editor');
    const change = ['reveal', 'copy-value', 'copy-path', 'edit', 'history', 'delete'];
    const editor = { actions: change, tabs: 2, add: true, export: true, settings: false };
    assert.deepEqual(await means(), editor);
    await his.getByRole('tab', { name: 'Members' }).click();
    await his.locator('[data-member="anna"]').waitFor();
    assert.equal(await his.getByLabel('Add a member').count(), 0);
    assert.equal(await his.getByRole('combobox', { name: /Role/ }).count(), 0);
    await become('Owner');
    assert.deepEqual(await means(), { ...editor, tabs: 4, settings: true });

    // A change of the role is noticed at the latest when it matters.
    await people.anna.request('PUT', `/spaces/${space.id}/members/ben`, { role: 'viewer' });
    await his.getByRole('button', { name: 'Reveal A' }).click();
    await his.getByRole('button', { name: 'Reveal A' }).waitFor({ state: 'detached' });
    assert.deepEqual(await means(), { ...viewer, add: false, export: false, settings: false });

    // A removed member has nothing left, also where the space is open already.
    await row.getByRole('button', { name: 'Remove ben' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
    await his.reload();
    await his.getByText('This space isn’t there').waitFor();
    // The last owner can't go.
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await page.getByText('This is the last owner').waitFor();
  });

  see('shows what others change at once, and keeps what is being typed', async () => {
    const { page, space } = await spaceOf('live', { A: 'one', B: 'two' });
    await people.anna.request('PUT', `/spaces/${space.id}/members/ben`, { role: 'editor' });
    await page.getByRole('button', { name: 'Edit A' }).click();
    const value = page.getByLabel('VALUE', { exact: true });
    await value.fill('mine, half');
    const his = await visit(`/spaces/${space.id}`, { as: people.ben });
    await add(his, 'C', 'three');
    await page.locator('[data-key="C"]').waitFor();
    await page.getByText('ben changed C').first().waitFor();
    assert.equal(await value.inputValue(), 'mine, half');
    assert.ok(await value.evaluate((element) => element.matches(':focus')));

    await his.getByRole('button', { name: 'Delete B' }).click();
    await his.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.locator('[data-key="B"]').waitFor({ state: 'detached' });

    // The one that is being edited.
    await his.getByRole('button', { name: 'Edit A' }).click();
    await his.getByLabel('VALUE', { exact: true }).fill('his');
    await his.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('ben has stored version 2 meanwhile').waitFor();
    assert.equal(await value.inputValue(), 'mine, half');
    await value.fill('mine');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('A was not stored: ben has stored version 2').waitFor();
    assert.equal(await page.locator('[data-side="theirs"]').textContent(), 'his');
    assert.equal(await page.locator('[data-side="mine"]').textContent(), 'mine');

    // Overtaken once more, it asks once more.
    await people.ben.put(space.id, 'A', 'his again');
    await page.getByRole('button', { name: 'Store mine' }).click();
    await page.getByText('ben has stored version 3').waitFor();
    assert.equal(await page.locator('[data-side="theirs"]').textContent(), 'his again');
    await page.getByRole('button', { name: 'Store mine' }).click();
    await page.getByText('A stored as version 4').first().waitFor();
    const stored = await people.anna.request('GET', `/spaces/${space.id}/secrets/A`);
    assert.equal(stored.value, 'mine');
  });

  see('goes on after the service was away, and loses nothing that is typed', async () => {
    const { page, space } = await spaceOf('restart', { A: 'one' });
    await page.getByRole('button', { name: 'Edit A' }).click();
    const value = page.getByLabel('VALUE', { exact: true });
    await value.fill('two');
    const port = Number(new URL(service.url).port);
    await service.stop();
    await page.getByText('Not connected to the service').waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('The service can’t be reached.').waitFor();

    await service.start([], port);
    await until(async () => (await fetch(`${service.url}/healthz`).catch(() => null))?.ok);
    await people.anna.put(space.id, 'B', 'other');
    await page.locator('[data-key="B"]').waitFor();
    await page.getByText('Not connected to the service').waitFor({ state: 'detached' });
    assert.equal(await value.inputValue(), 'two');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('A stored as version 2').first().waitFor();
  });

  see('warns when a secret to be edited or added is not what it was', async () => {
    const { page, space } = await spaceOf('conflicts', { A: 'one' });
    await page.getByRole('button', { name: 'Edit A' }).click();
    await page.getByLabel('VALUE', { exact: true }).fill('mine');
    await people.anna.request('DELETE', `/spaces/${space.id}/secrets/A`);
    await page.getByText('Somebody has deleted this secret meanwhile').waitFor();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('somebody has deleted it').waitFor();
    await page.getByRole('button', { name: 'Go on editing' }).click();
    assert.equal(await page.getByLabel('VALUE', { exact: true }).inputValue(), 'mine');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('button', { name: 'Store mine' }).click();
    await page.locator('[data-key="A"]').waitFor();

    await page.getByRole('button', { name: 'Add a secret' }).click();
    await page.getByLabel('KEY', { exact: true }).fill('NEW');
    await page.getByLabel('VALUE', { exact: true }).fill('mine');
    await people.anna.put(space.id, 'NEW', 'theirs');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('NEW was not stored').waitFor();
    await page.getByRole('button', { name: 'Keep what is stored' }).click();
    await page.getByRole('button', { name: 'Reveal NEW' }).click();
    await page.getByText('theirs').waitFor();
  });

  see('gives out access tokens and takes them back', async () => {
    const { page } = await spaceOf('tokens', { A: 'one' });
    await page.getByRole('tab', { name: 'Access tokens' }).click();
    await page.getByLabel('New access token').fill('line 3');
    await page.getByLabel('Valid for').selectOption('30 days');
    await page.getByRole('button', { name: 'Create' }).click();
    const token = await page.getByLabel('Access token “line 3”').inputValue();
    const read = () =>
      fetch(`${service.url}/api/v1/snapshot`, { headers: { Authorization: `Bearer ${token}` } });
    assert.deepEqual(Object.keys((await (await read()).json()).secrets), ['A']);
    await page.getByText('Until').waitFor();

    await page.getByRole('button', { name: 'Revoke line 3' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('Revoked on').waitFor();
    assert.equal((await read()).status, 401);
    assert.ok(!(await page.content()).includes(token));
  });

  see('tells owners what happened, filtered and as a file', async () => {
    const { page } = await spaceOf('activity', { A: 'one', B: 'two' });
    await page.getByRole('button', { name: 'Reveal B' }).click();
    await page.getByText('two').waitFor();
    await page.getByRole('tab', { name: 'Activity' }).click();
    const rows = page.getByRole('table').getByRole('row');
    await rows.filter({ hasText: /Revealed\s+B/ }).waitFor();
    await rows.filter({ hasText: 'Created the space' }).waitFor();
    await page.getByLabel('What').selectOption('Revealed');
    await page.getByRole('button', { name: 'Filter' }).click();
    await rows.filter({ hasText: 'Created the space' }).waitFor({ state: 'detached' });
    await rows.filter({ hasText: /anna.*Revealed\s+B.*Done/s }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Export CSV' }).click(),
    ]);
    const file = fs.readFileSync(await download.path(), 'utf8');
    assert.match(file, /secret\.reveal/);
    assert.doesNotMatch(file, /space\.create/);

    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByText('What happened in the whole service').waitFor();
    await rows.filter({ hasText: 'Created a user' }).first().waitFor();
  });
});
