'use strict';

/* `npm run bench [-- --json FILE]`: measures, on the Node.js that the measurements need. */

const path = require('node:path');
const { root, run } = require('./run');
const { setUp } = require('./setup');

setUp();
run('cargo', ['build', '--release', '-p', 'secret-manager-addon', '--example', 'empty_call']);
run(path.join(root, 'node_modules/node/bin/node'), [
  '--expose-gc',
  'bench/index.js',
  ...process.argv.slice(2),
]);
