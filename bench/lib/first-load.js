'use strict';

/* Prints how long the first sync of an engine takes, in ms. Arguments: URL, token, "masked" or "plain". */

const { Engine, startMasking } = require('../../js');

const [url, token, kind] = process.argv.slice(2);

if (kind === 'masked') startMasking();
const alive = setInterval(() => {}, 2 ** 30);
const engine = new Engine({ wantsNames: () => false, onChange() {}, onState() {} });
const start = performance.now();
engine.start({ kind: 'service', url, token, autosync: 86_400 }).then(() => {
  console.log(performance.now() - start);
  clearInterval(alive);
});
