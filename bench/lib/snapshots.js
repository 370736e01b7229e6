'use strict';

/*
 * A service that does nothing but answer with snapshots, in a process of its own so that its work is
 * not measured: /api/v1/snapshot with ETag and 304. Run directly, it is that process.
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
  const render = () => {
    secrets.SECRET_0.value = `value in version ${version}`;
    const header = { version, createdAt: time, updatedAt: time, issuedAt: time };
    return JSON.stringify({ space: { id: 'bench', name: 'bench' }, ...header, secrets });
  };
  let body = render();

  const server = http.createServer((request, response) => {
    requests += 1;
    const tag = `"${version}"`;
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, { ETag: tag }).end();
      return;
    }
    response.writeHead(200, {
      ...{ ETag: tag, 'Content-Type': 'application/json' },
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.keepAliveTimeout = 60_000;

  const tell = (/** @type {object} */ message) => process.send?.(message);
  process.on('message', (command) => {
    if (command === 'change') {
      version += 1;
      body = render();
    }
    tell({ requests });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => {
    tell({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
  });
}

if (require.main === module) serve(Number(process.argv[2]));

module.exports = { Snapshots };
