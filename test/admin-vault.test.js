'use strict';

/* The built-in source through the admin API: what is changed there is what flows read. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { after, before, beforeEach, test } = require('node:test');
const { onBothVersions } = require('./lib/both-versions');
const { endpoint, expressionNode, secretManager, tab } = require('./lib/flows');
const { NodeRed } = require('./lib/node-red');
const { vaultDirectory } = require('./lib/vault');

onBothVersions('The vault in the admin API', (version) => {
  /** @type {InstanceType<typeof NodeRed>} */
  let red;
  const canary = 'canary-vault-51b7';
  const big = '{"number":12345678901234567890.0100,"list":[ 1,2]}';

  /**
   * @param {string} method
   * @param {string} route
   * @param {{ body?: string | Uint8Array<ArrayBuffer>, headers?: Record<string, string> }} [options]
   */
  async function ask(method, route, { body, headers } = {}) {
    const response = await fetch(`${red.url}/secret-manager/vault${route}`, {
      method,
      body,
      headers: { 'Content-Type': 'application/octet-stream', ...headers },
    });
    const text = await response.text();
    const type = response.headers.get('Content-Type') ?? '';
    const json = /json/.test(type) ? JSON.parse(text) : null;
    return { status: response.status, text, json, cached: response.headers.get('Cache-Control') };
  }

  const put = (
    /** @type {string} */ key,
    /** @type {string} */ value,
    /** @type {Record<string, string>} */ headers = {},
  ) =>
    ask('PUT', `/secrets/${key}`, {
      body: `{"type":"text","value":${JSON.stringify(value)}}`,
      headers,
    });
  const seen = async () => (await red.ask('/seen')).value;
  const keys = async (/** @type {string} */ query = '') =>
    (await ask('GET', `/secrets${query}`)).json.secrets.map(
      (/** @type {{ key: string }} */ { key }) => key,
    );

  before(async () => {
    red = await NodeRed.start(version, {
      settings: { logging: { console: { level: 'trace', audit: true } } },
      flows: [
        tab,
        secretManager({ source: '' }),
        ...endpoint('seen', expressionNode(`{ ...global.get('SECRETS') }`)),
      ],
    });
    await red.status('manager', '🆗 Synced');
  });

  beforeEach(async () => {
    for (const query of ['', '?deleted=true']) {
      for (const key of await keys(query)) {
        await ask('POST', `/secrets/${key}/destroy`, { body: '{}' });
      }
    }
  });

  after(() => red?.stop());

  test('a secret is made, changed, revealed and deleted, and flows see each of it', async () => {
    const made = await put('KEY', 'one');
    assert.equal(made.status, 201);
    assert.equal(made.cached, 'no-store');
    const { createdAt, updatedAt, spaceVersion, ...facts } = made.json;
    assert.ok(Date.parse(createdAt) && Date.parse(updatedAt) && spaceVersion > 0);
    assert.equal(facts.key, 'KEY');
    assert.deepEqual([facts.type, facts.version, facts.created], ['text', 1, true]);
    await red.until(async () => (await seen()).KEY === 'one');

    const changed = await put('KEY', 'two');
    assert.deepEqual([changed.status, changed.json.version, changed.json.created], [200, 2, false]);
    await red.until(async () => (await seen()).KEY === 'two');
    const revealed = (await ask('GET', '/secrets/KEY')).json;
    assert.deepEqual([revealed.key, revealed.type, revealed.value], ['KEY', 'text', 'two']);
    assert.equal((await ask('GET', '/secrets/KEY?version=1')).json.value, 'one');

    assert.equal((await ask('DELETE', '/secrets/KEY')).status, 204);
    await red.until(async () => !('KEY' in (await seen())));
    assert.equal((await ask('GET', '/secrets/KEY')).status, 404);
  });

  test('the list has keys and facts, and no value', async () => {
    await put('B', canary);
    await ask('PUT', '/secrets/A', { body: `{"value":{"a":"${canary}"},"type":"json"}` });
    const { status, text, json } = await ask('GET', '/secrets');
    assert.equal(status, 200);
    assert.ok(!text.includes(canary));
    assert.deepEqual(
      json.secrets.map((/** @type {any} */ { key, type, version: own }) => [key, type, own]),
      [
        ['A', 'json', 1],
        ['B', 'text', 1],
      ],
    );
    assert.ok(json.version > 0 && json.space.name && Date.parse(json.updatedAt));
  });

  test('a JSON value is kept as it is written', async () => {
    const body = `{"type":"json","value":${big}}`;
    assert.equal((await ask('PUT', '/secrets/BIG', { body })).status, 201);
    assert.ok((await ask('GET', '/secrets/BIG')).text.includes(`"value":${big}`));
    await red.until(async () => (await seen()).BIG?.list.length === 2);
  });

  test('a change that expects something else changes nothing', async () => {
    await put('KEY', 'one');
    await put('KEY', 'two');
    for (const headers of /** @type {Array<Record<string, string>>} */ ([
      { 'If-Match': '"1"' },
      { 'If-None-Match': '*' },
    ])) {
      const { status, json } = await put('KEY', 'three', headers);
      assert.deepEqual([status, json.code, json.current], [412, 'precondition_failed', 2]);
    }
    const gone = await ask('DELETE', '/secrets/KEY', { headers: { 'If-Match': '"1"' } });
    assert.deepEqual([gone.status, gone.json.current], [412, 2]);
    const none = await put('NONE', 'x', { 'If-Match': '"1"' });
    assert.deepEqual([none.status, none.json.current], [412, null]);
    assert.equal((await put('KEY', 'three', { 'If-Match': '"2"' })).json.version, 3);
    assert.equal((await put('NEW', 'x', { 'If-None-Match': '*' })).status, 201);
    for (const headers of /** @type {Array<Record<string, string>>} */ ([
      { 'If-Match': '3' },
      { 'If-Match': '*' },
      { 'If-Match': 'W/"3"' },
      { 'If-Match': '"3", "4"' },
      { 'If-None-Match': '"3"' },
      { 'If-None-Match': '*', 'If-Match': '"3"' },
    ])) {
      const { status, json } = await put('KEY', 'four', headers);
      assert.deepEqual([status, json.code], [400, 'header_invalid'], JSON.stringify(headers));
    }
    assert.equal((await ask('GET', '/secrets/KEY')).json.value, 'three');
  });

  test('versions are listed, rolled back to and destroyed', async () => {
    for (const value of ['one', 'two', 'three']) await put('KEY', value);
    const back = await ask('POST', '/secrets/KEY/rollback', { body: '{"version":1}' });
    assert.deepEqual([back.status, back.json.version], [200, 4]);
    await red.until(async () => (await seen()).KEY === 'one');
    const stale = await ask('POST', '/secrets/KEY/rollback', {
      body: '{"version":2}',
      headers: { 'If-Match': '"3"' },
    });
    assert.deepEqual([stale.status, stale.json.current], [412, 4]);

    const { status } = await ask('POST', '/secrets/KEY/destroy', { body: '{"versions":[2,3]}' });
    assert.equal(status, 204);
    assert.equal((await ask('GET', '/secrets/KEY?version=2')).status, 410);
    const { json } = await ask('GET', '/secrets/KEY/versions');
    assert.deepEqual(
      json.versions.map((/** @type {any} */ { version: own }) => own),
      [4, 3, 2, 1],
    );
    assert.equal(json.versions[0].rolledBackFrom, 1);
  });

  test('what is deleted can be restored until it is destroyed', async () => {
    await put('KEY', 'one');
    await ask('DELETE', '/secrets/KEY');
    assert.deepEqual(await keys(), []);
    assert.deepEqual(await keys('?deleted=true'), ['KEY']);
    assert.equal((await ask('POST', '/secrets/KEY/restore')).status, 200);
    await red.until(async () => (await seen()).KEY === 'one');
    // A mistake in the list is no reason to destroy all there is.
    for (const versions of ['null', '{}', '"1"', '[0]', '[1.5]', '["1"]', '[1', '1']) {
      const body = `{"versions":${versions}}`;
      const { status, json } = await ask('POST', '/secrets/KEY/destroy', { body });
      assert.deepEqual([status, json.code], [400, 'body_invalid'], body);
    }
    assert.deepEqual(await keys(), ['KEY']);
    assert.equal((await ask('POST', '/secrets/KEY/destroy', { body: '{}' })).status, 204);
    assert.equal((await ask('POST', '/secrets/KEY/restore')).status, 404);
  });

  test('files are imported as one version or not at all, and exports can be imported', async () => {
    const text = 'ONE=1\nTWO="a b"\n';
    const tried = await ask('POST', '/import?format=env&dryRun=true', { body: text });
    assert.deepEqual([tried.status, tried.json.added], [200, ['ONE', 'TWO']]);
    assert.deepEqual(await keys(), []);
    assert.deepEqual((await ask('POST', '/import?format=env', { body: text })).json.added, [
      'ONE',
      'TWO',
    ]);
    await red.until(async () => (await seen()).TWO === 'a b');

    const wrong = await ask('POST', '/import?format=env', { body: `THREE=3\n${canary}\n` });
    assert.deepEqual([wrong.status, wrong.json.code], [422, 'import_invalid']);
    assert.deepEqual(wrong.json.mistakes.length, 1);
    assert.equal(wrong.json.mistakes[0].line, 2);
    assert.ok(!wrong.text.includes(canary));
    assert.deepEqual(await keys(), ['ONE', 'TWO']);

    await ask('PUT', '/secrets/BIG', { body: `{"type":"json","value":${big}}` });
    const exported = await ask('POST', '/export?format=json');
    assert.equal(exported.status, 200);
    const again = await ask('POST', '/import?format=json', { body: exported.text });
    assert.deepEqual(
      [again.json.added, again.json.changed, again.json.unchanged],
      [[], [], ['BIG', 'ONE', 'TWO']],
    );
    await ask('POST', '/secrets/BIG/destroy', { body: '{}' });
    const env = await ask('POST', '/export?format=env');
    assert.match(env.text, /^ONE=/m);
  });

  test('what is asked the wrong way is told by its place, and quoted nowhere', async () => {
    for (const [method, route, body, status, code] of /** @type {const} */ ([
      ['PUT', '/secrets/KEY', `{"type":"text","value":"${canary}`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `{"type":"text",\n"value" "${canary}"}`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `{"type":"${canary}","value":"x"}`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `{"type":"text","value":["${canary}"]}`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `{"type":"text"}`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `["${canary}"]`, 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', '', 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', new Uint8Array([0x22, 0xff, 0xfe]), 400, 'body_invalid'],
      ['PUT', '/secrets/KEY', `{"type":"json","value":{"a":${canary}}}`, 422, 'value_invalid'],
      ['PUT', '/secrets/toJSON', '{"type":"text","value":"x"}', 422, 'name_invalid'],
      ['PUT', '/secrets/no%20name', '{"type":"text","value":"x"}', 422, 'name_invalid'],
      ['POST', '/secrets/NONE/rollback', '{"version":1}', 404, 'not_found'],
      ['POST', '/secrets/NONE/rollback', '{}', 400, 'body_invalid'],
      ['POST', '/secrets/NONE/rollback', `{"version":${canary}}`, 400, 'body_invalid'],
      ['POST', '/secrets/NONE/restore', '', 404, 'not_found'],
      ['DELETE', '/secrets/NONE', '', 404, 'not_found'],
      ['POST', '/import', '', 400, 'query_invalid'],
      ['POST', '/import?format=yaml', '', 400, 'query_invalid'],
      ['POST', '/import?format=env&dryRun=maybe', '', 400, 'query_invalid'],
      ['POST', '/export?format=env&format=env', '', 400, 'query_invalid'],
    ])) {
      const answer = await ask(method, route, { body });
      const { message, ...rest } = answer.json;
      assert.deepEqual([answer.status, rest.code], [status, code], `${route} ${body}`);
      assert.ok(!message.startsWith('secret-manager.') && !answer.text.includes(canary), message);
    }
    const placed = await ask('PUT', '/secrets/KEY', { body: '{"type":"text",\n"value" "x"}' });
    assert.match(placed.json.message, /line 2, column 9/);
    for (const route of [
      '/secrets/KEY?version=0',
      '/secrets/KEY?version=x',
      '/secrets?deleted=1',
    ]) {
      assert.equal((await ask('GET', route)).json.code, 'query_invalid', route);
    }
    assert.deepEqual(await keys(), []);
    assert.ok(!red.log.includes(canary));
  });

  test('what Node-RED has read itself, or is compressed, is not taken', async () => {
    const body = '{"type":"text","value":"x"}';
    for (const headers of /** @type {Array<Record<string, string>>} */ ([
      { 'Content-Type': 'application/json' },
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      { 'Content-Encoding': 'gzip' },
    ])) {
      const { status, json } = await ask('PUT', '/secrets/KEY', { body, headers });
      assert.deepEqual([status, json.code], [415, 'media_type_unsupported']);
    }
    assert.deepEqual(await keys(), []);
  });

  test('bodies have a limit, whether they say how long they are or not', async () => {
    const large = Buffer.alloc(7 * 2 ** 20, ' ');
    const told = await ask('PUT', '/secrets/KEY', { body: large });
    assert.deepEqual([told.status, told.json.code], [413, 'body_too_large']);
    const status = await new Promise((resolve, reject) => {
      const request = http.request(`${red.url}/secret-manager/vault/secrets/KEY`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/octet-stream' },
      });
      request.on('response', (response) => resolve(response.statusCode));
      request.on('error', reject);
      request.write(large.subarray(2 ** 20));
      request.end(large);
    });
    assert.equal(status, 413);
    const value = 'x'.repeat(2 ** 20 - 2);
    assert.equal((await put('LARGEST', value)).status, 201);
    const { status: refused, json } = await put('LARGEST', `${value}x`);
    assert.deepEqual([refused, json.code], [422, 'limit_exceeded']);
  });

  test('a request that ends in the middle changes nothing', async () => {
    const request = http.request(`${red.url}/secret-manager/vault/import?format=env`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', Expect: '100-continue' },
    });
    request.on('error', () => {});
    request.flushHeaders();
    // Then it is under way over there.
    await once(request, 'continue');
    request.write('HALF=1\n', () => request.destroy());
    await red.until(() => /secret-manager\.vault\.import.*"error":"body_invalid"/.test(red.log));
    assert.equal((await put('KEY', 'one')).status, 201);
    assert.deepEqual(await keys(), ['KEY']);
  });

  test('editors are told of each change, and the audit log has names only', async () => {
    red.changed.length = 0;
    await put('AUDITED', canary);
    await ask('GET', '/secrets/AUDITED');
    await red.until(() => red.changed.some(({ contextKey }) => contextKey === null));
    await red.until(() => red.changed.some(({ contextKey }) => contextKey === 'SECRETS'));
    await red.until(() => /secret-manager\.vault\.reveal.*"key":"AUDITED"/.test(red.log));
    assert.match(red.log, /secret-manager\.vault\.put.*"key":"AUDITED"/);
    assert.ok(!red.log.includes(canary));
  });

  test('where the key is can be asked, and what it is cannot', async () => {
    const { text, json } = await ask('GET', '');
    const file = path.join(vaultDirectory(red), 'key');
    assert.deepEqual(json, { key: { from: 'file', path: file, created: true }, inUse: true });
    const key = fs.readFileSync(file);
    for (const form of [key.toString('base64'), key.toString('hex')]) {
      assert.ok(!text.includes(form));
    }
  });
});
