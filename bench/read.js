'use strict';

/* What it costs a flow to read a secret, against a plain object with the same content. */

const { Engine } = require('../js');
const { secretsView } = require('../nodes/lib/views');
const { median } = require('./lib/measure');
const { Snapshots } = require('./lib/snapshots');

const READS = 100_000;
const REPETITIONS = 9;

async function* rows() {
  for (const n of [10, 10_000]) {
    const snapshots = await Snapshots.start(n);
    const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
    await engine.start({ kind: 'service', url: snapshots.url, token: 'bench', autosync: 86_400 });
    const view = /** @type {Record<string, string>} */ (secretsView(engine, 'SECRETS'));
    const plain = Object.fromEntries(engine.names().map((name) => [name, view[name]]));
    const [value, baseline] = [timePerRead(view), timePerRead(plain)];
    yield { case: 'text, against a property', n, metric: 'time', value, unit: 'µs', baseline };
    engine.dispose();
    await snapshots.stop();
  }
}

/**
 * The median of several passes, in µs.
 * @param {Record<string, string>} object
 */
function timePerRead(object) {
  const names = Object.keys(object).slice(0, 10);
  return median(
    Array.from({ length: REPETITIONS }, () => {
      const start = performance.now();
      let length = 0;
      for (let index = 0; index < READS; index++) length += object[names[index % 10]].length;
      if (length === 0) throw new Error('the values are empty');
      return ((performance.now() - start) * 1000) / READS;
    }),
  );
}

module.exports = { rows };
