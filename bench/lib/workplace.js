'use strict';

/* Where the servers that a part measures keep what is theirs. */

const fs = require('node:fs');
const path = require('node:path');

/**
 * A new directory, to be removed by who asked for it.
 * @param {string} part
 */
function workplace(part) {
  if (process.platform !== 'linux') {
    throw new Error(`The part "${part}" needs Linux: it pins processes and reads /proc`);
  }
  // On the disk that the sources are on: temporary directories may be in memory.
  return fs.mkdtempSync(path.join(__dirname, '../../target/bench-'));
}

module.exports = { workplace };
