'use strict';

/*
 * What this package uses of Node-RED's inside, because there is no official way: the constructors of
 * other nodes, stopping and starting some of the nodes, and the log that all lines go through. It is
 * looked for among the modules that the process has loaded; where it isn't there, or looks other than
 * expected, there is none, and what needs it says so and does without.
 */

/**
 * @typedef {object} Runtime
 * @property {(type: string) => Function | undefined} typeOf the constructor of a kind of nodes
 * @property {Flows} flows
 * @property {{ setFlows(options: object): Promise<unknown> }} api
 *
 * @typedef {object} Flows
 * @property {boolean} started
 * @property {() => { flows: Array<Record<string, any>>, rev: string } | null} getFlows
 * @property {(...args: any[]) => Promise<unknown>} setFlows
 * @property {(type: string, diff: object, quietly: boolean, deploy: boolean) => Promise<unknown>} stopFlows
 * @property {(type: string, diff: object, quietly: boolean, deploy: boolean) => Promise<unknown>} startFlows
 */

const FILE = /[\\/]@node-red[\\/]runtime[\\/]lib[\\/]index\.js$/;

/**
 * @param {import('./types').Red} RED
 * @returns {Runtime | null}
 */
function runtimeOf(RED) {
  const runtime = loaded(FILE, (exported) => exported?.events === RED.events);
  const { flows, nodes } = runtime?._ ?? {};
  const needed = [
    nodes?.getType,
    runtime?.flows?.setFlows,
    flows?.getFlows,
    flows?.setFlows,
    flows?.stopFlows,
    flows?.startFlows,
  ];
  if (needed.some((part) => typeof part !== 'function')) return null;
  return { typeOf: (type) => nodes.getType(type), flows, api: runtime.flows };
}

/**
 * What a module of Node-RED's exports. A process may have loaded it several times.
 * @param {RegExp} file
 * @param {(exported: any) => boolean} isRight whether it is this Node-RED's
 * @returns {any}
 */
function loaded(file, isRight) {
  for (const [name, module] of Object.entries(require.cache)) {
    if (file.test(name) && isRight(module?.exports)) return module?.exports;
  }
  return undefined;
}

module.exports = { loaded, runtimeOf };
