'use strict';

/* The tab "Secrets" in the real editor's sidebar, in a real browser. */

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');
const { inEditors, wholeHeight } = require('./editors');
const { TAB, functionNode, secretManager, secretSource, setPayload, tab } = require('./flows');
const { NodeRed } = require('./node-red');
const { ScriptedSource, faults } = require('./scripted-source');
const { until } = require('./until');

/** @typedef {import('./editors').Open} Open */

/** @param {4 | 5} version */
function showsSecrets(version) {
  inEditors(`The sidebar on Node-RED ${version}`, (open) => suite(version, open));
}

/**
 * @param {4 | 5} version
 * @param {Open} open
 */
function suite(version, open) {
  const source = new ScriptedSource();
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  /** @type {Awaited<ReturnType<Open>>} */
  let editor;

  before(async () => {
    source.live = true;
    await source.start();
    red = await NodeRed.start(version, { flows: [tab] });
    await red.started();
    if (version === 5) await wholeHeight(red);
  });
  after(async () => {
    await red?.stop();
    await source.stop();
  });

  /**
   * In an editor that is opened for it.
   * @param {string} name
   * @param {() => Promise<void>} body
   * @param {import('./editors').Options} [options]
   */
  function see(name, body, options) {
    test(name, async () => {
      editor = await open(red, options);
      try {
        await body();
      } finally {
        await editor.close();
      }
    });
  }

  /**
   * In the editor that is open.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  function seeThere(name, body) {
    test(name, async () => {
      await editor.run(`RED.workspaces.show(${JSON.stringify(TAB)})`);
      await editor.run(`RED.sidebar.show('secret-manager')`);
      await body();
    });
  }

  /** @param {string} id */
  const isSelectedFlow = (id) => editor.run(`RED.workspaces.active() === ${JSON.stringify(id)}`);

  see('offers to add a node where there is none, and that can be undone', async () => {
    const { sidebar } = editor;
    await sidebar.getByText('There is no Secret Manager node in the flows.').waitFor();
    await editor.check('none');
    await editor.picture(`none-${version}`);
    const offer = sidebar.getByRole('button', { name: 'Add a Secret Manager node' });
    await offer.click();
    await sidebar.getByText('Not deployed yet').waitFor();
    const count = `RED.nodes.filterNodes({ type: 'secret-manager' }).length`;
    assert.equal(await editor.run(count), 1);
    assert.ok(await editor.run('RED.nodes.dirty()'));

    await editor.run(`RED.actions.invoke('core:undo')`);
    assert.equal(await editor.run(count), 0);
    await offer.click();
    await editor.deploy();
    await editor
      .fact('Active node')
      .getByRole('button', { name: 'Go to Secret Manager' })
      .waitFor();
    const { flows } = await red.request('GET', '/flows');
    const { autosync, syncOnSave, live, contextKey } = flows.find(
      (/** @type {any} */ { type }) => type === 'secret-manager',
    );
    assert.deepEqual([autosync, syncOnSave, live, contextKey], [60, true, true, 'SECRETS']);
  });

  describe('with a node', () => {
    const far = { id: 'far', type: 'tab', label: 'Far away' };

    before(async () => {
      source.publish({
        DB: { host: 'db.example.com', port: 5432 },
        MQTT_PASSWORD: 'battery staple',
        'mqtt.user': 'line-3',
        OLD_KEY: 'x',
        PRODUCT_A_API_KEY: 'sk_live_1',
      });
      await red.deploy([
        tab,
        far,
        secretSource(source, { name: 'Plant' }),
        secretManager({ name: 'Ours', x: 300, y: 80 }),
        {
          ...functionNode("const { PRODUCT_A_API_KEY } = global.get('SECRETS');"),
          ...{ id: 'reader', name: 'Call product A', z: TAB, x: 300, y: 140, wires: [[]] },
        },
        {
          ...setPayload('SECRETS.DB.password', 'global'),
          ...{ id: 'change', name: 'Log in', z: far.id, x: 200, y: 1500, wires: [[]] },
        },
        {
          ...functionNode("return { payload: global.get('SECRETS').GONE };"),
          ...{ id: 'missing', name: 'Needs more', z: TAB, x: 300, y: 200, wires: [[]] },
        },
        {
          id: 'broker',
          type: 'mqtt-broker',
          name: 'Line 3',
          broker: '127.0.0.1',
          clientid: '${SECRETS.mqtt.user}',
          port: '1',
          autoConnect: false,
          keepalive: '60',
          credentials: { user: 'line-3', password: '${SECRETS.MQTT_PASSWORD}' },
        },
        {
          ...{ id: 'subscriber', type: 'mqtt in', z: TAB, x: 300, y: 260, wires: [[]] },
          ...{ broker: 'broker', topic: 'line/3', qos: '2' },
        },
      ]);
      await red.status('manager', '🆗 Synced');
    });

    describe('in one editor', () => {
      before(async () => {
        editor = await open(red);
      });
      after(() => editor?.close());

      seeThere('shows how it is going, and that goes on', async () => {
        const { sidebar } = editor;
        await sidebar.getByText('🆗 Synced').waitFor();
        const text = async (/** @type {string} */ label) =>
          (await editor.fact(label).innerText()).replace(/\s+/g, ' ').trim();
        assert.match(await text('Source'), /^Plant Secret Manager service$/);
        assert.equal(await text('Space'), 'scripted');
        assert.equal(await text('Version'), String(source.version));
        for (const label of ['Updated at', 'Issued at', 'Synced at']) {
          assert.match(
            await text(label),
            /^(now|\d+ (second|minute)s? ago) \d+ \w+ 20\d\d, /,
            label,
          );
        }
        assert.match(await text('Created at'), /ago 1 Jan 2026, /);
        assert.match(await text('Next sync'), /^in \d+ (minutes|hour) /);
        assert.equal(await text('Active node'), 'Ours');
        await editor.picture(`status-${version}`);

        // It counts on.
        const age = await text('Synced at');
        await until(async () => (await text('Synced at')) !== age);

        // A change arrives by itself; so does trouble, and what helps against it.
        source.publish({ ...source.secrets, NEW_KEY: 'n' });
        await editor.row('NEW_KEY').waitFor();
        assert.equal(await text('Version'), String(source.version));

        source.fault = faults.status(500);
        await sidebar.getByRole('button', { name: 'Sync now' }).click();
        await sidebar.getByText('The source can’t be reached or doesn’t answer.').first().waitFor();
        await editor.check('trouble');
        await editor.picture(`trouble-${version}`);
        source.fault = null;
        await sidebar.getByRole('button', { name: 'Sync now' }).click();
        await sidebar.getByText('🆗 Synced').waitFor();
      });

      seeThere('changes the node’s settings as its panel does', async () => {
        const { sidebar } = editor;
        const settings = `(({ autosync, syncOnSave, changed }) =>
          [autosync, syncOnSave, changed === true])(RED.nodes.node('manager'))`;
        const autosync = sidebar.getByLabel('Autosync');
        await autosync.selectOption({ label: 'Every 30 min' });
        await sidebar.getByLabel('Sync on Save').uncheck();
        await sidebar.getByText('Changed here; in effect after a deploy.').waitFor();
        assert.deepEqual(await editor.run(settings), [1800, false, true]);
        assert.ok(await editor.run('RED.nodes.dirty()'));

        for (let step = 0; step < 2; step++) await editor.run(`RED.actions.invoke('core:undo')`);
        assert.deepEqual(await editor.run(settings), [3600, true, false]);
        assert.ok(!(await editor.run('RED.nodes.dirty()')));
        await until(async () => (await autosync.inputValue()) === '3600');

        await autosync.selectOption({ label: 'Every 12 hours' });
        await editor.deploy();
        await until(async () => {
          const { active } = await red.request('GET', '/secret-manager/status');
          // In the middle of a deploy no node is active.
          return active[0].settings?.autosync === 43200;
        });
        await sidebar.getByText('in effect after a deploy').waitFor({ state: 'hidden' });
      });

      seeThere('says where secrets are used, and leads there', async () => {
        const { page, sidebar } = editor;
        const readers = (/** @type {string} */ key) => editor.under(key).innerText();
        await editor.row('PRODUCT_A_API_KEY').waitFor();
        assert.match(await readers('PRODUCT_A_API_KEY'), /Used by\s+Call product A/);
        assert.match(await readers('DB'), /Used by\s+Log in/);
        assert.match(await readers('mqtt.user'), /Used by\s+Line 3/);
        assert.match(await readers('OLD_KEY'), /Unused/);
        // In its password, which the editor never gets.
        assert.match(await readers('MQTT_PASSWORD'), /Used by\s+Line 3/);
        const missing = sidebar.locator('[data-missing="GONE"]');
        assert.match(await missing.innerText(), /GONE\s+Needs more/);
        await editor.check('secrets');
        await sidebar.evaluate((element) => element.scrollBy(0, 10_000));
        await editor.picture(`secrets-${version}`, version === 5 ? 'sidebar' : undefined);

        await sidebar.getByRole('button', { name: 'Go to Log in in Far away' }).click();
        assert.ok(await isSelectedFlow('far'));
        await sidebar.getByRole('button', { name: 'Go to Needs more in Test' }).click();
        assert.ok(await isSelectedFlow(TAB));

        await sidebar.getByLabel('Show').selectOption('unused');
        assert.deepEqual(await sidebar.locator('[data-key] .key').allInnerTexts(), [
          'NEW_KEY',
          'OLD_KEY',
        ]);
        await sidebar.getByLabel('Show').selectOption('all');
        await sidebar.getByLabel('Search').fill('api');
        assert.deepEqual(await sidebar.locator('[data-key] .key').allInnerTexts(), [
          'PRODUCT_A_API_KEY',
        ]);
        await sidebar.getByLabel('Search').fill('');

        // Also what isn't deployed yet.
        await editor.run(`(() => {
          const node = RED.nodes.node('missing');
          node.func = "return { payload: global.get('SECRETS').OLD_KEY };";
          RED.events.emit('nodes:change', node);
        })()`);
        await until(async () => /Needs more/.test(await readers('OLD_KEY')));
        assert.equal(await missing.count(), 0);

        for (const [key, copied] of [
          ['DB', 'SECRETS.DB'],
          ['mqtt.user', 'SECRETS["mqtt.user"]'],
        ]) {
          await editor.row(key).locator('[data-action="copy-path"]').click();
          await until(
            async () => (await page.evaluate('navigator.clipboard.readText()')) === copied,
          );
        }

        // Config nodes have a sidebar of their own.
        await sidebar.getByRole('button', { name: 'Go to Line 3' }).first().click();
        await sidebar.waitFor({ state: 'hidden' });
      });

      seeThere('shows a value until nobody looks at it', async () => {
        const { page, sidebar } = editor;
        await editor.row('PRODUCT_A_API_KEY').locator('[data-action="reveal"]').click();
        await sidebar.getByText('sk_live_1').waitFor();
        await editor.check('revealed');
        await editor.run(`RED.sidebar.show('info')`);
        await editor.run(`RED.sidebar.show('config')`);
        await sidebar.waitFor({ state: 'hidden' });
        await editor.run(`RED.sidebar.show('secret-manager')`);
        await editor.row('PRODUCT_A_API_KEY').waitFor();
        assert.equal(await sidebar.getByText('sk_live_1').count(), 0);
        assert.ok(!(await page.content()).includes('sk_live_1'));

        // These secrets are edited elsewhere.
        for (const action of ['edit', 'delete', 'history']) {
          assert.equal(await sidebar.locator(`[data-action="${action}"]`).count(), 0, action);
        }
        assert.equal(await sidebar.getByRole('button', { name: 'Import' }).count(), 0);
        const link = sidebar.getByRole('link', { name: 'open the space' });
        assert.equal(await link.getAttribute('href'), `${source.url}/spaces/${source.space.id}`);
      });

      seeThere('asks for nothing while it can’t be seen', async () => {
        await editor.row('DB').waitFor();
        await editor.run(`RED.sidebar.show('config')`);
        await editor.sidebar.waitFor({ state: 'hidden' });
        editor.requests.length = 0;
        const heard = red.changed.length;
        source.publish({ ...source.secrets, WHILE_HIDDEN: 'x' });
        await until(() => red.changed.length > heard);
        await editor.run('new Promise((resolve) => requestIdleCallback(resolve))');
        assert.deepEqual(editor.requests, []);
        await editor.run(`RED.sidebar.show('secret-manager')`);
        await editor.row('WHILE_HIDDEN').waitFor();
      });

      seeThere('keeps keys to itself that are typed into its fields', async () => {
        await editor.run(`RED.view.select({ nodes: [RED.nodes.node('reader')] })`);
        await editor.sidebar.getByLabel('Search').fill('api');
        for (const key of ['Backspace', 'Delete', '?', 'Control+a', 'Control+x']) {
          await editor.page.keyboard.press(key);
        }
        assert.ok(await editor.run(`RED.nodes.node('reader') !== null`));
        assert.ok(!(await editor.run('RED.nodes.dirty()')));
      });
    });

    see(
      'speaks German in a German editor',
      async () => {
        await editor.sidebar.getByText('Jetzt synchronisieren').waitFor();
        assert.match(await editor.under('OLD_KEY').innerText(), /Unbenutzt/);
        await editor.check('German');
        await editor.picture(`german-dark-${version}`, version === 5 ? 'sidebar-dark' : undefined);
      },
      { language: 'de-DE', colours: 'dark' },
    );
  });

  describe('with several nodes', () => {
    before(async () => {
      await red.stop();
      const flows = [
        tab,
        secretSource(source, { name: 'Plant', credentials: undefined }),
        secretManager({ name: 'First', x: 300, y: 80 }),
        secretManager({ id: 'second', name: 'Second', x: 300, y: 140 }),
        secretManager({ id: 'other', name: 'Other', contextKey: 'LABORATORY', x: 300, y: 200 }),
        {
          ...functionNode("return { payload: global.get('LABORATORY').DB };"),
          ...{ id: 'reader', name: 'Laboratory', z: TAB, x: 300, y: 260, wires: [[]] },
        },
      ];
      const { token } = source;
      red = await NodeRed.start(version, {
        flows,
        settings: { credentialSecret: false },
        credentials: { source: { token } },
      });
      await red.status('manager', '🆗 Synced');
      await red.status('other', '🆗 Synced');
      if (version === 5) await wholeHeight(red);
    });

    see('says which of two is active, and shows several context keys', async () => {
      const { sidebar } = editor;
      const choice = sidebar.getByLabel('Context key');
      await choice.selectOption('SECRETS');
      await editor.fact('Standing by').waitFor();
      assert.match(await editor.fact('Active node').innerText(), /First/);
      assert.match(await editor.fact('Standing by').innerText(), /Second/);
      await editor.check('two');
      await editor.picture(`two-${version}`);

      await choice.selectOption('LABORATORY');
      await until(async () => /Other/.test(await editor.fact('Active node').innerText()));
      await until(async () => /Laboratory/.test(await editor.under('DB').innerText()));
    });
  });
}

module.exports = { showsSecrets };
