'use strict';

/* What a node's status says: which text, in which colour, with which values in it. */

/**
 * @typedef {import('./types').Situation} Situation
 * @typedef {import('./types').NodeStatus} NodeStatus
 */

/** @type {Record<string, Pick<NodeStatus, 'fill' | 'shape'>>} */
const LOOKS = {
  synced: { fill: 'green', shape: 'dot' },
  refused: { fill: 'yellow', shape: 'dot' },
  pending: { fill: 'yellow', shape: 'dot' },
  store: { fill: 'yellow', shape: 'dot' },
  storeChosen: { fill: 'yellow', shape: 'dot' },
  stale: { fill: 'yellow', shape: 'ring' },
  cached: { fill: 'yellow', shape: 'ring' },
  late: { fill: 'yellow', shape: 'ring' },
  syncing: { fill: 'blue', shape: 'ring' },
  waiting: { fill: 'blue', shape: 'ring' },
  standby: { fill: 'grey', shape: 'ring' },
  unreachable: { fill: 'red', shape: 'ring' },
  denied: { fill: 'red', shape: 'dot' },
  native: { fill: 'red', shape: 'dot' },
  setup: { fill: 'red', shape: 'ring' },
};

/**
 * @param {import('../../js/native').Status} status
 * @param {boolean} held whether the context store could hold the object
 * @returns {Situation}
 */
function situationOf(status, held) {
  const { state, refusedCount, checkedAt, nextAt } = status;
  const message = status.error?.message ?? '';
  if (state === 'synced') {
    if (!held) return { key: 'store' };
    if (refusedCount > 0) return { key: 'refused', values: { count: refusedCount } };
    return { key: 'synced' };
  }
  if (state === 'stale') {
    const key = status.cached ? 'cached' : 'stale';
    return { key, values: { message, since: clock(checkedAt), next: clock(nextAt) } };
  }
  if (state === 'waiting') {
    return { key: 'waiting', values: { since: clock(checkedAt), next: clock(nextAt) } };
  }
  if (state === 'unreachable') {
    return { key: 'unreachable', values: { message, next: clock(nextAt) } };
  }
  if (state === 'denied') return { key: 'denied', values: { message } };
  // An engine that has just been started may say for a moment that it is idle.
  return { key: 'syncing' };
}

/**
 * @param {Situation} situation
 * @param {(key: string, values?: object) => string} text
 * @returns {NodeStatus}
 */
function nodeStatus({ key, values }, text) {
  const [look] = key.split('.');
  return { ...LOOKS[look], text: text(`status.${key}`, values) };
}

/**
 * @param {import('./types').Warning} warning
 * @param {(key: string, values?: object) => string} text
 */
function warningText(warning, text) {
  if (typeof warning === 'string') return warning;
  if (Array.isArray(warning)) return text('warning.refused', { names: warning.join(', ') });
  return text(`warning.${warning.key}`, warning.values);
}

/**
 * A moment for people who look at the status of a node: the time of day, with the day when it is
 * not today.
 * @param {number | undefined} ms
 */
function clock(ms) {
  if (ms === undefined) return '–';
  const then = new Date(ms);
  const time = then.toTimeString().slice(0, 8);
  if (then.toDateString() === new Date().toDateString()) return time;
  const day = [then.getMonth() + 1, then.getDate()].map((part) => String(part).padStart(2, '0'));
  return `${then.getFullYear()}-${day.join('-')} ${time}`;
}

module.exports = { nodeStatus, situationOf, warningText };
