'use strict';

/*
 * What the package adds to the start and the memory of Node-RED: whole processes with and without
 * it, in turn, and the median of the differences within the pairs.
 */

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { median } = require('./lib/measure');
const { Snapshots } = require('./lib/snapshots');

const PAIRS = 9;
const root = path.join(__dirname, '..');

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
  const pairs = [];
  await started(alone);
  await started(together);
  for (let pair = 0; pair < PAIRS; pair++) {
    pairs.push({ alone: await started(alone), together: await started(together) });
  }
  for (const folder of [alone, together]) fs.rmSync(folder, { recursive: true });

  for (const [metric, unit] of /** @type {const} */ ([
    ['time', 'ms'],
    ['cpu', 'ms'],
    ['memory', 'MiB'],
  ])) {
    const baseline = median(pairs.map((pair) => pair.alone[metric]));
    const added = median(pairs.map((pair) => pair.together[metric] - pair.alone[metric]));
    yield { case: name, n: null, metric: `added ${metric}`, value: added, unit, baseline };
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
 * @returns {Promise<{ time: number, cpu: number, memory: number }>}
 */
async function started(folder) {
  const program = path.join(__dirname, 'lib/node-red-start.js');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, folder]);
  return JSON.parse(/** @type {string} */ (stdout.trim().split('\n').at(-1)));
}

module.exports = { rows };
