'use strict';

/*
 * Makes a fresh clone ready: npm packages, then the Rust build. Uses nothing but Node.js itself,
 * because nothing else is there yet. Does next to nothing when all is in order.
 */

const fs = require('node:fs');
const path = require('node:path');
const { exists, fail, root, run } = require('./run');

const quietly = ['--no-audit', '--no-fund', '--loglevel=error'];

function setUp() {
  if (!exists('cargo')) {
    fail(
      'Rust is missing: install it from https://rustup.rs (or your distribution) and try again.',
    );
  }
  if (packagesAreOutdated('.')) run('npm', ['ci', ...quietly]);
  require('./build').build();
}

/** Packages for single tests: too many to come with every `npm ci`. */
function setUpTools() {
  const tools = 'target/test-tools';
  if (!packagesAreOutdated('test/tools', tools)) return;
  fs.cpSync(path.join(root, 'test/tools'), path.join(root, tools), { recursive: true });
  run('npm', ['ci', '--prefix', tools, '--ignore-scripts', ...quietly]);
}

/** The browser test needs a browser, and a font for the status text. */
function setUpBrowser() {
  if (fs.existsSync('/usr/bin/chromium')) return;
  const packages = ['chromium', 'fonts-noto-color-emoji'];
  if (process.getuid?.() === 0 && exists('apt-get')) {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages]);
  } else {
    console.warn(`The browser test is left out. It needs: ${packages.join(' and ')}`);
  }
}

/**
 * @param {string} wanted folder with the list of packages
 * @param {string} [place] where they are installed
 */
function packagesAreOutdated(wanted, place = wanted) {
  // npm writes this file at the end of every install.
  const installed = modified(`${place}/node_modules/.package-lock.json`);
  return (
    installed === undefined ||
    installed < /** @type {number} */ (modified(`${wanted}/package-lock.json`))
  );
}

/** @param {string} file */
function modified(file) {
  return fs.statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs;
}

module.exports = { setUp, setUpBrowser, setUpTools };

if (require.main === module) setUp();
