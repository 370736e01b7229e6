'use strict';

/*
 * Measures what the package costs Node-RED, and what the service costs its machine. Each figure
 * stands beside a baseline that was measured in the same run, so the ratio holds on a noisy or slow
 * machine, too.
 */

const fs = require('node:fs');
const { parseArgs } = require('node:util');

const SUITES = {
  sync: () => require('./sync'),
  read: () => require('./read'),
  start: () => require('./start'),
  mask: () => require('./mask'),
  service: () => require('./service'),
  live: () => require('./live'),
  watchers: () => require('./watchers'),
  restart: () => require('./restart'),
};

/**
 * @typedef {object} Row
 * @property {string} bench
 * @property {string} case what is measured, and against what
 * @property {number | null} n secrets in the space
 * @property {string} metric
 * @property {number} value
 * @property {string} unit
 * @property {number} baseline in the same unit
 * @property {number} ratio value / baseline
 */

async function main() {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' } },
    allowPositionals: true,
  });
  const wanted = positionals.length > 0 ? positionals : Object.keys(SUITES);
  const unknown = wanted.filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) {
    throw new Error(`Unknown: ${unknown}. There are: ${Object.keys(SUITES).join(', ')}`);
  }
  // Nothing of this package keeps a process alive, so the bench does while it waits.
  const alive = setInterval(() => {}, 2 ** 30);
  /** @type {Row[]} */
  const rows = [];
  printLine(['bench', 'case', 'n', 'metric', 'value', 'baseline', 'unit', 'ratio']);
  for (const name of wanted) {
    for await (const row of SUITES[/** @type {keyof typeof SUITES} */ (name)]().rows()) {
      const complete = { bench: name, ...row, ratio: row.value / row.baseline };
      rows.push(complete);
      printRow(complete);
    }
  }
  clearInterval(alive);
  if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}

/** @param {Row} row */
function printRow(row) {
  const { value, baseline, ratio } = row;
  printLine([
    ...[row.bench, row.case, row.n === null ? '' : row.n.toLocaleString('en'), row.metric],
    ...[figure(value), figure(baseline), row.unit, `${figure(ratio)}×`],
  ]);
}

/** @param {number} value */
function figure(value) {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 1 ? value.toFixed(1) : value.toFixed(3);
}

const WIDTHS = [7, 44, 8, 16, 11, 11, 5, 9];

/** @param {string[]} cells */
function printLine(cells) {
  const padded = cells.map((cell, index) =>
    index === 1 || index === 0 || index === 3
      ? cell.padEnd(WIDTHS[index])
      : cell.padStart(WIDTHS[index]),
  );
  console.log(padded.join(' '));
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
