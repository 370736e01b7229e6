'use strict';

/* `npm test`: everything. `npm test -- FILE…`: these suites of Node.js only. */

const { run } = require('./run');
const { setUp, setUpBrowser } = require('./setup');

const files = process.argv.slice(2);

setUp();
setUpBrowser();
if (files.length === 0) run('cargo', ['test', '--quiet', '--workspace']);
// One file for each core; a test that hangs is a failure, not a reason to wait.
const limits = ['--test-concurrency=2', '--test-timeout=90000'];
run(process.execPath, ['--test', ...limits, ...(files.length > 0 ? files : ['test/'])]);
