'use strict';

/*
 * Who gets what: users × routes, with users as people set them up. A route that isn't in the table
 * makes it fail, and so does a value in an answer that isn't there to reveal one.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { routes } = require('../nodes/lib/admin');
const { onBothVersions } = require('./lib/both-versions');
const { endpoint, functionNode, secretManager, secretSource, tab } = require('./lib/flows');
const { useNodeReds } = require('./lib/node-reds');
const { ScriptedSource } = require('./lib/scripted-source');
const { temporaryDirectory } = require('./lib/temporary');

/** @typedef {InstanceType<typeof import('./lib/node-red').NodeRed>} Red */

/** What the users may do, by their names. */
const users = {
  everything: '*',
  reader: 'read',
  writer: 'write',
  names: 'secrets.read',
  revealer: ['secrets.read', 'secrets.reveal'],
  editor: ['secrets.read', 'secrets.write'],
  flows: 'flows.write',
  context: 'context.read',
  nothing: [],
};

const READ = ['everything', 'reader', 'names', 'revealer', 'editor'];
const REVEAL = ['everything', 'revealer'];
const WRITE = ['everything', 'writer', 'editor'];
const CONTEXT = ['everything', 'reader', 'context'];
const CONTEXT_WRITE = ['everything', 'writer'];

const value = 'canary-permission-90c2';
/** In which it is no less readable. */
const FORMS = /** @type {BufferEncoding[]} */ (['base64', 'hex']);
const forms = [value, ...FORMS.map((form) => Buffer.from(value).toString(form))];

const secret = '/vault/secrets/KEY';
/** What makes a secret be there, and what makes it be a deleted one. */
const present = { route: `PUT ${secret}`, body: `{"type":"text","value":"${value}"}` };
const deleted = { route: `DELETE ${secret}` };

/**
 * @typedef {object} Use
 * @property {string} route method and address
 * @property {string} [body]
 *
 * @typedef {object} Row
 * @property {string} route as it is served
 * @property {string[]} who may use it
 * @property {string} [as] the address with its parameters filled in
 * @property {boolean} [reveals]
 * @property {number} [status] of the answer
 * @property {Use[]} [first] what somebody does before each use
 * @property {string} [body]
 */

/** @type {Row[]} */
const ours = [
  { route: 'GET /status', who: READ },
  { route: 'GET /secrets', who: READ },
  { route: 'GET /secrets/:key', as: '/secrets/KEY', who: REVEAL, reveals: true },
  { route: 'POST /:id/sync', as: '/manager/sync', who: WRITE, status: 204 },
  { route: 'GET /vault', who: READ },
  { route: 'GET /vault/secrets', who: READ, first: [present] },
  {
    route: 'GET /vault/secrets/:key/versions',
    as: `${secret}/versions`,
    who: READ,
    first: [present],
  },
  { route: 'GET /vault/secrets/:key', as: secret, who: REVEAL, reveals: true, first: [present] },
  {
    route: 'POST /vault/export',
    as: '/vault/export?format=json',
    who: REVEAL,
    reveals: true,
    first: [present],
  },
  {
    route: 'PUT /vault/secrets/:key',
    as: secret,
    who: WRITE,
    body: present.body,
    first: [present],
  },
  { route: 'DELETE /vault/secrets/:key', as: secret, who: WRITE, status: 204, first: [present] },
  {
    route: 'POST /vault/secrets/:key/rollback',
    as: `${secret}/rollback`,
    who: WRITE,
    body: '{"version":1}',
    first: [present],
  },
  {
    route: 'POST /vault/secrets/:key/restore',
    as: `${secret}/restore`,
    who: WRITE,
    first: [present, deleted],
  },
  {
    route: 'POST /vault/secrets/:key/destroy',
    as: `${secret}/destroy`,
    who: WRITE,
    status: 204,
    body: '{}',
    first: [present],
  },
  {
    route: 'POST /vault/import',
    as: '/vault/import?format=env',
    who: WRITE,
    body: `KEY=${value}`,
  },
];

/** @type {Row[]} */
const contexts = [
  { route: 'GET /context/global', who: CONTEXT },
  { route: 'GET /context/global/SECRETS', who: CONTEXT },
  { route: 'GET /context/global/SECRETS.KEY', who: CONTEXT },
  { route: 'GET /context/global/SECRETS.OBJECT', who: CONTEXT },
  { route: 'GET /context/global/SECRETS.OBJECT.deep', who: CONTEXT },
  { route: 'GET /context/global/SECRETS.OBJECT.deep[0]', who: CONTEXT },
  { route: 'GET /context/global/copied', who: CONTEXT },
  { route: 'GET /context/global', as: '/context/global?keysOnly=true', who: CONTEXT },
  { route: 'GET /context/flow/tab', who: CONTEXT },
  { route: 'GET /context/flow/tab/copied', who: CONTEXT },
  { route: 'GET /context/node/copy-0', who: CONTEXT },
  { route: 'GET /context/node/copy-0/copied', who: CONTEXT },
  { route: 'GET /context/global/SECRETS_METADATA', who: CONTEXT },
  { route: 'DELETE /context/global/SECRETS', who: CONTEXT_WRITE, status: 204 },
];

/** Tells which routes this package gave to Node-RED. */
const lister = `module.exports = (RED) => {
  RED.httpAdmin.get('/test-routes', (_request, response) => {
    const { stack } = RED.httpAdmin._router ?? RED.httpAdmin.router;
    const routes = stack.flatMap(({ route }) => route ?? []);
    response.json(
      routes.flatMap(({ path, methods }) =>
        Object.keys(methods).map((method) => method.toUpperCase() + ' ' + path),
      ),
    );
  });
};`;

onBothVersions('Permissions', (version) => {
  const source = new ScriptedSource();
  const startNodeRed = useNodeReds(version);
  /** Tokens of somebody who may do everything there. @type {Map<Red, string>} */
  const masters = new Map();

  /** @param {string} rest of adminAuth */
  async function start(rest = '') {
    const userDir = temporaryDirectory('node-red-');
    const nodes = path.join(userDir, 'nodes');
    fs.mkdirSync(nodes);
    fs.writeFileSync(path.join(nodes, 'lister.js'), lister);
    fs.writeFileSync(path.join(nodes, 'lister.html'), '');
    const { credentials, ...where } = secretSource(source);
    const red = await startNodeRed({
      userDir,
      settings: { logging: { console: { level: 'trace', audit: true } } },
      extraSettings: `adminAuth: {
        type: 'credentials',
        users: async (username) => {
          const permissions = ${JSON.stringify(users)}[username];
          return permissions === undefined ? null : { username, permissions };
        },
        authenticate: async (username, password) => {
          const permissions = ${JSON.stringify(users)}[username];
          return password === 'right' && permissions !== undefined ? { username, permissions } : null;
        },
        ${rest}
      }`,
      flows: [
        tab,
        where,
        secretManager(),
        ...endpoint(
          'copy',
          functionNode(`const { KEY, OBJECT } = global.get('SECRETS');
            const copied = { KEY, OBJECT, forms: ${JSON.stringify(FORMS)}.map((form) =>
              Buffer.from(KEY).toString(form)) };
            for (const place of [global, flow, context]) place.set('copied', copied);
            return msg;`),
        ),
      ],
      credentials: { source: credentials },
    });
    masters.set(red, await signIn(red, 'everything'));
    await red.until(async () => {
      const { text } = await use(red, ours[0], masters.get(red));
      return JSON.parse(text).active[0]?.state === 'synced';
    });
    // Somebody's flow puts what it reads elsewhere.
    await red.ask('/copy');
    return red;
  }

  /**
   * @param {Red} red
   * @param {string} username
   * @returns {Promise<string>}
   */
  async function signIn(red, username) {
    const answer = await red.request('POST', '/auth/token', {
      client_id: 'node-red-admin',
      grant_type: 'password',
      scope: '',
      username,
      password: 'right',
    });
    return answer.access_token;
  }

  /**
   * @param {Red} red
   * @param {Use & { as?: string, first?: Use[] }} row
   * @param {string} [token]
   */
  async function use(red, { route, as, body, first = [] }, token) {
    for (const step of first) await use(red, step, masters.get(red));
    const [method, address] = route.split(' ');
    const below = address.startsWith('/context') ? '' : '/secret-manager';
    const response = await fetch(red.url + below + (as ?? address), {
      method,
      headers: {
        'Content-Type': 'application/octet-stream',
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  /**
   * @param {Row} row
   * @param {boolean} may
   * @param {{ status: number, text: string }} answer
   * @param {string} who
   */
  function check({ route, reveals = false, status = 200 }, may, answer, who) {
    const shown = forms.some((form) => answer.text.includes(form));
    assert.deepEqual(
      [answer.status, shown],
      may ? [status, reveals] : [401, false],
      `${who}, ${route}: ${answer.text.slice(0, 300)}`,
    );
  }

  before(async () => {
    await source.start();
    source.publish({ KEY: value, OBJECT: { deep: [value], other: 1 } });
  });

  after(() => source.stop());

  /** @type {Red} */
  let red;
  /** @type {Map<string, string>} */
  const tokens = new Map();

  before(async () => {
    red = await start();
    for (const name of Object.keys(users)) tokens.set(name, await signIn(red, name));
  });

  test('the table has every route that there is', async () => {
    const listed = ours.map(({ route }) => route).sort();
    const known = routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
    assert.deepEqual(listed, known);
    /** @type {string[]} */
    const served = await red.request('GET', '/test-routes');
    const prefix = ' /secret-manager';
    const here = served
      .filter((route) => route.includes(prefix))
      .map((route) => route.replace(prefix, ' '))
      .sort();
    assert.deepEqual(
      listed,
      here.map((route) => route.replace('  ', ' ')),
    );
  });

  for (const row of [...ours, ...contexts]) {
    test(row.route, async () => {
      for (const name of Object.keys(users)) {
        check(row, row.who.includes(name), await use(red, row, tokens.get(name)), name);
      }
      check(row, false, await use(red, row), 'nobody');
      check(row, false, await use(red, row, 'forged'), 'a forged token');
    });
  }

  test('the status says what each user may do, as the routes have it', async () => {
    for (const name of READ) {
      const { text } = await use(red, ours[0], tokens.get(name));
      const may = { reveal: REVEAL.includes(name), write: WRITE.includes(name) };
      assert.deepEqual(JSON.parse(text).permissions, may, name);
    }
  });

  test('a change and a reveal are known by the name of the user', async () => {
    await use(red, { ...present, first: [present, deleted] }, tokens.get('editor'));
    const { text } = await use(red, { route: 'GET /vault/secrets' }, tokens.get('names'));
    const [{ updatedBy }] = JSON.parse(text).secrets;
    assert.equal(updatedBy, 'editor');
    await use(red, { route: `GET ${secret}` }, tokens.get('revealer'));
    const audited = (/** @type {RegExp} */ event, /** @type {string} */ who) =>
      red.log.split('\n').some((line) => event.test(line) && line.includes(`"username":"${who}"`));
    await red.until(() => audited(/secret-manager\.vault\.put/, 'editor'));
    await red.until(() => audited(/secret-manager\.vault\.reveal/, 'revealer'));
    assert.ok(!red.log.includes(value));
  });

  test('who has not signed in may do what the default user may, and no more', async () => {
    const open = await start(`default: async () => ({ anonymous: true, permissions: 'read' }),`);
    for (const row of [...ours, ...contexts]) {
      check(row, row.who.includes('reader'), await use(open, row), 'anonymous');
    }
    const { permissions } = JSON.parse((await use(open, ours[0])).text);
    assert.deepEqual(permissions, { reveal: false, write: false });
  });
});
