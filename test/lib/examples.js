'use strict';

/*
 * Each example as somebody meets it: imported from the editor's menu, deployed, its buttons pressed. What
 * it then shows is compared, and no example shows a value.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { Broker } = require('./broker');
const { launch, skip } = require('./browser');
const { NodeRed, root } = require('./node-red');
const { Service } = require('./service');

/** @typedef {InstanceType<typeof NodeRed>} Red */

const examples = path.join(root, 'examples');

/** Of the space that Node-RED's environment names. */
const SECRETS = {
  GREETING: 'Hello from the space',
  PRODUCT_A_API_KEY: 'canary-api-key',
  DB: { host: 'canary-host', port: 5432, user: 'canary-user', password: 'canary-password' },
};

/**
 * What each example shows once it is deployed.
 * @type {Record<string, (red: Red, service: InstanceType<typeof Service>) => Promise<void>>}
 */
const outcomes = {
  async 'reading-secrets'(red) {
    await press(red, ['Function', 'Change', 'JSONata', 'Template']);
    await shows(red, 'done', [
      'Function: the key is in it',
      'Change: the key is in it',
      'JSONata: the key is in it',
      'Template: the key is in it',
    ]);
    const { greeting, apiKey, database, space } = await red.ask('/demo');
    assert.deepEqual(
      [greeting, apiKey, database, space],
      [SECRETS.GREETING, '14 characters', 'canary-user@canary-host:5432', 'plant'],
    );
  },

  async 'json-secret'(red) {
    await press(red, ['whole', 'one part', 'copy']);
    await shows(red, 'result', [
      'all parts are there',
      'the usual port',
      'the secret is as it was',
    ]);
  },

  async 'react-to-a-change'(red, service) {
    // The first sync is a change as well.
    await red.until(() => shown(red, 'connections').length === 1);
    service.import('plant', { PRODUCT_A_API_KEY: 'canary-new-key' });
    await red.until(() => shown(red, 'connections').length === 2);
    assert.match(shown(red, 'connections')[1], /^connected with version \d+$/);
    service.import('plant', SECRETS);
  },

  async 'several-spaces'(red, service) {
    const url = service.url;
    const flows = nodesOf('several-spaces').map((node) => {
      if (node.type !== 'secret-source') return node;
      const token = tokenOf(service, node.name.toLowerCase());
      return { ...node, url, credentials: { token } };
    });
    await red.request('POST', '/flows', { flows });
    for (const { id } of nodesOf('several-spaces', 'secret-manager')) {
      await red.status(id, '🆗 Synced');
    }
    await press(red, ['sync now']);
    await shows(red, 'numbers', Array(2).fill('3 secrets of the plant, 1 of the office'));
  },

  async 'config-node'(red, service) {
    const password = 'canary-broker-password';
    const broker = await Broker.start(password);
    service.import('plant', { MQTT: { host: '127.0.0.1', user: 'plant', password } });
    const flows = nodesOf('config-node').map((node) =>
      node.type === 'mqtt-broker' ? { ...node, port: broker.port } : node,
    );
    await red.request('POST', '/flows', { flows });
    const [{ id }] = nodesOf('config-node', 'mqtt in');
    await red.status(id, /(^|\.)connected$/);
    await press(red, ['publish']);
    await shows(red, 'arrived', ['hello']);
    await red.request('POST', '/flows', { flows: [] });
    await broker.stop();
  },
};

/** @param {4 | 5} version of Node-RED */
function runsExamples(version) {
  const service = new Service();
  /** @type {Red} */
  let red;
  /** @type {import('playwright-core').Browser} */
  let browser;

  before(async () => {
    for (const space of ['plant', 'office']) service.command(['space', 'create', space]);
    service.import('plant', SECRETS);
    service.import('office', { COFFEE: 'canary-coffee' });
    await service.start();
    red = await NodeRed.start(version, {
      env: { SECRET_MANAGER_URL: service.url, SECRET_MANAGER_TOKEN: tokenOf(service, 'plant') },
    });
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await Promise.all([red.stop(), service.stop()]);
  });

  describe(`The examples on Node-RED ${version}`, { skip }, () => {
    test('are those of the package', () => {
      const files = fs.readdirSync(examples).map((file) => path.basename(file, '.json'));
      assert.deepEqual(files, Object.keys(outcomes).sort());
    });

    for (const [name, outcome] of Object.entries(outcomes)) {
      test(`${name} does what it says`, async (t) => {
        t.after(() => red.request('POST', '/flows', { flows: [] }));
        red.debugLog = [];
        await importExample(browser, red, name);
        for (const { id, source } of nodesOf(name, 'secret-manager')) {
          if (!source) await red.status(id, '🆗 Synced');
        }
        await outcome(red, service);
        assert.ok(!JSON.stringify(red.debugLog).includes('canary'));
      });
    }
  });
}

/**
 * @param {string} example
 * @param {string} [type]
 * @returns {Array<Record<string, any>>}
 */
function nodesOf(example, type) {
  const nodes = JSON.parse(fs.readFileSync(path.join(examples, `${example}.json`), 'utf8'));
  return type ? nodes.filter((/** @type {any} */ node) => node.type === type) : nodes;
}

/**
 * @param {InstanceType<typeof Service>} service
 * @param {string} space
 */
function tokenOf(service, space) {
  return service.command(['token', 'create', '--space', space, '--name', 'example']).token;
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {Red} red
 * @param {string} name
 */
async function importExample(browser, red, name) {
  const page = await browser.newPage({ viewport: { width: 1120, height: 720 } });
  page.setDefaultTimeout(20_000);
  await page.goto(red.url);
  await page.locator('.red-ui-palette-node[data-palette-type="secret-manager"]').waitFor();
  await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
  await page.evaluate(`RED.actions.invoke('core:show-examples-import-dialog')`);
  const dialog = page.locator('#red-ui-clipboard-dialog-import-tab-examples');
  await dialog.getByText('@secret-manager/node-red').click();
  await dialog.getByText(name, { exact: true }).click();
  await page.locator('#red-ui-clipboard-dialog-ok').click();
  await page.locator('#red-ui-header-button-deploy:not(.disabled)').click();
  const [first] = nodesOf(name, 'secret-manager');
  await red.until(() => red.statuses.has(first.id));
  await page.close();
}

/**
 * @param {Red} red
 * @param {string[]} names of Inject nodes
 */
async function press(red, names) {
  const { flows } = await red.request('GET', '/flows');
  for (const name of names) {
    const inject = flows.find((/** @type {any} */ node) => node.name === name);
    await red.request('POST', `/inject/${inject.id}`, {});
  }
}

/**
 * What a Debug node has shown.
 * @param {Red} red
 * @param {string} name
 */
function shown(red, name) {
  return red.debugLog
    .filter((entry) => /** @type {any} */ (entry).name === name)
    .map(({ msg }) => msg);
}

/**
 * @param {Red} red
 * @param {string} name of a Debug node
 * @param {string[]} expected
 */
async function shows(red, name, expected) {
  await red.until(() => shown(red, name).length >= expected.length);
  assert.deepEqual(shown(red, name).sort(), [...expected].sort());
}

module.exports = { runsExamples };
