'use strict';

/*
 * `npm run kill`: kills the service while many write, 300 times (`npm run kill -- TIMES`), and checks
 * after each that nothing is lost, doubled or damaged. `npm test` does the same a few times.
 */

const { fail, run } = require('./run');

const [times = '300'] = process.argv.slice(2);
if (!/^[1-9]\d*$/.test(times)) fail('npm run kill takes a number of times');
process.env.SECRET_MANAGER_KILLS = times;
run('cargo', ['test', '--package', 'secret-manager-service', '--test', 'service', 'killed::']);
