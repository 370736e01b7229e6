'use strict';

/*
 * What the package adds to the start and the memory of Node-RED: whole processes with and without
 * it, in turn. Whatever else the machine does only ever adds, so the lowest figures are compared.
 */

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { Snapshots } = require('./lib/snapshots');

const RUNS = 15;
const METRICS = /** @type {const} */ ([
  ['time', 'ms'],
  ['cpu', 'ms'],
  ['memory', 'MiB'],
]);
const root = path.join(__dirname, '..');

/** @typedef {{ time: number, cpu: number, memory: number }} Sample */

async function* rows() {
  const snapshots = await Snapshots.start(10);
  const source = { id: 'source', type: 'secret-source', kind: 'service', url: snapshots.url };
  const node = { id: 'node', type: 'secret-manager', z: 'tab', source: 'source', wires: [[]] };
  const tab = { id: 'tab', type: 'tab', label: 'bench' };
  yield* compared('installed, against Node-RED alone', [tab]);
  yield* compared('one node, against Node-RED alone', [tab, source, { ...node, syncOnSave: true }]);
  await snapshots.stop();
}

/**
 * @param {string} name
 * @param {object[]} flows
 */
async function* compared(name, flows) {
  const [alone, together] = [userDir([flows[0]], false), userDir(flows, true)];
  /** @type {Record<string, Sample[]>} */
  const samples = { [alone]: [], [together]: [] };
  for (let run = 0; run < RUNS; run++) {
    // Turn and turn about, so that neither is always the one that comes second.
    const order = run % 2 === 0 ? [alone, together] : [together, alone];
    for (const folder of order) samples[folder].push(await started(folder));
  }
  for (const folder of [alone, together]) fs.rmSync(folder, { recursive: true });

  for (const [metric, unit] of METRICS) {
    const [baseline, sum] = [alone, together].map((folder) =>
      Math.min(...samples[folder].map((sample) => sample[metric])),
    );
    const value = sum - baseline;
    yield { case: name, n: null, metric: `added ${metric}`, value, unit, baseline };
  }
}

/**
 * @param {object[]} flows
 * @param {boolean} withPackage
 */
function userDir(flows, withPackage) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'secret-manager-bench-'));
  fs.writeFileSync(path.join(folder, 'flows.json'), JSON.stringify(flows));
  if (withPackage) {
    const scope = path.join(folder, 'node_modules/@secret-manager');
    fs.mkdirSync(scope, { recursive: true });
    fs.symlinkSync(root, path.join(scope, 'node-red'), 'dir');
  }
  return folder;
}

/**
 * @param {string} folder
 * @returns {Promise<Sample>}
 */
async function started(folder) {
  const program = path.join(__dirname, 'lib/node-red-start.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, folder]);
  return JSON.parse(/** @type {string} */ (stdout.trim().split('\n').at(-1)));
}

module.exports = { rows };
