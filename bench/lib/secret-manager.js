'use strict';

/* The service as it is delivered, on data of its own, filled by its command line. */

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { executable } = require('../../scripts/run');
const { ServerProcess } = require('./processes');

class SecretManager {
  /** @param {string} directory for its data, empty or from before */
  constructor(directory) {
    this.directory = directory;
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

  /** Starts it and waits for nothing. */
  begin() {
    const log = path.join(this.directory, 'log');
    const args = ['serve', '--listen', '127.0.0.1:0'];
    this.server = new ServerProcess(executable, args, { env: this.#environment, log });
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
    const { headers } = await this.#post('setup', account, {});
    const [cookie] = /** @type {string} */ (headers.get('set-cookie')).split(';');
    await this.#post('spaces', { name: space }, { Cookie: cookie });
    this.cookie = cookie;
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
    const document = JSON.stringify(
      Object.fromEntries(
        Array.from({ length: secrets }, (_, index) => [
          `SECRET_${index}`,
          `value of secret ${index}`,
        ]),
      ),
    );
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

  stop() {
    return this.server.stop();
  }

  /**
   * @param {string} place
   * @param {object} body
   * @param {Record<string, string>} headers
   */
  async #post(place, body, headers) {
    const response = await fetch(`http://${this.address}/api/v1/${place}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (response.status !== 201) throw new Error(`${place} was answered ${response.status}`);
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

module.exports = { SecretManager };
