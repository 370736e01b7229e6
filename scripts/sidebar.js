'use strict';

/* Bundles the sidebar into the folder from which Node-RED serves a package's files to its editor. */

const path = require('node:path');
const { root } = require('./run');

function bundleSidebar() {
  // Not before `npm ci`, which this file is loaded ahead of.
  const esbuild = require('esbuild');
  esbuild.buildSync({
    absWorkingDir: root,
    entryPoints: ['nodes/sidebar/main.js'],
    outfile: path.join(root, 'resources/secret-manager-sidebar.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    // Lit's licence asks for its notice.
    legalComments: 'eof',
    logLevel: 'warning',
  });
  // Else its process stays as long as this one, which may be `npm start`.
  esbuild.stop();
}

module.exports = { bundleSidebar };

if (require.main === module) bundleSidebar();
