'use strict';

/* The package as npm installs it: what is in it, and what it does on other platforms. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const own = require('../package.json');
const { onBothVersions } = require('./lib/both-versions');
const { secretManager, secretSource, tab } = require('./lib/flows');
const { NodeRed, root } = require('./lib/node-red');
const { Packed } = require('./lib/packed');
const { Registry } = require('./lib/registry');

const packed = new Packed();
const registry = new Registry();

before(() => registry.start());
after(() => registry.stop());

test('it holds what runs and nothing else', () => {
  const known =
    /^(package\.json|README\.md|LICENSE|(bin|js|nodes|resources|examples)\/[^.][\w./-]+)$/;
  assert.deepEqual(
    packed.files.filter((file) => !known.test(file)),
    [],
  );
  assert.ok(packed.files.includes('resources/secret-manager-sidebar.js'));
  const addons = packed.files.filter(isAddon);
  assert.deepEqual(addons, addonsIn(root));
  assert.ok(addons.some((file) => file.includes(`${process.platform}-${process.arch}`)));
});

test('it installs without running or fetching anything', () => {
  const { scripts, dependencies, optionalDependencies } = packed.manifest;
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
    assert.equal(scripts?.[name], undefined, name);
  }
  assert.deepEqual([dependencies, optionalDependencies], [undefined, undefined]);
  // npm would call a compiler for it.
  assert.ok(!packed.files.includes('binding.gyp'));
});

/**
 * Packages that were built for other platforms than this one.
 * @type {Record<string, (addon: string) => void>}
 */
const elsewhere = {
  absent: (addon) => fs.rmSync(addon),
  foreign(addon) {
    const bytes = fs.readFileSync(addon);
    // The machine that an ELF file is for: here one that nobody has.
    bytes.writeUInt16LE(0xfffe, 18);
    fs.writeFileSync(addon, bytes.subarray(0, 0x10000));
  },
};

onBothVersions('A package without a native part for this platform', (version) => {
  for (const [name, change] of Object.entries(elsewhere)) {
    test(`installs and says what is missing (${name})`, async (t) => {
      const variant = packed.variant(`${own.version}-${name}.${version}`, (folder) => {
        for (const addon of addonsIn(folder)) change(path.join(folder, addon));
      });
      await registry.publish(variant.tarball);
      const red = await NodeRed.start(version, {
        package: false,
        files: { '.npmrc': registry.settings },
      });
      t.after(() => red.stop());

      // What the palette manager sends.
      await red.request('POST', '/nodes', { module: own.name, version: variant.manifest.version });
      const source = { url: 'http://127.0.0.1:1', token: 'any' };
      await red.deploy([tab, secretSource(source), secretManager()]);
      await red.status('manager', `No native part for ${process.platform}-${process.arch}`);
    });
  }
});

/** @param {string} folder of a package */
function addonsIn(folder) {
  const files = fs.readdirSync(path.join(folder, 'js'));
  return files.filter(isAddon).map((file) => `js/${file}`);
}

/** @param {string} file */
function isAddon(file) {
  return file.endsWith('.node');
}
