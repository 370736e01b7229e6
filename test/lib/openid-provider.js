'use strict';

/* OpenID providers on loopback: a real one, and one whose ID tokens are made to be wrong. */

const { createSign, generateKeyPairSync, randomUUID } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');

const CLIENT = { id: 'secret-manager', secret: 'a-secret-of-the-tests' };

/**
 * The provider of npm's `oidc-provider`, with its own pages for signing in and agreeing: any name
 * and any password will do. Somebody called `x` has the address `x@example.org`.
 */
class RealProvider {
  /** @type {http.Server | undefined} */
  #server;

  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.issuer = `http://127.0.0.1:${port}`;
  }

  /** @param {string} redirect */
  async start(redirect) {
    // @ts-expect-error it has no types
    const { default: Provider } = await import('oidc-provider');
    const provider = new Provider(this.issuer, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [redirect],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: [randomUUID()] },
      findAccount: (/** @type {unknown} */ _context, /** @type {string} */ id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          email: `${id}@example.org`,
          email_verified: !id.startsWith('unverified'),
          name: `Person ${id}`,
        }),
      }),
    });
    this.#server = http.createServer(provider.callback()).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async stop() {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

/**
 * Signs everybody in at once as `anna@example.org`; `mistake` says what is wrong with the ID token.
 */
class WrongProvider {
  /** @type {string} */
  mistake = '';
  #key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  #nonce = '';

  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.issuer = `http://127.0.0.1:${port}`;
  }

  async start() {
    this.server = http.createServer((request, response) => {
      const url = new URL(request.url ?? '', this.issuer);
      const answer = (/** @type {unknown} */ body) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      };
      switch (url.pathname) {
        case '/.well-known/openid-configuration':
          return answer(this.#configuration());
        case '/keys':
          return answer({
            keys: [{ ...this.#key.publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig' }],
          });
        case '/authorize': {
          this.#nonce = url.searchParams.get('nonce') ?? '';
          const back = new URL(url.searchParams.get('redirect_uri') ?? '');
          back.searchParams.set('state', url.searchParams.get('state') ?? '');
          back.searchParams.set('code', 'a-code');
          return response.writeHead(302, { location: back.href }).end();
        }
        case '/token':
          return answer({
            access_token: 'an-access-token',
            token_type: 'Bearer',
            ...(this.mistake === 'missing' ? {} : { id_token: this.#token() }),
          });
        default:
          return response.writeHead(404).end();
      }
    });
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  async stop() {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  #configuration() {
    return {
      issuer: this.issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    };
  }

  #token() {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.mistake === 'issuer' ? 'http://127.0.0.1:1' : this.issuer,
      sub: 'anna',
      aud: this.mistake === 'audience' ? 'somebody-else' : CLIENT.id,
      exp: this.mistake === 'expired' ? now - 1 : now + 60,
      iat: now - 60,
      nonce: this.mistake === 'nonce' ? `${this.#nonce}x` : this.#nonce,
      email: 'anna@example.org',
      email_verified: true,
    };
    if (this.mistake === 'no nonce') Reflect.deleteProperty(claims, 'nonce');
    const unsigned = this.mistake === 'unsigned';
    const part = (/** @type {unknown} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = part(unsigned ? { alg: 'none' } : { alg: 'RS256', kid: '1' });
    const content = `${head}.${part(claims)}`;
    if (unsigned) return `${content}.`;
    const { privateKey } = this.mistake === 'signature' ? this.#other : this.#key;
    return `${content}.${createSign('sha256').update(content).sign(privateKey, 'base64url')}`;
  }
}

module.exports = { CLIENT, RealProvider, WrongProvider };
