'use strict';

/*
 * What the package adds to a Node-RED that has it: the time to load it, and memory. Whole starts vary
 * by more than what is looked for, so each Node-RED first starts without the package and then loads
 * it as it does after an install. The baseline is a package with one node that does nothing, and some
 * more of these are loaded before, because at a start the package is one of many.
 */

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { median } = require('./lib/measure');
const { Snapshots } = require('./lib/snapshots');

const RUNS = 9;
const OTHERS = ['empty-1', 'empty-2', 'empty-3'];
const root = path.join(__dirname, '..');

/**
 * @typedef {object} Sample
 * @property {number} time to load the package, in ms
 * @property {number} before memory without the package, in MiB
 * @property {number} loaded memory that the loaded package adds, in MiB
 * @property {number} running memory that it adds with one node at work, in MiB
 */

async function* rows() {
  const snapshots = await Snapshots.start(10);
  const others = OTHERS.map(emptyPackage);
  const nothing = emptyPackage('empty');
  /** @type {Sample[]} */
  const ours = [];
  /** @type {Sample[]} */
  const baselines = [];
  for (let run = 0; run < RUNS; run++) {
    ours.push(await loaded([...others, root], ourFlow(snapshots.url)));
    baselines.push(await loaded([...others, nothing], emptyFlow()));
  }
  for (const folder of [...others, nothing]) fs.rmSync(folder, { recursive: true });
  await snapshots.stop();

  const of = (/** @type {Sample[]} */ samples, /** @type {keyof Sample} */ key) =>
    median(samples.map((sample) => sample[key]));
  const empty = of(baselines, 'time');
  const time = { value: of(ours, 'time') - empty, unit: 'ms', baseline: empty };
  yield { case: 'load, beyond that of an empty node', n: null, metric: 'added time', ...time };

  const memory = { metric: 'added memory', unit: 'MiB', baseline: of(ours, 'before') };
  const [idle, working] = [of(ours, 'loaded'), of(ours, 'running')];
  yield { case: 'loaded, against Node-RED alone', n: null, value: idle, ...memory };
  yield { case: 'one node at work, against Node-RED alone', n: null, value: working, ...memory };
}

/** @param {string} url */
function ourFlow(url) {
  const source = { id: 'source', type: 'secret-source', kind: 'service', url };
  return [
    { id: 'tab', type: 'tab' },
    { ...source, credentials: { token: 'bench' } },
    { id: 'node', type: 'secret-manager', z: 'tab', x: 1, y: 1, source: 'source', wires: [[]] },
  ];
}

function emptyFlow() {
  return [
    { id: 'tab', type: 'tab' },
    { id: 'node', type: 'empty', z: 'tab', x: 1, y: 1, wires: [] },
  ];
}

/** @param {string} name of the package and of its node */
function emptyPackage(name) {
  const folder = temporary();
  const manifest = { name, version: '1.0.0', 'node-red': { nodes: { [name]: 'empty.js' } } };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(
    path.join(folder, 'empty.js'),
    `module.exports = (RED) => RED.nodes.registerType('${name}', function (config) {
      RED.nodes.createNode(this, config);
    });`,
  );
  fs.writeFileSync(
    path.join(folder, 'empty.html'),
    `<script type="text/javascript">RED.nodes.registerType('${name}', { defaults: {} });</script>`,
  );
  return folder;
}

/**
 * @param {string[]} packages folders; the last one is measured
 * @param {object[]} flow
 * @returns {Promise<Sample>}
 */
async function loaded(packages, flow) {
  const userDir = temporary();
  fs.writeFileSync(path.join(userDir, 'flows.json'), '[]');
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--expose-gc', path.join(__dirname, 'lib/node-red-load.js')],
    ...[userDir, JSON.stringify(flow), ...packages],
  ]);
  fs.rmSync(userDir, { recursive: true });
  return JSON.parse(/** @type {string} */ (stdout.trim().split('\n').at(-1)));
}

function temporary() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'secret-manager-bench-'));
}

module.exports = { rows };
