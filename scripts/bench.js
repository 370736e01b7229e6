'use strict';

/* `npm run bench`: measures on the Node.js that has the clocks for it, whatever runs npm. */

const { node, run } = require('./run');
const { setUp } = require('./setup');

setUp();
// Baselines and the load are examples of the crates that they are measured against.
for (const crate of ['secret-manager-addon', 'secret-manager-service', 'secret-manager-sync']) {
  run('cargo', ['build', '--release', '--package', crate, '--examples']);
}
run(node, ['bench/index.js', ...process.argv.slice(2)]);
