'use strict';

/*
 * What this package uses of Node-RED's inside, because there is no official way: the constructors of
 * other nodes, and stopping and starting some of the nodes. It is looked for among the modules that the
 * process has loaded; where it isn't there, or looks other than expected, there is none, and what needs
 * it says so and does without.
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
  for (const [file, module] of Object.entries(require.cache)) {
    const runtime = FILE.test(file) ? module?.exports : undefined;
    // A process may have loaded several; the right one has this Node-RED's events.
    if (runtime?.events !== RED.events) continue;
    const { flows, nodes } = runtime._ ?? {};
    const needed = [
      nodes?.getType,
      runtime.flows?.setFlows,
      flows?.getFlows,
      flows?.setFlows,
      flows?.stopFlows,
      flows?.startFlows,
    ];
    if (needed.some((part) => typeof part !== 'function')) return null;
    return { typeOf: (type) => nodes.getType(type), flows, api: runtime.flows };
  }
  return null;
}

module.exports = { runtimeOf };
