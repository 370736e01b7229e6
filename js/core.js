'use strict';

/* The one native core of this environment (a worker thread has its own), and who gets its news. */

const masks = require('./masks');
const native = require('./native');

/** @type {import('./native').Core | undefined} */
let core;

/** @type {Map<number, () => void>} */
const receivers = new Map();

/** Started by the first who asks: a platform without a native part is told of then. */
function nativeCore() {
  return (core ??= newCore());
}

/** What an engine publishes is masked only when the masks are there before it. */
function newCore() {
  masks.begin();
  return new native.Core((id) => receivers.get(id)?.());
}

/**
 * Calls `receive` when the engine or the vault has something to tell.
 * @param {{ id: number }} teller
 * @param {() => void} receive
 */
function listen(teller, receive) {
  receivers.set(teller.id, () => guarded(receive));
}

/** @param {{ id: number }} teller */
function forget(teller) {
  receivers.delete(teller.id);
}

/**
 * Runs a listener. News arrive straight from the native side, where a throw would be an uncaught
 * exception and end the process: a listener's mistake is only reported.
 * @template T
 * @param {() => T} call
 * @returns {T | undefined}
 */
function guarded(call) {
  try {
    return call();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
    return undefined;
  }
}

module.exports = { forget, guarded, listen, nativeCore };
