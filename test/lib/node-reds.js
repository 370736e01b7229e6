'use strict';

/* Node-REDs that single tests start, and that are stopped after the tests whatever comes of those. */

const { after } = require('node:test');
const { NodeRed } = require('./node-red');

/**
 * Answers what starts one, and waits for its flows.
 * @param {4 | 5} version
 */
function useNodeReds(version) {
  /** @type {Array<InstanceType<typeof NodeRed>>} */
  const started = [];
  after(() => Promise.all(started.map((red) => red.stop())));

  return async (/** @type {import('./node-red').Options} */ options = {}) => {
    const red = await NodeRed.start(version, options);
    started.push(red);
    return red.started();
  };
}

module.exports = { useNodeReds };
