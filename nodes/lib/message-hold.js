'use strict';

const HOOK = 'preRoute.secret-manager';

/** More than that in so short a time are a flood, and meet what they would meet in a deploy. */
const MOST = 10_000;

/**
 * Holds the messages to some nodes while these are exchanged: otherwise Node-RED drops what is sent to a
 * node that isn't there at the moment. Node-RED calls `preRoute` before it looks for the node.
 * @param {import('./types').Red} RED
 * @param {Set<string>} ids of those nodes
 * @returns {() => void} lets the messages go on, in their order
 */
function holdMessages({ hooks, util }, ids) {
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
  return () => {
    hooks.remove(HOOK);
    for (const goOn of held) goOn();
  };
}

module.exports = { holdMessages };
