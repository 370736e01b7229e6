'use strict';

/*
 * Bundles the service's web page into the folder that the executable embeds. Names of assets carry a
 * hash of their content, so that browsers may keep them for ever.
 */

const fs = require('node:fs');
const path = require('node:path');
const { gzipSync, constants } = require('node:zlib');
const { root } = require('./run');

const source = path.join(root, 'src/service/ui');
const target = path.join(source, 'dist');

function bundlePage() {
  // Not before `npm ci`, which this file is loaded ahead of.
  const esbuild = require('esbuild');
  const { metafile, outputFiles } = esbuild.buildSync({
    absWorkingDir: source,
    entryPoints: ['main.js', 'theme.css', 'icon.svg'],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.svg': 'copy' },
    minify: true,
    entryNames: 'assets/[name]-[hash]',
    outdir: target,
    // Lit's licence asks for its notice.
    legalComments: 'eof',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  // Else its process stays as long as this one, which may be `npm start`.
  esbuild.stop();

  /** @type {Record<string, string>} */
  const addresses = {};
  for (const [output, { entryPoint }] of Object.entries(metafile.outputs)) {
    if (entryPoint) addresses[entryPoint] = output.replace('dist/', '/');
  }
  const index = fs
    .readFileSync(path.join(source, 'index.html'), 'utf8')
    .replace(/(href|src)="([^"/]+)"/g, (_, attribute, name) => {
      if (!addresses[name]) throw new Error(`index.html names ${name}, which is not bundled`);
      return `${attribute}="${addresses[name]}"`;
    });

  const files = new Map(outputFiles.map((file) => [file.path, Buffer.from(file.contents)]));
  files.set(path.join(target, 'index.html'), Buffer.from(index));
  write(files);
}

/**
 * Each file, and how it goes over the wire. What is unchanged keeps its time, so that cargo has
 * nothing to build.
 * @param {Map<string, Buffer>} files
 */
function write(files) {
  for (const [name, content] of [...files]) {
    files.set(`${name}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
  }
  fs.mkdirSync(path.join(target, 'assets'), { recursive: true });
  for (const entry of fs.readdirSync(target, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(file)) fs.rmSync(file);
  }
  for (const [name, content] of files) {
    if (fs.existsSync(name) && fs.readFileSync(name).equals(content)) continue;
    fs.writeFileSync(name, content);
  }
}

module.exports = { bundlePage };

if (require.main === module) bundlePage();
