'use strict';

/* `npm test`: everything. `npm test -- FILE…`: these suites of Node.js only. */

const fs = require('node:fs');
const path = require('node:path');
const { root, run, systemNode } = require('./run');
const { setUp, setUpBrowser, setUpTools } = require('./setup');

const files = process.argv.slice(2);

setUp();
setUpBrowser();
setUpTools();
if (files.length === 0) run('cargo', ['test', '--quiet', '--workspace']);
// One file for each core; a test that hangs is a failure, not a reason to wait.
const limits = ['--test-concurrency=2', '--test-timeout=90000'];
run(systemNode, ['--test', ...limits, ...(files.length > 0 ? files : suites())]);

function suites() {
  const names = fs.readdirSync(path.join(root, 'test'));
  return names.filter((name) => name.endsWith('.test.js')).map((name) => path.join('test', name));
}
