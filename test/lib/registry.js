'use strict';

/* An npm registry and a catalogue of this machine, as Node-RED's palette manager asks them. */

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { promisify } = require('node:util');
const { versions } = require('./node-red');
const { freePort, listen } = require('./ports');
const { temporaryDirectory, temporaryProcess } = require('./temporary');
const { tool } = require('./tools');
const { until } = require('./until');

/** A real registry (verdaccio) that knows what was published to it and asks no other. */
class Registry {
  #directory = temporaryDirectory('registry-');
  url = '';
  log = '';
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;

  async start() {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}/`;
    const configuration = path.join(this.#directory, 'configuration.yaml');
    fs.writeFileSync(
      configuration,
      // YAML takes JSON.
      JSON.stringify({
        storage: path.join(this.#directory, 'storage'),
        uplinks: {},
        packages: { '**': { access: '$all', publish: '$all' } },
        web: { enable: false },
        max_body_size: '100mb',
        log: { type: 'stdout', format: 'json', level: 'warn' },
      }),
    );
    const program = tool('verdaccio/bin/verdaccio');
    const listen = ['--config', configuration, '--listen', `127.0.0.1:${port}`];
    this.#process = temporaryProcess(
      spawn(versions[5].node, [program, ...listen], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (piece) => (this.log += piece));
    }
    await until(
      () =>
        fetch(`${this.url}-/ping`)
          .then(({ ok }) => ok)
          .catch(() => false),
      () => this.log,
      30_000,
    );
    return this;
  }

  /** @param {string} tarball */
  async publish(tarball) {
    const npm = ['publish', tarball, '--tag', 'latest', '--userconfig', this.#npmrc];
    await promisify(execFile)('npm', npm, { cwd: this.#directory });
  }

  /** What makes npm ask this registry, and keep what it gets apart from other downloads. */
  get settings() {
    const cache = path.join(this.#directory, 'npm-cache');
    return `registry=${this.url}\ncache=${cache}\n`;
  }

  get #npmrc() {
    const file = path.join(this.#directory, 'npmrc');
    // npm publishes for nobody without a token; the registry takes any.
    const token = `${this.url.replace('http:', '')}:_authToken=any`;
    fs.writeFileSync(file, `${this.settings}${token}\n`);
    return file;
  }

  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }
}

/** A list of modules as https://catalogue.nodered.org has it; the browser asks for it. */
class Catalogue {
  #server;
  url = '';

  /** @param {Array<{ id: string }>} modules */
  constructor(modules) {
    const body = JSON.stringify({ name: 'Test', updated_at: new Date().toISOString(), modules });
    this.#server = http.createServer((_request, response) => {
      const headers = { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' };
      response.writeHead(200, headers).end(body);
    });
  }

  async start() {
    this.url = `http://127.0.0.1:${await listen(this.#server)}/catalogue.json`;
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

module.exports = { Catalogue, Registry };
