'use strict';

const { describe } = require('node:test');

/**
 * Declares the same tests for each supported Node-RED.
 * @param {string} name
 * @param {(version: 4 | 5) => void} declare
 */
function onBothVersions(name, declare) {
  for (const version of /** @type {const} */ ([5, 4])) {
    describe(`${name} on Node-RED ${version}`, () => declare(version));
  }
}

module.exports = { onBothVersions };
