'use strict';

const { setImmediate } = require('node:timers/promises');

const HOOK = 'preRoute.secret-manager';

/** More than that in so short a time are a flood, and meet what they would meet in a deploy. */
const MOST = 10_000;

/**
 * Holds the messages to some nodes while these are exchanged: otherwise Node-RED drops what is sent to a
 * node that isn't there at the moment. Node-RED calls `preRoute` before it looks for the node.
 * @param {import('./types').Red} RED
 * @param {Set<string>} ids of those nodes
 * @returns {Promise<() => void>} once the nodes have got what was on its way to them; what is resolved to
 *   lets the held messages go on, in their order
 */
async function holdMessages({ hooks, util }, ids) {
  /** @type {Array<() => void>} */
  const held = [];
  hooks.add(HOOK, (/** @type {any} */ event, /** @type {() => void} */ goOn) => {
    if (!ids.has(event.destination?.id) || held.length >= MOST) {
      goOn();
      return;
    }
    // It would be cloned after this, and by then its sender may have changed it.
    if (event.cloneMessage) {
      event.msg = util.cloneMessage(event.msg);
      event.cloneMessage = false;
    }
    held.push(goOn);
  });
  // Node-RED has found the node for a message before, and hands it over in a turn of its own; a node that
  // has been stopped by then would drop it.
  await setImmediate();
  return () => {
    hooks.remove(HOOK);
    for (const goOn of held) goOn();
  };
}

module.exports = { holdMessages };
