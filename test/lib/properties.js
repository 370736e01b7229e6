'use strict';

/* A source, and Node-REDs whose flows are there at their start and have secrets in their properties. */

const { after, before } = require('node:test');
const { secretManager, secretSource, tab } = require('./flows');
const { useNodeReds } = require('./node-reds');
const { ScriptedSource } = require('./scripted-source');

/** @param {4 | 5} version of Node-RED */
function usePropertySource(version) {
  const source = new ScriptedSource();
  source.live = true;
  const startNodeRed = useNodeReds(version);
  /** What to end after the tests. @type {Array<() => unknown>} */
  const ends = [];

  before(() => source.start());
  after(async () => {
    await source.stop();
    await Promise.all(ends.map((end) => end()));
  });

  /** @param {import('./node-red').Options} options */
  function start({ credentials, settings, ...options }) {
    return startNodeRed({
      ...options,
      credentials: { source: { token: source.token }, ...credentials },
      settings: { credentialSecret: false, ...settings },
    });
  }

  return {
    source,
    start,
    /** Our nodes. */
    ours: () => [tab, { ...secretSource(source), credentials: undefined }, secretManager()],
    /** @param {() => unknown} end */
    later: (end) => ends.push(end),
  };
}

/**
 * A node that shows one of its properties.
 * @param {Record<string, unknown>} properties
 */
function witness(properties) {
  return {
    type: 'template',
    field: 'payload',
    fieldType: 'msg',
    format: 'handlebars',
    syntax: 'plain',
    output: 'str',
    ...properties,
  };
}

module.exports = { usePropertySource, witness };
