'use strict';

/* Signing in with OpenID Connect: at a real provider, and at one that makes mistakes. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { launch, skip } = require('./lib/browser');
const { CLIENT, RealProvider, WrongProvider } = require('./lib/openid-provider');
const { freePort } = require('./lib/ports');
const { Service } = require('./lib/service');
const { Visitor } = require('./lib/visitor');

/**
 * A service that knows the provider. There is an administrator already, so that others may come.
 * @param {string} issuer
 * @param {number} port
 * @param {string[]} [more]
 */
async function serviceFor(issuer, port, more = []) {
  const service = new Service();
  const secret = path.join(service.data, 'client-secret');
  service.command(['user', 'create', 'root', '--administrator']);
  fs.writeFileSync(secret, `${CLIENT.secret}\n`);
  const options = ['--public-url', `http://127.0.0.1:${port}`, '--openid-issuer', issuer];
  options.push('--openid-client-id', CLIENT.id, '--openid-client-secret-file', secret, ...more);
  return service.start(options, port);
}

/**
 * At the real provider: types a name and agrees. Returns the address that the browser is sent back
 * to, without going there.
 * @param {InstanceType<typeof Visitor>} visitor
 * @param {string} serviceUrl
 * @param {string} name
 * @param {string} [next]
 */
async function signInThere(visitor, serviceUrl, name, next = '/') {
  const back = (/** @type {URL} */ url) => url.pathname === '/auth/openid/callback';
  const start = `${serviceUrl}/auth/openid/start?next=${encodeURIComponent(next)}`;
  let { url } = await visitor.follow(start, {}, back);
  for (const form of [{ prompt: 'login', login: name, password: 'x' }, { prompt: 'consent' }]) {
    if (back(url)) break;
    const body = new URLSearchParams(/** @type {Record<string, string>} */ (form));
    ({ url } = await visitor.follow(url, { method: 'POST', body }, back));
  }
  assert.ok(back(url), url.href);
  return url;
}

/**
 * @param {InstanceType<typeof Visitor>} visitor
 * @param {string} serviceUrl
 */
async function whoami(visitor, serviceUrl) {
  const response = await visitor.request(`${serviceUrl}/api/v1/session`);
  return response.status === 200 ? (await response.json()).user.name : undefined;
}

/**
 * @param {Response} response
 * @param {number} status
 * @param {RegExp} says
 */
async function expectFailure(response, status, says) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(text, says);
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
  const cookies = response.headers.getSetCookie().join('\n');
  assert.doesNotMatch(cookies, /__Host-session/);
  // What was begun is over.
  assert.match(cookies, /__Host-openid=; .*Max-Age=0/);
}

describe('At a real OpenID provider', () => {
  /** @type {InstanceType<typeof Service>} */
  let service;
  /** @type {InstanceType<typeof RealProvider>} */
  let provider;

  before(async () => {
    const port = await freePort();
    provider = new RealProvider(await freePort());
    await provider.start(`http://127.0.0.1:${port}/auth/openid/callback`);
    service = await serviceFor(provider.issuer, port, ['--openid-name', 'Example login']);
    for (const name of ['anna', 'bert', 'carl', 'dora']) {
      service.command(['user', 'create', `${name}@example.org`]);
    }
  });

  after(async () => {
    await service?.stop();
    await provider?.stop();
  });

  test('the page learns what it is called', async () => {
    const facts = await (await fetch(`${service.url}/api/v1/service`)).json();
    assert.deepEqual(facts.openIdConnect, { name: 'Example login' });
  });

  test('somebody who was invited signs in, and again without a question', async () => {
    const visitor = new Visitor();
    const back = await signInThere(visitor, service.url, 'anna', '/spaces?a=1&b="2"');
    const response = await visitor.request(back);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    // It goes on by itself, without script, and nothing of what was asked for becomes HTML.
    assert.match(text, /http-equiv="refresh" content="0; url=\/spaces\?a=1&amp;b=&quot;2&quot;"/);
    assert.doesNotMatch(text, /<script/);
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
    const cookies = response.headers.getSetCookie().join('\n');
    assert.match(cookies, /__Host-session=[^;]+; HttpOnly; SameSite=Strict; Secure; Path=\//);
    assert.equal(await whoami(visitor, service.url), 'anna@example.org');

    const again = await visitor.follow(`${service.url}/auth/openid/start`);
    assert.equal(again.response?.status, 200);
    assert.equal(service.command(['user', 'list']).users[0].state, 'active');
  });

  test('somebody else is refused, whatever is vouched for', async () => {
    for (const [name, says] of /** @type {const} */ ([
      ['stranger', /was invited/],
      ['unverified', /vouch/],
    ])) {
      const visitor = new Visitor();
      const back = await signInThere(visitor, service.url, name);
      await expectFailure(await visitor.request(back), 403, says);
      assert.equal(await whoami(visitor, service.url), undefined);
    }
  });

  test('a code is good once', async () => {
    const visitor = new Visitor();
    const back = await signInThere(visitor, service.url, 'bert');
    const ticket = visitor.cookie(service.url, '__Host-openid') ?? '';
    assert.equal((await visitor.request(back)).status, 200);
    // The ticket went with it.
    await expectFailure(await visitor.request(back), 400, /begin again/);
    // And whoever kept a copy of it finds the code used up.
    const thief = new Visitor();
    await thief.request(service.url);
    thief.setCookie(service.url, '__Host-openid', ticket);
    await expectFailure(await thief.request(back), 400, /begin again/);
    assert.equal(await whoami(thief, service.url), undefined);
  });

  test('a state of another sign-in is refused', async () => {
    const visitor = new Visitor();
    const back = await signInThere(visitor, service.url, 'carl');
    // Somebody else's way back, in this browser.
    const other = new Visitor();
    await other.request(`${service.url}/auth/openid/start`);
    await expectFailure(await other.request(back), 400, /begin again/);
    const wrong = new URL(back);
    wrong.searchParams.set('state', 'x');
    await expectFailure(await visitor.request(wrong), 400, /begin again/);
    await expectFailure(await fetch(back), 400, /begin again/);
  });

  test('a refusal at the provider is told', async () => {
    const visitor = new Visitor();
    const start = await visitor.request(`${service.url}/auth/openid/start`);
    const state = new URL(start.headers.get('location') ?? '').searchParams.get('state');
    const back = new URL('/auth/openid/callback', service.url);
    back.search = `${new URLSearchParams({ error: 'access_denied', state: state ?? '' })}`;
    const german = { headers: { 'accept-language': 'de-DE,de;q=0.9,en;q=0.8' } };
    await expectFailure(await visitor.request(back, german), 403, /nicht angemeldet/);
  });

  test('a disabled user is kept out', async () => {
    const first = new Visitor();
    await first.request(await signInThere(first, service.url, 'dora'));
    assert.equal(await whoami(first, service.url), 'dora@example.org');
    service.command(['user', 'disable', 'dora@example.org']);
    assert.equal(await whoami(first, service.url), undefined);
    const visitor = new Visitor();
    const back = await signInThere(visitor, service.url, 'dora');
    await expectFailure(await visitor.request(back), 403, /disabled/);
  });

  test('somebody who has signed in links another identity', async () => {
    const made = service.command(['user', 'create', 'emil']);
    const visitor = new Visitor();
    const accepted = await visitor.request(`${service.url}/api/v1/invitations/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: made.invitation.code, password: 'a password of his own' }),
    });
    assert.equal(accepted.status, 201, await accepted.text());
    const back = await signInThere(visitor, service.url, 'somebody');
    assert.equal((await visitor.request(back)).status, 200);
    assert.equal(await whoami(visitor, service.url), 'emil');
    const later = new Visitor();
    await later.request(await signInThere(later, service.url, 'somebody'));
    assert.equal(await whoami(later, service.url), 'emil');
  });

  test('no code, state or secret is in the log', async () => {
    const visitor = new Visitor();
    const back = await signInThere(visitor, service.url, 'stranger');
    await visitor.request(back);
    const values = [...back.searchParams.values(), CLIENT.secret].filter(
      (value) => value.length > 30,
    );
    for (const value of [...values, CLIENT.secret]) assert.ok(!service.log.includes(value), value);
  });
});

describe('Where unknown people may come', () => {
  test('they become users without spaces', async () => {
    const port = await freePort();
    const provider = new RealProvider(await freePort());
    await provider.start(`http://127.0.0.1:${port}/auth/openid/callback`);
    const service = await serviceFor(provider.issuer, port, ['--openid-create-users']);
    try {
      const visitor = new Visitor();
      await visitor.request(await signInThere(visitor, service.url, 'fred'));
      assert.equal(await whoami(visitor, service.url), 'fred@example.org');
      const [fred] = service.command(['user', 'list']).users;
      assert.deepEqual([fred.displayName, fred.administrator], ['Person fred', false]);
      const unverified = new Visitor();
      const back = await signInThere(unverified, service.url, 'unverified');
      await expectFailure(await unverified.request(back), 403, /vouch/);

      // Then the provider goes away. Where it was is known, so people are sent there; whoever
      // comes back is told.
      const late = new Visitor();
      const start = await late.request(`${service.url}/auth/openid/start`);
      const state = new URL(start.headers.get('location') ?? '').searchParams.get('state') ?? '';
      await provider.stop();
      const query = new URLSearchParams({ state, code: 'a-code' });
      const lost = await late.request(`${service.url}/auth/openid/callback?${query}`);
      await expectFailure(lost, 502, /can&#39;t be reached/);
      assert.equal(await whoami(visitor, service.url), 'fred@example.org');
    } finally {
      await service.stop();
      await provider.stop();
    }
  });
});

describe('Without the provider', () => {
  test('the service starts and says what is wrong', async () => {
    const port = await freePort();
    const issuer = `http://127.0.0.1:${await freePort()}`;
    const service = await serviceFor(issuer, port);
    try {
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const response = await fetch(`${service.url}/auth/openid/start`, { redirect: 'manual' });
        await expectFailure(response, 502, /can&#39;t be reached/);
      }
      assert.match(service.log, /OpenID provider can't be reached/);
    } finally {
      await service.stop();
    }
  });
});

describe('ID tokens', () => {
  /** @type {InstanceType<typeof Service>} */
  let service;
  /** @type {InstanceType<typeof WrongProvider>} */
  let provider;

  before(async () => {
    provider = await new WrongProvider(await freePort()).start();
    service = await serviceFor(provider.issuer, await freePort());
    service.command(['user', 'create', 'anna@example.org']);
  });

  after(async () => {
    await service?.stop();
    await provider?.stop();
  });

  for (const [mistake, reason] of /** @type {const} */ ([
    ['nonce', /Invalid nonce/],
    ['no nonce', /Invalid nonce/],
    ['expired', /Expired/],
    ['audience', /Invalid audiences/],
    ['issuer', /Invalid issuer/],
    ['signature', /Signature verification failed/],
    ['unsigned', /Signature verification failed/],
    ['missing', /no ID token/],
  ])) {
    test(`are refused: ${mistake}`, async () => {
      provider.mistake = mistake;
      const visitor = new Visitor();
      const before = service.log.length;
      const { response } = await visitor.follow(`${service.url}/auth/openid/start`);
      assert.ok(response);
      await expectFailure(response, 502, /can&#39;t be trusted/);
      assert.equal(await whoami(visitor, service.url), undefined);
      assert.match(service.log.slice(before), reason);
    });
  }

  test('are accepted when nothing is wrong', async () => {
    provider.mistake = '';
    const visitor = new Visitor();
    const { response } = await visitor.follow(`${service.url}/auth/openid/start`);
    assert.equal(response?.status, 200);
    assert.equal(await whoami(visitor, service.url), 'anna@example.org');
  });
});

describe('In a real browser', { skip }, () => {
  test('a person is signed in at the end', async () => {
    const port = await freePort();
    const provider = new RealProvider(await freePort());
    // Another host name than the service's: another site to the browser.
    provider.issuer = `http://localhost:${provider.port}`;
    await provider.start(`http://127.0.0.1:${port}/auth/openid/callback`);
    const service = await serviceFor(provider.issuer, port);
    service.command(['user', 'create', 'anna@example.org']);
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`${service.url}/account`);
      await page.getByRole('link', { name: 'Sign in with localhost' }).click();
      await page.fill('input[name=login]', 'anna');
      await page.fill('input[name=password]', 'x');
      await page.click('button[type=submit]');
      await page.click('button[type=submit]');
      await page.waitForURL(`${service.url}/account`);
      await page.getByText('Signed in as anna@example.org').waitFor();
      assert.equal(
        await page.getByRole('link', { name: 'Connect with localhost' }).getAttribute('href'),
        '/auth/openid/start?next=%2Faccount',
      );
      const answer = await page.evaluate(async () => {
        const response = await fetch('/api/v1/session');
        return { status: response.status, ...(await response.json()) };
      });
      assert.deepEqual([answer.status, answer.user?.name], [200, 'anna@example.org']);
      const cookies = await page.context().cookies(service.url);
      const session = cookies.find((cookie) => cookie.name === '__Host-session');
      assert.deepEqual([session?.httpOnly, session?.sameSite], [true, 'Strict']);
      assert.equal(
        cookies.some((cookie) => cookie.name === '__Host-openid'),
        false,
      );
    } finally {
      await browser.close();
      await service.stop();
      await provider.stop();
    }
  });
});
