'use strict';

/* People at the service's web page: how they get in, and out. */

const assert = require('node:assert/strict');
const { describe } = require('node:test');
const { skip } = require('./lib/browser');
const { usePages } = require('./lib/pages');
const { Person, password } = require('./lib/person');
const { failureOf } = require('./lib/until');

describe('Accounts on the page', { skip }, () => {
  const { service, see, visit } = usePages({ setUp: false });

  /** Administrator. @type {InstanceType<typeof Person>} */
  let anna;

  see('sets the service up with the link that it printed, once', async () => {
    const page = await visit(service.setUpLink);
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Name for others').fill('Anna Berg');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByText('There is no space yet').waitFor();
    assert.equal(new URL(page.url()).hash, '');

    const late = await visit(service.setUpLink);
    await late.getByLabel('User name').fill('eve');
    await late.getByLabel('Password').fill(password);
    await late.getByRole('button', { name: 'Create the account' }).click();
    await late.getByRole('alert').getByText('set-up code is not valid').waitFor();
  });

  see('signs in where one wanted to go, and says what is wrong', async () => {
    const page = await visit('/account');
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill('not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('The user name or the password is wrong.').waitFor();
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Anna Berg' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/account');
    anna = await Person.signIn(service.url, 'anna');

    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.goto('/spaces');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  see('invites somebody, who accepts with the link', async () => {
    const page = await visit('/users', { as: anna });
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('User name').fill('ben');
    await page.getByRole('button', { name: 'Create and get a link' }).click();
    const link = await page.getByLabel('With this link they choose a password').inputValue();
    await page.keyboard.press('Escape');
    await page.locator('[data-user="ben"]').getByText('Invited').waitFor();

    const invited = await visit(link, { language: 'de-DE' });
    await invited.getByRole('heading', { name: 'Willkommen' }).waitFor();
    await invited.getByLabel('Passwort').fill(password);
    await invited.getByRole('button', { name: 'Passwort festlegen' }).click();
    await invited.getByText('Sie sind noch in keinem Space Mitglied').waitFor();
    // Only administrators manage users and create spaces.
    assert.equal(await invited.getByRole('link', { name: 'Benutzer' }).count(), 0);
    assert.equal(await invited.getByRole('button', { name: 'Neuer Space' }).count(), 0);

    const again = await visit(link);
    await again.getByLabel('Password').fill(password);
    await again.getByRole('button', { name: 'Set the password' }).click();
    await again.getByText('This invitation is not valid').waitFor();
  });

  see('manages users', async () => {
    await anna.request('POST', '/users', { name: 'temporary' });
    const page = await visit('/users', { as: anna });
    const row = page.locator('[data-user="temporary"]');
    await row.getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Name for others').fill('Temp Orary');
    await page.getByLabel('Disabled').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await row.getByText('Temp Orary').waitFor();
    await row.getByText('Disabled').waitFor();
    await row.getByRole('button', { name: 'New link' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'New link' }).click();
    await page.getByLabel('With this link').waitFor();
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete user' }).click();
    await row.waitFor({ state: 'detached' });
    // Without an administrator nobody could undo it.
    await page.locator('[data-user="anna"]').getByRole('button', { name: 'Edit' }).click();
    await page.getByLabel('Administrator').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This is the last administrator').waitFor();
  });

  see('changes the password and signs out everywhere', async () => {
    const carl = await anna.invite('carl');
    const page = await visit('/account', { as: carl });
    const other = await Person.signIn(service.url, 'carl');
    const elsewhere = await visit('/spaces', { as: other });
    await elsewhere.getByText('not a member of any space').waitFor();

    const changed = 'another sentence that nobody guesses';
    await page.getByLabel('Current password').fill(password);
    await page.getByLabel('New password', { exact: true }).fill(changed);
    await page.getByLabel('New password again').fill('something different entirely');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('The new passwords are not the same.').waitFor();
    await page.getByLabel('New password again').fill(changed);
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Password changed').first().waitFor();
    assert.match(String(await failureOf(other.request('GET', '/session'))), /401/);
    // Where the session was open, one is asked to sign in again.
    await elsewhere.getByRole('link', { name: 'carl' }).click();
    await elsewhere.getByRole('link', { name: 'Spaces' }).click();
    await elsewhere.getByText('Your session has ended').waitFor();

    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.match(String(await failureOf(carl.request('GET', '/session'))), /401/);
  });
});
