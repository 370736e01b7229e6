'use strict';

/* The real service, with data of its own. */

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { root } = require('./node-red');
const { temporaryDirectory, temporaryProcess } = require('./temporary');
const { until } = require('./until');

const executable = path.join(root, 'src/service/npm/bin/secret-manager');

class Service {
  data = temporaryDirectory('service-');
  log = '';
  #output = '';
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;

  /**
   * @param {string[]} [options]
   * @param {number} [port] 0 takes a free one
   */
  async start(options = [], port = 0) {
    const where = ['--listen', `127.0.0.1:${port}`, ...this.#where];
    const child = spawn(executable, ['serve', ...where, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    temporaryProcess(child);
    child.stdout?.on('data', (piece) => (this.#output += piece));
    child.stderr?.on('data', (piece) => (this.log += piece));
    await until(
      () => this.url,
      () => this.log,
    );
    return this;
  }

  async stop() {
    if (!this.#process || this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, 'exit');
  }

  /** @returns {string} */
  get url() {
    return /listening on (\S+)/.exec(this.#output)?.[1] ?? '';
  }

  /** Printed at a start without users. */
  get setUpLink() {
    return /(\S+\/setup#\S+)/.exec(this.#output)?.[1] ?? '';
  }

  /**
   * Runs a command on the same data, also while the service runs.
   * @param {string[]} args
   * @param {string} [input]
   */
  command(args, input = '') {
    const output = execFileSync(executable, [...args, '--json', ...this.#where], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return output ? JSON.parse(output) : undefined;
  }

  /**
   * @param {string} space
   * @param {Record<string, unknown>} secrets
   */
  import(space, secrets) {
    return this.command(
      ['import', '--space', space, '--format', 'json', '-'],
      JSON.stringify(secrets),
    );
  }

  get #where() {
    return ['--data', this.data];
  }
}

module.exports = { Service };
