'use strict';

/* Packages that only single tests need; scripts/setup.js installs them. */

const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./node-red');

/**
 * A file or folder of an installed tool.
 * @param {string} name
 */
function tool(name) {
  const place = path.join(root, 'target/test-tools/node_modules', name);
  if (!fs.existsSync(place)) throw new Error(`${name} is missing: \`npm test\` installs it`);
  return place;
}

module.exports = { tool };
