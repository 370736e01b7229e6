'use strict';

/*
 * A Node-RED without users, and somebody at its machine who visits a page elsewhere: what that page
 * sends comes from a browser that may do everything there.
 */

const assert = require('node:assert/strict');
const http = require('node:http');
const { after, before, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { launch, skip } = require('./lib/browser');
const { secretManager, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { listen } = require('./lib/ports');

onBothVersions('A page of another site', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {import('playwright-core').Browser} */
  let browser;
  const elsewhere = http.createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<title>Elsewhere</title>');
  });
  let port = 0;
  const vault = () => `${red.url}/secret-manager/vault`;
  const keys = async () => {
    const { secrets } = await red.request('GET', '/secret-manager/vault/secrets');
    return secrets.map((/** @type {{ key: string }} */ { key }) => key);
  };
  /** How often something was done, or refused, as the audit log has it. */
  const audited = (/** @type {string} */ event, /** @type {string} */ outcome) =>
    red.log
      .split('\n')
      .filter((line) => line.includes(`"secret-manager.${event}"`) && line.includes(outcome))
      .length;

  before(async () => {
    if (skip) return;
    port = await listen(elsewhere);
    browser = await launch();
    red = await NodeRed.start(version, {
      settings: { logging: { console: { level: 'info', audit: true } } },
      flows: [tab, secretManager({ source: '' })],
    });
    await red.status('manager', '🆗 Synced');
  });

  after(async () => {
    elsewhere.close();
    await browser?.close();
    await red?.stop();
  });

  test('can neither change, nor sync, nor reveal', { skip }, async () => {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${port}/`);
    /** @type {(url: string, method: string, body?: string) => Promise<string>} */
    const send = (url, method, body) =>
      page.evaluate(
        async (options) => (await fetch(options.url, { ...options, mode: 'no-cors' })).type,
        { url, method, body },
      );
    // It is sent, and only the answer is kept from the page.
    assert.equal(await send(`${vault()}/import?format=env`, 'POST', 'PLANTED=1'), 'opaque');
    await send(`${vault()}/export?format=json`, 'POST');
    await send(`${red.url}/secret-manager/manager/sync`, 'POST');
    await send(`${vault()}/secrets/KEY`, 'GET');
    const form = `<form method="post" enctype="text/plain" action="${vault()}/import?format=env">
      <textarea name="PLANTED">1</textarea><button>Win</button></form>`;
    await page.setContent(form);
    await page.getByRole('button').click();
    await red.until(() => audited('vault.import', '"error":"cross_site"') === 2);
    for (const event of ['vault.export', 'sync', 'vault.reveal']) {
      await red.until(() => audited(event, '"error":"cross_site"') === 1);
    }
    assert.deepEqual(await keys(), []);
    await page.close();
  });

  test('differs from the editor, which may do all that', { skip }, async () => {
    const page = await browser.newPage();
    await page.goto(red.url);
    const status = await page.evaluate(async () => {
      const answer = await fetch('secret-manager/vault/import?format=env', {
        method: 'POST',
        headers: { 'Content-Type': 'text/plain' },
        body: 'OWN=1',
      });
      return answer.status;
    });
    assert.equal(status, 200);
    assert.deepEqual(await keys(), ['OWN']);
    await page.close();
  });
});
