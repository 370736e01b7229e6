'use strict';

/*
 * A service that does nothing but answer with snapshots, in a process of its own so that its work is
 * not measured: /api/v1/snapshot with ETag and 304, and /api/v1/watch. Run directly, it is that process.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');

class Snapshots {
  /** @param {number} n secrets in the space */
  static async start(n) {
    const child = fork(__filename, [String(n)]);
    const [{ port }] = await once(child, 'message');
    return new Snapshots(child, `http://127.0.0.1:${port}`);
  }

  /** @type {import('node:child_process').ChildProcess} */
  #child;

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {string} url
   */
  constructor(child, url) {
    this.#child = child;
    this.url = url;
  }

  /** Changes one secret. */
  change() {
    return this.#command('change');
  }

  /** Changes one secret when whoever asks has had time to wait for it. */
  changeSoon() {
    return this.#command('change soon');
  }

  /** How many bytes went out so far, heads of answers included. */
  async bytes() {
    return (await this.#command('bytes')).bytes;
  }

  /** How many requests there were so far. */
  async requests() {
    return (await this.#command('requests')).requests;
  }

  async stop() {
    this.#child.kill();
    await once(this.#child, 'exit');
  }

  /** @param {string} command */
  async #command(command) {
    const answer = once(this.#child, 'message');
    this.#child.send(command);
    return (await answer)[0];
  }
}

/** In ms. */
const SOON = 20;

/** @param {number} n */
function serve(n) {
  let version = 1;
  let requests = 0;
  const time = '2026-01-01T00:00:00.000Z';
  const secrets = Object.fromEntries(
    Array.from({ length: n }, (_, index) => [
      `SECRET_${index}`,
      { type: 'text', value: `value of secret ${index}`, version: 1, updatedAt: time },
    ]),
  );
  const header = () => ({
    space: { id: 'bench', name: 'bench' },
    ...{ version, createdAt: time, updatedAt: time, issuedAt: time },
  });
  const render = () => JSON.stringify({ ...header(), secrets });
  /** @type {Set<http.ServerResponse>} */
  const watchers = new Set();
  const change = () => {
    const from = version++;
    secrets.SECRET_0.value = `value in version ${version}`;
    const changed = { SECRET_0: secrets.SECRET_0 };
    const delta = { etag: `"${version}"`, ...header(), from, changed, removed: [] };
    const event = `id: ${version}\nevent: change\ndata: ${JSON.stringify(delta)}\n\n`;
    for (const watcher of watchers) watcher.write(event);
    body = undefined;
  };
  /** Made when it is needed: making it would take a processor from who is measured. @type {string | undefined} */
  let body = render();

  const server = http.createServer((request, response) => {
    requests += 1;
    if (request.url?.startsWith('/api/v1/watch')) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(':\n\n');
      watchers.add(response);
      response.on('close', () => watchers.delete(response));
      return;
    }
    const tag = `"${version}"`;
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, { ETag: tag }).end();
      return;
    }
    body ??= render();
    response.writeHead(200, {
      ...{ ETag: tag, 'Content-Type': 'application/json' },
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  /** @type {import('node:net').Socket[]} */
  const sockets = [];
  server.on('connection', (socket) => sockets.push(socket));
  server.keepAliveTimeout = 60_000;

  const tell = (/** @type {object} */ message) => process.send?.(message);
  process.on('message', (command) => {
    if (command === 'change') {
      change();
      body = render();
    }
    if (command === 'change soon') setTimeout(change, SOON);
    tell({ requests, bytes: sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0) });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    tell({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
  });
}

if (require.main === module) serve(Number(process.argv[2]));

module.exports = { Snapshots };
