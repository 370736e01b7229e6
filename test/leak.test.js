'use strict';

/* After a life with everything in it, no file of any process holds a value, a token or, on the
 * service's side, a name in clear. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const {
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  tab,
  TAB,
} = require('./lib/flows');
const { Vault } = require('../js');
const { NodeRed } = require('./lib/node-red');
const { Service } = require('./lib/service');
const { failureOf } = require('./lib/until');
const { vaultDirectory } = require('./lib/vault');

/** @typedef {Array<[string, Buffer]>} Files names and contents */

const values = [
  'canary-text-7f3a9c',
  'canary-json-b81e44',
  'canary-second-55d0aa',
  'canary-gone-0c6e21',
];
const names = ['CANARY_NAME_TEXT', 'CANARY_NAME_JSON', 'CANARY_NAME_GONE'];

/** A Node-RED that writes as much as it can. */
const settings = {
  contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 0 } } },
  logging: { console: { level: 'trace', metrics: true, audit: true } },
};

/** All that a flow can do to show values on screens and in the log. */
const showing = [
  ...endpoint('unsafe', {
    ...functionNode(
      `const SECRETS = global.get('SECRETS');
      node.warn(SECRETS);
      console.log(SECRETS);
      global.set('copy', SECRETS);
      for (const value of [SECRETS.CANARY_NAME_TEXT, SECRETS.CANARY_NAME_JSON?.password]) {
        if (value === undefined) continue;
        const bytes = Buffer.from(value);
        const shown = [value, { [value]: [value] }, bytes, new Error(value), new Map([[1, value]])];
        shown.push(bytes.toString('base64'), Buffer.from(':' + value).toString('base64'));
        shown.push(bytes.toString('hex'), JSON.stringify(bytes), encodeURIComponent(value));
        shown.push('x'.repeat(990) + value + 'x'.repeat(5000));
        for (const what of shown) {
          for (const level of ['trace', 'debug', 'log', 'warn', 'error']) node[level](what);
          node.send([null, { payload: what, topic: value }]);
        }
        node.status({ text: value });
      }
      return { ...msg, payload: 'done' };`,
      { outputs: 2 },
    ),
    wires: [['unsafe-answer'], ['out', 'short']],
  }),
  {
    ...{ id: 'out', type: 'debug', z: TAB, wires: [] },
    ...{ active: true, console: true, tosidebar: true, complete: 'true', targetType: 'full' },
  },
  {
    ...{ id: 'short', type: 'debug', z: TAB, wires: [] },
    ...{ active: true, tosidebar: false, tostatus: true },
  },
];

for (const version of /** @type {const} */ ([5, 4])) {
  test(`nothing leaks with Node-RED ${version}`, async (t) => {
    const service = new Service();
    service.command(['space', 'create', 'plant']);
    service.import('plant', {
      CANARY_NAME_TEXT: values[0],
      CANARY_NAME_JSON: { password: values[1] },
      CANARY_NAME_GONE: values[3],
    });
    const created = service.command(['token', 'create', '--space', 'plant', '--name', 'leak']);
    await service.start();
    t.after(() => service.stop());

    const red = await NodeRed.start(version, { settings });
    t.after(() => red.stop());
    await red.deploy([
      tab,
      secretSource({ url: service.url, token: created.token }),
      secretManager({ wires: [['out']] }),
      ...endpoint(
        'read',
        expressionNode(
          `Object.keys(global.get('SECRETS')).length + global.get('SECRETS').CANARY_NAME_TEXT.length`,
        ),
      ),
      ...showing,
    ]);
    await red.status('manager', '🆗 Synced');
    assert.equal((await red.ask('/read')).value, 3 + values[0].length);
    await red.ask('/unsafe');

    // A change, a removal, a sync by hand, an outage and a denial.
    service.command(
      ['secret', 'set', '--space', 'plant', names[0], '--type', 'text', '--stdin'],
      values[2],
    );
    service.command(['secret', 'delete', '--space', 'plant', names[2]]);
    await red.request('POST', '/secret-manager/manager/sync');
    assert.equal((await red.ask('/read')).value, 2 + values[2].length);
    await red.ask('/unsafe');
    service.command(['token', 'revoke', created.id]);
    const cache = path.join(red.userDir, '.secret-manager');
    const kept = path.join(cache, 'SECRETS.cache');
    await red.until(() => fs.existsSync(kept));
    // What a thief of the directory would find; the denial that follows takes it away.
    fs.cpSync(cache, path.join(red.userDir, 'copy of the cache'), { recursive: true });
    await failureOf(red.request('POST', '/secret-manager/manager/sync'));
    await failureOf(red.request('POST', '/secret-manager/manager/sync'));
    await red.status('manager', /^Access denied/);
    await red.until(() => !fs.existsSync(kept));
    await red.stop();
    await service.stop();

    // It leads to this very repository, where the needles are.
    fs.rmSync(path.join(red.userDir, 'node_modules'), { recursive: true });
    const needles = [...values, created.token];
    /** @type {Files} */
    const onNodeRed = [...filesIn(red.userDir), ...screens(red)];
    /** @type {Files} */
    const onService = [
      ...filesIn(service.data),
      ['the log of the service', Buffer.from(service.log)],
    ];
    assert.deepEqual(findings([...onNodeRed, ...onService], needles), []);
    assert.deepEqual(findings(onService, names), []);
    const cached = filesIn(path.join(red.userDir, 'copy of the cache'));
    assert.equal(cached.length, 3);
    assert.deepEqual(findings(cached, names), []);
  });
}

for (const version of /** @type {const} */ ([5, 4])) {
  test(`nothing leaks from the built-in vault with Node-RED ${version}`, async (t) => {
    const red = await NodeRed.start(version, { settings });
    t.after(() => red.stop());
    await red.deploy([
      tab,
      secretManager({ source: '', wires: [['out']] }),
      ...endpoint('read', expressionNode(`global.get('SECRETS').CANARY_NAME_TEXT?.length`)),
      ...showing,
    ]);
    await red.status('manager', '🆗 Synced');
    const directory = vaultDirectory(red);
    const vault = await Vault.open({ directory });
    const by = { actor: 'anna' };
    await vault.put(names[0], { type: 'text', value: values[0] }, by);
    await vault.put(names[1], { type: 'json', value: `{"password":"${values[1]}"}` }, by);
    await vault.import({ format: 'env', text: `${names[2]}=${values[3]}\n`, ...by });
    await red.until(async () => (await red.ask('/read')).value === values[0].length);
    await red.ask('/unsafe');

    // Each of these is refused, and says why.
    const wrong = { type: /** @type {const} */ ('json'), value: `{"${values[1]}": }` };
    await failureOf(vault.put(names[1], wrong, by));
    await failureOf(vault.import({ format: 'env', text: `A="${values[1]}`, ...by }));

    await vault.put(names[0], { type: 'text', value: `${values[2]}-longer` }, by);
    await vault.rollback(names[0], { version: 1, ...by });
    await vault.reveal(names[0], by);
    await vault.export({ format: 'env', ...by });
    await vault.remove(names[1], by);
    await vault.destroy(names[2], by);
    await red.until(async () => (await red.ask('/read')).value === values[0].length);
    await red.ask('/unsafe');
    // So that the write-ahead log stays as it is.
    await red.stop('SIGKILL');
    fs.rmSync(path.join(red.userDir, 'node_modules'), { recursive: true });
    const inVault = filesIn(directory);
    assert.ok(inVault.some(([file]) => file.endsWith('secret-manager.db-wal')));
    /** @type {Files} */
    const everything = [...filesIn(red.userDir), ...screens(red)];
    // The last one to close it takes the log away.
    vault.close();
    assert.deepEqual(findings(everything, values), []);
    assert.deepEqual(findings(inVault, names), []);
  });
}

/**
 * What the editor was sent, and the log.
 * @param {InstanceType<typeof NodeRed>} red
 * @returns {Files}
 */
function screens({ log, debugLog, statusLog }) {
  const all = Object.entries({
    log,
    debug: JSON.stringify(debugLog),
    status: JSON.stringify(statusLog),
  });
  // Otherwise it would prove nothing that no value is in them.
  for (const [name, text] of all) assert.ok(text.includes('•••'), name);
  return all.map(([name, text]) => [name, Buffer.from(text)]);
}

/**
 * @param {string} directory
 * @returns {Files}
 */
function filesIn(directory) {
  return fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      return [file, fs.readFileSync(file)];
    });
}

/**
 * @param {Files} files
 * @param {string[]} needles
 */
function findings(files, needles) {
  return files.flatMap(([file, content]) => {
    const haystacks = [content.toString('latin1'), content.toString('latin1').toLowerCase()];
    return needles.flatMap((needle) =>
      formsOf(needle)
        .filter((form) => haystacks.some((text) => text.includes(form)))
        .map((form) => `${file}: ${form}`),
    );
  });
}

/**
 * As it is, in hex, and in base64 at each of the three places it can begin at.
 * @param {string} text
 */
function formsOf(text) {
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + text).toString('base64');
    // The first and the last characters depend on what stands around.
    return encoded.slice(shift ? 4 : 0, -4);
  });
  return [text, Buffer.from(text).toString('hex'), encodeURIComponent(text), ...base64];
}
