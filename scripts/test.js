'use strict';

/* `npm test`: everything. `npm test -- FILE…`: these suites of Node.js only. */

const { run } = require('./run');
const { setUp, setUpBrowser } = require('./setup');

const files = process.argv.slice(2);

setUp();
setUpBrowser();
if (files.length === 0) run('cargo', ['test', '--quiet', '--workspace']);
run(process.execPath, ['--test', ...(files.length > 0 ? files : ['test/'])]);
