'use strict';

/* The service as it is delivered, on data of its own, filled by its command line. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { executable } = require('../../scripts/run');
const { ServerProcess } = require('./processes');

class SecretManager {
  /**
   * @param {string} directory for its data, empty or from before
   * @param {{ processors?: 'own' | 'all' }} [options]
   */
  constructor(directory, { processors } = {}) {
    fs.mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.processors = processors;
    this.address = '';
    this.cookie = '';
    /** @type {ServerProcess} */
    this.server = /** @type {any} */ (undefined);
  }

  /** Starts it; ready when this is done. */
  async start() {
    this.begin();
    await this.listening();
  }

  /** Stops it and starts it again where it was. */
  async restart() {
    await this.stop();
    this.begin(this.address);
    await this.listening();
  }

  /** Starts it and waits for nothing. */
  begin(listen = '127.0.0.1:0') {
    const log = path.join(this.directory, 'log');
    const args = ['serve', '--listen', listen];
    const { processors } = this;
    this.server = new ServerProcess(executable, args, { env: this.#environment, log, processors });
  }

  async listening() {
    this.address = await this.server.says(/listening on http:\/\/(\S+)\n/);
  }

  /**
   * Makes the first administrator, who gets a session and a space of their own. The service has to
   * have been started for the first time.
   * @param {string} space
   */
  async setUp(space) {
    const code = await this.server.says(/\/setup#(\S+)\n/);
    const account = { code, name: 'bench', password: 'correct battery horse' };
    const { headers } = await this.#send('POST', 'setup', account);
    [this.cookie] = /** @type {string} */ (headers.get('set-cookie')).split(';');
    await this.#send('POST', 'spaces', { name: space });
  }

  /**
   * An access token of a space that was made by the one who did the set-up.
   * @param {string} space
   * @returns {Promise<string>}
   */
  async token(space) {
    const answer = await this.#send('POST', `spaces/${space}/tokens`, { name: 'bench' });
    return /** @type {any} */ (await answer.json()).token;
  }

  /**
   * Changes one secret; done when the service has answered.
   * @param {string} space
   * @param {string} name
   * @param {string} value
   */
  async write(space, name, value) {
    const secret = { type: 'text', value };
    await this.#send('PUT', `spaces/${space}/secrets/${name}`, secret, [200, 201]);
  }

  /**
   * Adds secrets to such a space, as one change.
   * @param {string} space
   * @param {number} secrets
   */
  async fill(space, secrets) {
    const place = `spaces/${space}/import?format=json`;
    await this.#send('POST', place, numberedSecrets(secrets), [200]);
  }

  /**
   * Each connection writes a secret of its own.
   * @param {string} space
   * @returns {import('./load').Target}
   */
  put(space) {
    return {
      ...{ server: this.server, address: this.address, method: 'PUT', statuses: [200, 201] },
      path: `/api/v1/spaces/${space}/secrets/SECRET_{connection}`,
      headers: [`Cookie: ${this.cookie}`, 'Content-Type: application/json'],
      body: JSON.stringify({ type: 'text', value: 'value of secret {connection}' }),
    };
  }

  /**
   * Makes a space with text secrets in it.
   * @param {string} name
   * @param {number} secrets
   * @returns {string} an access token of the space
   */
  space(name, secrets) {
    this.#run(['space', 'create', name]);
    const document = JSON.stringify(numberedSecrets(secrets));
    this.#run(['import', '--space', name, '--format', 'json', '-'], document);
    return JSON.parse(this.#run(['token', 'create', '--space', name, '--json'])).token;
  }

  /**
   * A request for the snapshot of a space.
   * @param {string} token
   * @param {string} [validator] what is held already: the answer is 304
   * @returns {import('./load').Target}
   */
  snapshot(token, validator) {
    return {
      ...{ server: this.server, address: this.address, path: '/api/v1/snapshot' },
      headers: [
        `Authorization: Bearer ${token}`,
        ...(validator ? [`If-None-Match: ${validator}`] : []),
      ],
      statuses: [validator ? 304 : 200],
    };
  }

  /**
   * The first answer to a token.
   * @param {string} token
   */
  async read(token) {
    const response = await fetch(`http://${this.address}/api/v1/snapshot`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    if (response.status !== 200) throw new Error(`The snapshot has status ${response.status}`);
    const bytes = (await response.arrayBuffer()).byteLength;
    return { bytes, validator: /** @type {string} */ (response.headers.get('etag')) };
  }

  /**
   * How many requests of engines were answered since the start, and how many of them with an error.
   */
  async engineRequests() {
    const text = await (await fetch(`http://${this.address}/metrics`)).text();
    const counts = { all: 0, failed: 0 };
    const lines = /^secret_manager_http_requests_total\{(.*)\} (\d+)$/gm;
    for (const [, labels, count] of text.matchAll(lines)) {
      if (!/route="\/api\/v1\/(snapshot|watch)"/.test(labels)) continue;
      counts.all += Number(count);
      if (/status="[45]xx"/.test(labels)) counts.failed += Number(count);
    }
    return counts;
  }

  stop() {
    return this.server.stop();
  }

  /**
   * As the one who did the set-up.
   * @param {string} method
   * @param {string} place
   * @param {object} body
   * @param {number[]} [statuses] that are as they should be
   */
  async #send(method, place, body, statuses = [201]) {
    const response = await fetch(`http://${this.address}/api/v1/${place}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(this.cookie && { Cookie: this.cookie }),
      },
      body: JSON.stringify(body),
    });
    if (!statuses.includes(response.status)) {
      throw new Error(`${method} ${place} was answered ${response.status}`);
    }
    return response;
  }

  get #environment() {
    return { ...process.env, SECRET_MANAGER_DATA: path.join(this.directory, 'data') };
  }

  /**
   * @param {string[]} args
   * @param {string} [input]
   */
  #run(args, input) {
    return execFileSync(executable, args, {
      ...{ env: this.#environment, input, encoding: 'utf8' },
      // What it says on standard error is in the error when it fails.
      stdio: 'pipe',
    });
  }
}

/** @param {number} count */
function numberedSecrets(count) {
  const entries = Array.from({ length: count }, (_, index) => [
    `SECRET_${index}`,
    `value of secret ${index}`,
  ]);
  return Object.fromEntries(entries);
}

module.exports = { SecretManager };
