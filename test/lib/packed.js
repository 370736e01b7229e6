'use strict';

/* The package as `npm pack` makes it of the built repository: what a release contains. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { root } = require('./node-red');
const { temporaryDirectory } = require('./temporary');

class Packed {
  #directory = temporaryDirectory('packed-');
  /** @type {string} */
  tarball;
  /** Paths of what is inside. @type {string[]} */
  files;
  /** Of the tarball, in bytes. @type {number} */
  size;

  /** @param {string} [folder] of the package */
  constructor(folder = root) {
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', this.#directory];
    const output = execFileSync('npm', args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // A list, or by the names of packages: that changed between versions of npm.
    const [{ filename, files, size }] = Object.values(JSON.parse(output));
    this.tarball = path.join(this.#directory, path.basename(filename));
    this.files = files.map((/** @type {{ path: string }} */ file) => file.path);
    this.size = size;
  }

  get manifest() {
    const text = execFileSync('tar', ['-xzOf', this.tarball, 'package/package.json']);
    return JSON.parse(String(text));
  }

  /** A folder with the package as npm lays it. */
  unpack() {
    const folder = fs.mkdtempSync(path.join(this.#directory, 'package-'));
    execFileSync('tar', ['-xzf', this.tarball, '--strip-components=1', '-C', folder]);
    return folder;
  }

  /**
   * The same package with other contents.
   * @param {string} version
   * @param {(folder: string) => void} change
   */
  variant(version, change) {
    const folder = this.unpack();
    const manifest = { ...this.manifest, version };
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
    change(folder);
    return new Packed(folder);
  }
}

module.exports = { Packed };
