'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/**
 * A new directory that is gone when the tests are.
 * @param {string} prefix
 */
function temporaryDirectory(prefix) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
  process.once('exit', () => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
  return directory;
}

module.exports = { temporaryDirectory };
