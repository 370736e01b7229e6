'use strict';

/**
 * @typedef {import('./types').Red} Red
 *
 * @typedef {() => void} Undo
 */

/** One of our types: with it the package goes. */
const TYPE = 'secret-manager';

/** Where it is noted how to end what runs, for a copy of this file that is loaded after an uninstall. */
const UNDO = Symbol.for('@secret-manager/node-red/undo');

/**
 * Does something to Node-RED until the package is removed, or is loaded again.
 * @param {Red} RED
 * @param {Array<() => Undo>} parts each returns what ends it
 */
function whileInstalled(RED, parts) {
  const place = /** @type {any} */ (RED.events);
  place[UNDO]?.();
  const undo = parts.map((begin) => begin());
  const onRuntimeEvent = (/** @type {any} */ { id, payload }) => {
    const gone = Array.isArray(payload) && payload.some(({ types }) => types?.includes(TYPE));
    if (id === 'node/removed' && gone) place[UNDO]?.();
  };
  RED.events.on('runtime-event', onRuntimeEvent);
  place[UNDO] = () => {
    delete place[UNDO];
    RED.events.off('runtime-event', onRuntimeEvent);
    for (const end of undo) end();
  };
}

module.exports = { whileInstalled };
