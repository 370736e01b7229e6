'use strict';

/* What `npm start` shows: a space with a few secrets, and the example flow that reads them. */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { executable, fail, root } = require('./run');

const SPACE = 'demo';

/** Strings become text secrets, everything else JSON secrets. */
const SECRETS = {
  GREETING: 'Hello from the Secret Manager!',
  PRODUCT_A_API_KEY: 'demo-4f9a1c7e2b',
  DB: { host: 'db.example.com', port: 5432, user: 'app', password: 'demo-password' },
};

class Demo {
  /** @param {string} directory where all of its data go */
  constructor(directory) {
    this.serviceData = path.join(directory, 'service');
    this.userDir = path.join(directory, 'node-red');
    fs.mkdirSync(this.serviceData, { recursive: true });
    fs.mkdirSync(this.userDir, { recursive: true });
  }

  /** Makes the space on the first run; later ones leave it as people have changed it. */
  prepareSpace() {
    if (this.#spaces().includes(SPACE)) return;
    this.#command(['space', 'create', SPACE]);
    const secrets = JSON.stringify(SECRETS);
    this.#command(['import', '--space', SPACE, '--format', 'json', '-'], secrets);
  }

  /** @param {number} port */
  prepareUserDir(port) {
    const packages = path.join(this.userDir, 'node_modules/@secret-manager');
    const link = path.join(packages, 'node-red');
    fs.mkdirSync(packages, { recursive: true });
    fs.rmSync(link, { force: true, recursive: true });
    fs.symlinkSync(root, link, 'junction');
    const settings = {
      uiHost: '127.0.0.1',
      uiPort: port,
      flowFile: 'flows.json',
      logging: { console: { level: 'warn' } },
      editorTheme: { tours: false, projects: { enabled: false } },
      telemetry: { enabled: false, updateNotification: false },
    };
    fs.writeFileSync(
      path.join(this.userDir, 'settings.js'),
      `module.exports = ${JSON.stringify(settings, null, 2)};\n`,
    );
  }

  get hasFlows() {
    return fs.existsSync(path.join(this.userDir, 'flows.json'));
  }

  /**
   * Deploys the example flow the way the editor does: so Node-RED itself encrypts the token.
   * @param {string} nodeRed its address
   */
  async deployFlows(nodeRed) {
    const { token } = this.#command(['token', 'create', '--space', SPACE, '--name', 'demo']);
    const example = fs.readFileSync(path.join(root, 'examples/reading-secrets.json'), 'utf8');
    const source = {
      id: 'demo-source',
      type: 'secret-source',
      name: 'Secret Manager service',
      kind: 'service',
      url: '${DEMO_SERVICE_URL}',
      tls: '',
      allowHttp: false,
      credentials: { token },
    };
    const flows = JSON.parse(example).map((/** @type {any} */ node) =>
      node.type === 'secret-manager' ? { ...node, source: source.id } : node,
    );
    const response = await fetch(`${nodeRed}/flows`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify([...flows, source]),
    });
    if (!response.ok) throw new Error(`Node-RED refused the example flow: ${response.status}`);
  }

  /** @returns {string[]} */
  #spaces() {
    // Only making a space makes the data.
    if (!fs.existsSync(path.join(this.serviceData, 'secret-manager.db'))) return [];
    const { spaces } = this.#command(['space', 'list']);
    return spaces.map((/** @type {{ name: string }} */ { name }) => name);
  }

  /**
   * @param {string[]} args
   * @param {string} [input]
   */
  #command(args, input = '') {
    const { status, stdout, stderr } = spawnSync(
      executable,
      [...args, '--json', '--data', this.serviceData],
      { input, encoding: 'utf8' },
    );
    if (status !== 0) fail(`secret-manager ${args[0]} ${args[1]} failed: ${stderr}`);
    return JSON.parse(stdout);
  }
}

module.exports = { Demo };
