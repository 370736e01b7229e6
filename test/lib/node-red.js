'use strict';

/* Real Node-RED processes: deployed through the admin API, observed through what they offer. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const WebSocket = require('ws');
const { systemNode } = require('../../scripts/run');
const { freePort } = require('./ports');
const { temporaryDirectory, temporaryProcess } = require('./temporary');
const { until } = require('./until');

const root = path.join(__dirname, '..', '..');

/** The versions under test, each with the Node.js it is run on. */
const versions = {
  5: { package: 'node-red', node: path.join(root, 'node_modules/node/bin/node') },
  4: { package: 'node-red-4', node: systemNode },
};

/**
 * @typedef {object} Options
 * @property {string | false} [package] folder of the package under test, this repository by default;
 *   false when there is none
 * @property {Record<string, string>} [files] more of the user directory, by name
 * @property {Record<string, unknown>} [settings]
 * @property {string} [extraSettings] JavaScript inside the settings object
 * @property {Record<string, string>} [env]
 * @property {string} [userDir] of an earlier run
 * @property {Array<Record<string, unknown>>} [flows] already there at the start
 * @property {Record<string, object>} [credentials] of those flows
 */

class NodeRed {
  /** The last status of each node. @type {Map<string, any>} */
  statuses = new Map();
  /** All status texts of all nodes, in order. @type {Array<{ id: string, text: string }>} */
  statusLog = [];
  /** What Debug nodes have shown in the sidebar, in order. @type {Array<{ id: string, msg: string, topic?: string }>} */
  debugLog = [];
  /** What editors were told to look at again. @type {Array<{ contextKey: string | null }>} */
  changed = [];
  /** Topics of what editors were told besides, such as that flows were deployed. @type {string[]} */
  notifications = [];
  log = '';
  /** @type {import('node:child_process').ChildProcess} */
  #process;
  /** @type {WebSocket | undefined} */
  #comms;
  /** @type {string | undefined} */
  #revision;
  /** The credentials sent last, by node. @type {Map<string, string | undefined>} */
  #credentials = new Map();

  /**
   * @param {4 | 5} version
   * @param {string} userDir
   * @param {number} port
   * @param {Record<string, string>} env
   */
  constructor(version, userDir, port, env) {
    this.version = version;
    this.userDir = userDir;
    this.url = `http://127.0.0.1:${port}`;
    const { package: name, node } = versions[version];
    const red = path.join(root, 'node_modules', name, 'red.js');
    this.#process = spawn(node, [red, '--userDir', userDir], {
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    temporaryProcess(this.#process);
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (piece) => (this.log += piece));
    }
  }

  /**
   * @param {4 | 5} version
   * @param {Options} [options]
   */
  static async start(version, options = {}) {
    const port = await freePort();
    const userDir = prepareUserDir(port, options);
    const red = new NodeRed(version, userDir, port, options.env ?? {});
    await red.until(() => red.#process.exitCode !== null || red.log.includes('Server now running'));
    if (red.#process.exitCode !== null) throw new Error(`Node-RED ended:\n${red.log}`);
    if (options.settings?.httpAdminRoot !== false) await red.#listen();
    return red;
  }

  /** Resolves when the flows run for the first time. */
  async started() {
    await this.until(() => this.#starts > 0);
    return this;
  }

  get #starts() {
    return [...this.log.matchAll(/Started (modified )?(flows|nodes)/g)].length;
  }

  async stop(signal = /** @type {NodeJS.Signals} */ ('SIGTERM')) {
    this.#comms?.terminate();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await once(this.#process, 'exit');
    }
    return this;
  }

  /** Whether the process still runs. */
  get running() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get pid() {
    return /** @type {number} */ (this.#process.pid);
  }

  /**
   * Deploys; resolves when the flows have been started anew.
   * @param {Array<Record<string, unknown>>} flows
   * @param {'full' | 'nodes' | 'flows' | 'reload'} [type]
   */
  async deploy(flows, type = 'full') {
    await this.started();
    const starts = this.#starts;
    this.#forgetAllBut(flows.map(({ id }) => id));
    const body = {
      flows: flows.map((node) => this.#asEdited(placed(node))),
      ...(this.#revision && { rev: this.#revision }),
    };
    const answer = await this.request('POST', '/flows', type === 'reload' ? {} : body, {
      'Node-RED-Deployment-Type': type,
    });
    this.#revision = answer.rev;
    // The answer comes as soon as the flows have been stopped.
    await this.until(() => this.#starts > starts);
  }

  /**
   * Like the editor, sends credentials only when they are new: their mere presence is a change.
   * @param {Record<string, unknown>} node
   */
  #asEdited({ credentials, ...node }) {
    const sent = JSON.stringify(credentials);
    const id = String(node.id);
    if (sent === this.#credentials.get(id)) return node;
    this.#credentials.set(id, sent);
    return { ...node, credentials };
  }

  /** @param {unknown[]} ids of the nodes that there will be */
  #forgetAllBut(ids) {
    for (const known of [this.statuses, this.#credentials]) {
      for (const id of known.keys()) if (!ids.includes(id)) known.delete(id);
    }
  }

  /**
   * Asks a flow: GET on one of its http-in nodes.
   * @param {string} route
   */
  ask(route) {
    return this.request('GET', route);
  }

  /** @param {string} key */
  async globalContext(key) {
    const { msg } = await this.request('GET', `/context/global/${key}`);
    return msg;
  }

  /**
   * @param {string} method
   * @param {string} route
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   */
  async request(method, route, body, headers) {
    const response = await fetch(this.url + route, {
      method,
      headers: { 'Content-Type': 'application/json', 'Node-RED-API-Version': 'v2', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    if (!response.ok) {
      throw Object.assign(new Error(`${method} ${route}: ${response.status} ${text}`), {
        status: response.status,
        text,
      });
    }
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }

  /**
   * Waits for a node's status.
   * @param {string} id
   * @param {RegExp | string} text
   */
  async status(id, text) {
    const matches = () => {
      const shown = this.statuses.get(id)?.text ?? '';
      return typeof text === 'string' ? shown === text : text.test(shown);
    };
    await this.until(matches, () => `status of ${id}: ${JSON.stringify(this.statuses.get(id))}`);
    return this.statuses.get(id);
  }

  /**
   * @param {() => unknown} condition
   * @param {() => string} [describe]
   */
  until(condition, describe) {
    return until(condition, () => `${describe?.() ?? condition}\n${this.log.slice(-3000)}`);
  }

  /** Hears what the editor hears. */
  async #listen() {
    const comms = new WebSocket(`${this.url.replace('http', 'ws')}/comms`);
    this.#comms = comms;
    comms.on('message', (data) => {
      for (const { topic, data: status } of [JSON.parse(String(data))].flat()) {
        if (topic === 'debug') this.debugLog.push(status);
        if (topic === 'secret-manager/changed') this.changed.push(status);
        if (topic?.startsWith('notification/')) this.notifications.push(topic);
        const [, id] = /^status\/(.+)$/.exec(topic ?? '') ?? [];
        if (!id) continue;
        this.statuses.set(id, status);
        this.statusLog.push({ id, text: status.text ?? '' });
      }
    });
    await once(comms, 'open');
    for (const subscribe of ['status/#', 'debug', 'notification/#', 'secret-manager/changed']) {
      comms.send(JSON.stringify({ subscribe }));
    }
  }
}

/**
 * @param {number} port
 * @param {Options} options
 */
function prepareUserDir(
  port,
  { userDir, settings, extraSettings = '', flows, credentials, ...rest },
) {
  const directory = userDir ?? temporaryDirectory('node-red-');
  if (rest.package !== false) linkPackage(directory, rest.package ?? root);
  for (const [name, text] of Object.entries(rest.files ?? {})) {
    fs.writeFileSync(path.join(directory, name), text);
  }
  const all = {
    uiPort: port,
    uiHost: '127.0.0.1',
    flowFile: 'flows.json',
    credentialSecret: 'test',
    editorTheme: { tours: false, projects: { enabled: false } },
    telemetry: { enabled: false, updateNotification: false },
    ...settings,
  };
  fs.writeFileSync(
    path.join(directory, 'settings.js'),
    `module.exports = { ...${JSON.stringify(all)}, ${extraSettings} };\n`,
  );
  if (flows) {
    fs.writeFileSync(path.join(directory, 'flows.json'), JSON.stringify(flows.map(placed)));
  }
  if (credentials) {
    fs.writeFileSync(path.join(directory, 'flows_cred.json'), JSON.stringify(credentials));
  }
  return directory;
}

/**
 * @param {string} directory
 * @param {string} target
 */
function linkPackage(directory, target) {
  const modules = path.join(directory, 'node_modules/@secret-manager');
  fs.mkdirSync(modules, { recursive: true });
  const link = path.join(modules, 'node-red');
  fs.rmSync(link, { force: true });
  fs.symlinkSync(target, link);
}

/**
 * Without a place on the canvas a node would count as a config node.
 * @param {Record<string, unknown>} node
 */
function placed(node) {
  return node.z ? { x: 100, y: 100, ...node } : node;
}

/** The tests' own environment must not become a source, nor npm's settings Node-RED's. */
function cleanEnvironment() {
  const others = /^(SECRET_MANAGER|NODE_|npm_)/i;
  const names = Object.keys(process.env).filter((name) => !others.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

module.exports = { NodeRed, root, versions };
