'use strict';

/*
 * Stops some nodes and starts them again, as a deploy of modified nodes does, with one difference:
 * nothing was deployed. Flows and credentials aren't written, their revision stays, and editors have
 * nothing to ask about. It goes through the queue in which Node-RED does deploys one after the other.
 */

const { once } = require('node:events');
const { holdMessages } = require('./message-hold');

/**
 * @typedef {import('./scopes').Config} Config
 * @typedef {import('./runtime').Runtime} Runtime
 */

/** How long to wait for a start of flows that is under way, in ms. */
const START_LIMIT = 60_000;

/** The differences that stand for our restarts. @type {WeakSet<object>} */
const ours = new WeakSet();

/**
 * Whether an event of Node-RED tells of a restart of ours, and not of a deploy.
 * @param {import('./types').FlowsEvent} event
 */
function isRestart({ diff }) {
  return diff !== undefined && ours.has(diff);
}

class Restarter {
  #red;
  /** Nodes are being made at this moment. */
  #starting = false;

  /** @param {import('./types').Red} RED */
  constructor(RED) {
    this.#red = RED;
  }

  flowsStarting() {
    this.#starting = true;
  }

  flowsStarted() {
    this.#starting = false;
  }

  /**
   * @param {Runtime} runtime
   * @param {() => Iterable<string>} choose which nodes, or what else has an environment; asked when
   *   nothing else is under way any more
   * @returns {Promise<string[]>} the nodes that were restarted, by their ids
   */
  async restart({ flows, api }, choose) {
    /** @type {string[]} */
    let restarted = [];
    await inQueue(flows, api, async () => {
      // A start goes on after its deploy has left the queue.
      if (this.#starting) {
        await once(this.#red.events, 'flows:started', { signal: AbortSignal.timeout(START_LIMIT) });
      }
      // Flows that are stopped find everything as it is then when they are started.
      const active = flows.started ? flows.getFlows() : null;
      const chosen = active ? [...choose()] : [];
      if (!active || chosen.length === 0) return;
      const changed = withDependents(chosen, active.flows);
      const none = { added: [], removed: [], rewired: [], linked: [], flowChanged: [] };
      const diff = { ...none, changed, globalConfigChanged: false };
      ours.add(diff);
      const letGo = await holdMessages(this.#red, new Set(changed));
      try {
        await flows.stopFlows('nodes', diff, true, true);
        await flows.startFlows('nodes', diff, true, true);
      } finally {
        letGo();
      }
      restarted = changed;
    });
    return restarted;
  }
}

/**
 * Does something in the queue of deploys. The one way into it is a deploy: so for the time being a
 * deploy with a mark of ours does this instead.
 * @param {Runtime['flows']} flows
 * @param {Runtime['api']} api
 * @param {() => Promise<void>} work
 */
async function inQueue(flows, api, work) {
  const user = {};
  const deploy = flows.setFlows;
  /** @type {typeof deploy} */
  const deployOrWork = (...given) => (given.at(-1) === user ? work() : deploy(...given));
  flows.setFlows = deployOrWork;
  try {
    await api.setFlows({ flows: {}, deploymentType: 'nodes', user });
  } finally {
    if (flows.setFlows === deployOrWork) flows.setFlows = deploy;
  }
}

/**
 * With the nodes that refer to one of them, such as to their config node. What lies in a subflow is
 * restarted with the subflow's instances.
 * @param {string[]} ids
 * @param {Config[]} flows
 */
function withDependents(ids, flows) {
  const containers = flows.filter(({ type }) => ['tab', 'group', 'subflow'].includes(type));
  const isContainer = new Set(containers.map(({ id }) => id));
  const isSubflow = new Set(
    containers.filter(({ type }) => type === 'subflow').map(({ id }) => id),
  );
  const nodes = flows.filter(({ id }) => !isContainer.has(id));

  const found = new Set(ids);
  /** The types of instances whose definition has changed. @type {Set<string>} */
  const types = new Set();
  /** @param {Config} config */
  const refers = (config) =>
    Object.entries(config).some(
      ([name, value]) => name !== 'id' && found.has(value) && !isContainer.has(value),
    );
  for (let before = -1; before < found.size + types.size;) {
    before = found.size + types.size;
    for (const config of nodes) {
      if (types.has(config.type) || refers(config)) found.add(config.id);
      if (found.has(config.id) && isSubflow.has(config.z)) types.add(`subflow:${config.z}`);
    }
  }
  const inSubflow = new Set(nodes.filter(({ z }) => isSubflow.has(z)).map(({ id }) => id));
  return [...found].filter((id) => !inSubflow.has(id));
}

module.exports = { Restarter, isRestart };
