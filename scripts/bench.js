'use strict';

/* `npm run bench`: measures on the Node.js that has the clocks for it, whatever runs npm. */

const { node, run } = require('./run');
const { setUp } = require('./setup');

setUp();
run(node, ['bench/index.js', ...process.argv.slice(2)]);
