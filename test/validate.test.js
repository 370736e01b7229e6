'use strict';

/* What the Node-RED project asks of a package before it shows it to people: all of it holds. */

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const own = require('../package.json');
const { root, versions } = require('./lib/node-red');
const { Packed } = require('./lib/packed');
const { temporaryDirectory } = require('./lib/temporary');
const { tool } = require('./lib/tools');

const [newest, maintained] = [versions[5], versions[4]].map(({ package: name }) =>
  require(path.join(root, 'node_modules', name, 'package.json')),
);

/** What the check asks the network for: other packages, and the releases of Node-RED. */
const answers = {
  'https://catalogue.nodered.org/catalogue.json': {
    modules: [
      { id: 'node-red-dashboard', types: ['ui_button', 'ui_text'] },
      { id: 'node-red-contrib-credentials', types: ['credentials'] },
      { id: own.name, types: Object.keys(own['node-red'].nodes) },
    ],
  },
  'https://registry.npmjs.org/node-red': {
    'dist-tags': { latest: newest.version, 'v4-maintenance': maintained.version },
    versions: Object.fromEntries(
      [newest, maintained].map(({ version, engines }) => [version, { engines }]),
    ),
  },
};

test('node-red-dev validate finds nothing to say', async () => {
  const directory = temporaryDirectory('validate-');
  const [asked, scores] = ['answers.json', 'scores.json'].map((name) => path.join(directory, name));
  fs.writeFileSync(asked, JSON.stringify(answers));
  const folder = new Packed().unpack();

  const program = [tool('node-red-dev/bin/run'), 'validate', '--path', folder, '--output', scores];
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--require', require.resolve('./lib/offline'), ...program],
    { env: { ...process.env, OFFLINE_ANSWERS: asked } },
  );
  const { package: checked, ...checks } = JSON.parse(fs.readFileSync(scores, 'utf8'));
  assert.equal(checked.name, own.name);
  assert.deepEqual(
    Object.keys(checks).sort(),
    ['D01', 'D02', 'D03', 'N01', 'N02', 'P01', 'P03', 'P04', 'P05', 'P06', 'P07', 'P08'],
    stdout + stderr,
  );
  for (const [name, { test: passed }] of Object.entries(checks)) assert.ok(passed, name + stderr);
  assert.deepEqual(checks.P06.versions, [newest.version, maintained.version]);
  assert.deepEqual(stderr.match(/Warning: .*/g) ?? [], []);
});
