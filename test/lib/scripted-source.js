'use strict';

const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');

/**
 * @typedef {object} Request
 * @property {string} url
 * @property {http.IncomingHttpHeaders} headers
 * @property {number} [status] of the answer, once that is sent
 */

/** For deltas. A test that runs for long is not to grow by what it has seen. */
const KEPT_VERSIONS = 100;

/**
 * A source that answers what the test says: snapshots by default, faults on demand. Whatever it is
 * asked is kept in `requests`, or in `watches`.
 */
class ScriptedSource {
  /** @type {Request[]} */
  requests = [];
  /** @type {Request[]} */
  watches = [];
  /** Whether it can be watched. */
  live = false;
  /** Answers instead of a watch while it is set. @type {http.RequestListener | null} */
  watchFault = null;
  /** Open watches, each with the version up to which it was told. @type {Map<http.ServerResponse, number>} */
  #open = new Map();
  /** The secrets at each version. @type {Map<number, Record<string, unknown>>} */
  #history = new Map();
  token = 'scripted-token';
  space = { id: 'space-1', name: 'scripted' };
  version = 0;
  updatedAt = new Date();
  /** @type {Record<string, unknown>} */
  secrets = {};
  /** Answers instead of the snapshot while it is set. @type {http.RequestListener | null} */
  fault = null;
  #server;
  #port = 0;

  /** @param {https.ServerOptions} [tls] */
  constructor(tls) {
    /** @type {http.RequestListener} */
    const listener = (request, response) => this.answer(request, response);
    this.#server = tls ? https.createServer(tls, listener) : http.createServer(listener);
    this.scheme = tls ? 'https' : 'http';
  }

  /** Listens; after a `stop` on the same port again. */
  async start() {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = /** @type {import('node:net').AddressInfo} */ (this.#server.address()).port;
    return this;
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.#port}`;
  }

  /** @param {Record<string, unknown>} secrets strings are text secrets, everything else is JSON */
  publish(secrets) {
    this.secrets = secrets;
    this.version += 1;
    this.updatedAt = new Date();
    this.#history.set(this.version, secrets);
    this.#history.delete(this.version - KEPT_VERSIONS);
    for (const watch of this.#open.keys()) this.#tell(watch);
  }

  /** How many watches are open. */
  get watchers() {
    return this.#open.size;
  }

  /**
   * Sends something to all who watch.
   * @param {string} text
   */
  say(text) {
    for (const watch of this.#open.keys()) watch.write(text);
  }

  /** Cuts all watches off in the middle. */
  cutWatches() {
    for (const watch of this.#open.keys()) watch.destroy();
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  answer(request, response) {
    const { url = '', headers } = request;
    /** @type {Request} */
    const entry = { url, headers };
    const watch = url.startsWith('/api/v1/watch');
    (watch ? this.watches : this.requests).push(entry);
    response.on('close', () => {
      entry.status = response.statusCode;
    });
    if (watch) this.#watch(request, response);
    else if (this.fault) this.fault(request, response);
    else if (request.headers.authorization !== `Bearer ${this.token}`) deny(request, response);
    else this.#snapshot(request, response);
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  #watch(request, response) {
    if (this.watchFault) this.watchFault(request, response);
    else if (!this.live) response.writeHead(404).end();
    else if (request.headers.authorization !== `Bearer ${this.token}`) deny(request, response);
    else {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': here\n\n');
      this.#open.set(response, Number(request.headers['last-event-id']));
      response.on('close', () => this.#open.delete(response));
      this.#tell(response);
    }
  }

  /**
   * Tells a watch what it doesn't know.
   * @param {http.ServerResponse} watch
   */
  #tell(watch) {
    const from = this.#open.get(watch) ?? 0;
    if (from === this.version) return;
    this.#open.set(watch, this.version);
    watch.write(
      `id: ${this.version}\nevent: change\ndata: ${JSON.stringify(this.delta(from))}\n\n`,
    );
  }

  /**
   * What leads from a version to the present one.
   * @param {number} from
   */
  delta(from) {
    const before = this.#history.get(from) ?? {};
    const changed = Object.entries(this.secrets).filter(
      ([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value),
    );
    const updatedAt = this.updatedAt.toISOString();
    return {
      space: this.space,
      from,
      version: this.version,
      createdAt: '2026-01-01T00:00:00Z',
      updatedAt,
      issuedAt: new Date().toISOString(),
      etag: `"${this.version}"`,
      changed: Object.fromEntries(
        changed.map(([name, value]) => {
          const type = typeof value === 'string' ? 'text' : 'json';
          return [name, { type, value, version: this.version, updatedAt }];
        }),
      ),
      removed: Object.keys(before).filter((name) => !Object.hasOwn(this.secrets, name)),
    };
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  #snapshot(request, response) {
    const etag = `"${this.version}"`;
    response.setHeader('ETag', etag);
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
    const updatedAt = this.updatedAt.toISOString();
    const secrets = Object.entries(this.secrets).map(([name, value]) => {
      const type = typeof value === 'string' ? 'text' : 'json';
      return [name, { type, value, version: this.version, updatedAt }];
    });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(
      JSON.stringify({
        space: this.space,
        version: this.version,
        createdAt: '2026-01-01T00:00:00Z',
        updatedAt,
        issuedAt: new Date().toISOString(),
        // Built by hand: fromEntries would not make an own property of "__proto__".
        secrets: 0,
      }).replace(
        '"secrets":0',
        () =>
          `"secrets":{${secrets
            .map((entry) => entry.map((part) => JSON.stringify(part)).join(':'))
            .join(',')}}`,
      ),
    );
  }
}

/** The faults a source, or what stands between, can have. */
const faults = {
  /** @param {number} status */
  status: (status, headers = {}) => answer(status, headers, ''),
  html: () => answer(200, { 'Content-Type': 'text/html' }, '<html>Please log in</html>'),
  json: (/** @type {unknown} */ body) =>
    answer(200, { 'Content-Type': 'application/json' }, JSON.stringify(body)),
  /** Ends in the middle of what it announced. @type {() => http.RequestListener} */
  truncated: () => (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 10_000 });
    response.write('{"space":{"id":"', () => response.destroy());
  },
  /** Never stops sending. @type {() => http.RequestListener} */
  endless: () => (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const piece = Buffer.alloc(1 << 20, ' ');
    const more = () => {
      while (!response.destroyed && response.write(piece));
      response.once('drain', more);
    };
    more();
  },
  /** Takes the request and says nothing until `release` is called. */
  silent() {
    /** @type {http.ServerResponse[]} */
    const waiting = [];
    /** @type {http.RequestListener & { release: () => void }} */
    const listener = Object.assign(
      (
        /** @type {http.IncomingMessage} */ _request,
        /** @type {http.ServerResponse} */ response,
      ) => {
        waiting.push(response);
      },
      { release: () => waiting.splice(0).forEach((response) => response.destroy()) },
    );
    return listener;
  },
};

/**
 * @param {number} status
 * @param {http.OutgoingHttpHeaders} headers
 * @param {string} body
 * @returns {http.RequestListener}
 */
function answer(status, headers, body) {
  return (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}

const deny = answer(401, { 'Content-Type': 'application/problem+json' }, '{"code":"unauthorized"}');

module.exports = { ScriptedSource, faults };
