'use strict';

/*
 * Loads the native part when something first asks for it, so that a platform without one still has
 * a Node-RED that starts and can say what is missing. The exports are those of native.d.ts.
 */

const { SecretManagerError } = require('./errors');

/** @type {typeof import('./native') | undefined} */
let addon;

module.exports = {
  get Core() {
    return load().Core;
  },
  get Vault() {
    return load().Vault;
  },
  get Engine() {
    return load().Engine;
  },
  get Masks() {
    return load().Masks;
  },
};

/** @returns {typeof import('./native')} */
function load() {
  return (addon ??= firstThatLoads(candidates()));
}

/**
 * A Linux addon is linked to either of two C libraries. Loading the wrong one fails at once and
 * harmlessly, which is cheaper and surer than finding out which of them runs this process.
 */
function candidates() {
  const triple = `${process.platform}-${process.arch}`;
  const triples = process.platform === 'linux' ? [triple, `${triple}-musl`] : [triple];
  return triples.map((name) => `./secret-manager.${name}.node`);
}

/** @param {string[]} files */
function firstThatLoads(files) {
  const reasons = [];
  for (const file of files) {
    try {
      return require(file);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') reasons.push(error.message.split('\n', 1)[0]);
    }
  }
  const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
  throw new SecretManagerError(
    'native-missing',
    `This package has no native part that runs on ${process.platform}-${process.arch}${why}`,
  );
}
