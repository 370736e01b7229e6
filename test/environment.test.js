'use strict';

/* process.env that answers for more than it has, on each Node.js that there is. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { root } = require('./lib/node-red');

const script = `
const assert = require('node:assert/strict');
const { execFileSync, fork } = require('node:child_process');
const { inspect } = require('node:util');
const { Worker, SHARE_ENV } = require('node:worker_threads');
const { Environment } = require('./nodes/lib/environment');

const answers = { 'SECRETS.KEY': 'canary' };
const environment = new Environment((name) => answers[name]);
const { env } = process;
const before = [Object.getPrototypeOf(env), JSON.stringify(env)];
const untouched = () => {
  assert.equal(process.env, env);
  assert.deepEqual([Object.getPrototypeOf(env), JSON.stringify(env)], before);
  assert.equal(env['SECRETS.KEY'], undefined);
};

assert.ok(environment.install() && environment.install());
assert.equal(process.env, env, 'whoever took hold of it earlier asks the same object');
assert.equal(env['SECRETS.KEY'], 'canary');
assert.equal(env['SECRETS.OTHER'], undefined);
assert.equal(env.PATH, JSON.parse(before[1]).PATH);

const shown = [JSON.stringify(env), inspect(env), String(env), Object.values({ ...env }).join()];
for (const name in env) shown.push(name, env[name]);
shown.push(Object.keys(env).join(), JSON.stringify(structuredClone(env)));
assert.ok(!shown.join().includes('canary') && !shown.join().includes('SECRETS.KEY'));
assert.ok(!('SECRETS.KEY' in env) && !Object.hasOwn(env, 'SECRETS.KEY'));
assert.ok('PATH' in env && env.hasOwnProperty('PATH'));

env['SECRETS.KEY'] = 'own';
assert.equal(env['SECRETS.KEY'], 'own', 'a variable of that name comes first');
assert.ok(Object.keys(env).includes('SECRETS.KEY'));
delete env['SECRETS.KEY'];
assert.equal(env['SECRETS.KEY'], 'canary');
env.NUMBER = 1;
assert.equal(env.NUMBER, '1');
delete env.NUMBER;

const look = "String(process.env['SECRETS.KEY']) + JSON.stringify(process.env)";
for (const options of [{}, { env }, { env: { ...env } }]) {
  const seen = execFileSync(process.execPath, ['-p', look], options).toString();
  assert.ok(seen.startsWith('undefined') && !seen.includes('canary'), seen);
}
const work = "require('node:worker_threads').parentPort.postMessage(" + look + ')';
const seenBy = (options) =>
  new Promise((resolve, reject) => {
    new Worker(work, { eval: true, ...options }).on('message', resolve).on('error', reject);
  });
(async () => {
  for (const options of [{}, { env }, { env: SHARE_ENV }]) {
    const seen = await seenBy(options);
    assert.ok(seen.startsWith('undefined') && !seen.includes('canary'), seen);
  }
  environment.remove();
  untouched();

  process.env = { ...env };
  assert.ok(environment.install());
  assert.equal(process.env['SECRETS.KEY'], 'canary', 'another package may replace it');
  process.env = Object.freeze({ ...env });
  assert.equal(environment.install(), false);
  process.env = env;
  environment.remove();
  untouched();
  console.log('as it should be');
})();
`;

for (const node of [process.execPath, path.join(root, 'node_modules/node/bin/node')]) {
  const version = execFileSync(node, ['--version']).toString().trim();
  test(`on Node.js ${version} it answers, and shows nothing`, () => {
    const said = execFileSync(node, ['--eval', script], { cwd: root }).toString();
    assert.equal(said.trim(), 'as it should be');
  });
}
