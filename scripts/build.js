'use strict';

/*
 * Bundles the service's page and the sidebar, builds the Rust side and puts the results where
 * JavaScript looks for them: the addon and its type declarations in js/, the executable in its npm
 * package.
 */

const fs = require('node:fs');
const path = require('node:path');
const { bundlePage } = require('./page');
const { executable, root, run } = require('./run');
const { bundleSidebar } = require('./sidebar');

function build() {
  // First: the executable embeds it.
  bundlePage();
  bundleSidebar();
  buildAddon();
  buildService();
}

function buildAddon() {
  const output = 'target/addon';
  // Builds with cargo, and writes the declarations from what the Rust code says.
  run(path.join('node_modules', '.bin', 'napi'), [
    ...['build', '--release', '--manifest-path', 'src/addon/Cargo.toml'],
    ...['--package-json-path', 'package.json', '--target-dir', 'target', '--output-dir', output],
    ...['--dts', 'native.d.ts', '--no-dts-header', '--no-js'],
  ]);
  replace(`${output}/secret-manager.node`, `js/secret-manager.${triple()}.node`);
  replace(`${output}/native.d.ts`, 'js/native.d.ts');
}

function buildService() {
  run('cargo', ['build', '--release', '-p', 'secret-manager-service']);
  replace(`target/release/${path.basename(executable)}`, executable);
}

function triple() {
  const header = /** @type {any} */ (process.report.getReport()).header;
  const musl = process.platform === 'linux' && !header.glibcVersionRuntime;
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;
}

/**
 * Under a new name first: a process that runs the old file keeps it whole.
 * @param {string} from
 * @param {string} to
 */
function replace(from, to) {
  const target = path.resolve(root, to);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(path.join(root, from), `${target}.new`);
  fs.renameSync(`${target}.new`, target);
}

module.exports = { build };

if (require.main === module) build();
