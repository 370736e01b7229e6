'use strict';

/*
 * What has to be done before the first node of a starting Node-RED exists. Code that runs while nodes are
 * made (On Start, an environment's JSONata) and properties with ${SECRETS.KEY} are to find the secrets,
 * messages that are sent at once as well; after a deploy they are there already.
 */

const { EarlyNodes } = require('./early-nodes');
const { inStore, markStale } = require('./global-context');
const { contextKeys, firstOutcomes, flowsStarted, keeperAt, keeperOf } = require('./keeper');
const { contextKeyOf, earlyMemberOf, isUsable } = require('./member');
const { MessageGate } = require('./message-gate');
const { Properties } = require('./properties');
const { keyIn, referencesIn } = require('./references');
const { isRestart } = require('./restart');
const { runtimeOf } = require('./runtime');
const { Scopes } = require('./scopes');

/**
 * @typedef {import('./scopes').Config} Config
 * @typedef {import('./types').FlowsEvent} FlowsEvent
 * @typedef {import('./types').GlobalContext} GlobalContext
 * @typedef {import('./types').Red} Red
 */

/** The longest time that a start waits for the secrets, unless the settings file says otherwise. */
const START_TIMEOUT = 3000;

/**
 * @param {Red} RED
 * @param {string} type of our nodes
 * @param {Function} constructor of theirs
 * @returns {() => void} ends it
 */
function prepareStarts(RED, type, constructor) {
  const gate = new MessageGate(RED.hooks);
  const properties = new Properties(RED);

  const onStarting = (/** @type {FlowsEvent} */ event) => {
    const { flows } = event.config;
    const scopes = new Scopes(flows);
    const managers = flows.filter((config) => config.type === type && scopes.isEnabled(config));
    const limit = RED.settings.secretManagerStartTimeout ?? START_TIMEOUT;
    const deadline = Date.now() + limit;
    const begun = !event.diff && managers.length > 0 ? prepare(limit, scopes, managers) : [];

    const keys = new Set([...contextKeys(), ...managers.map(contextKeyOf).filter(isUsable)]);
    const credentialsOf = (/** @type {string} */ id) => RED.nodes.getCredentials(id);
    const readers = referencesIn(flows, scopes, credentialsOf, [...keys]);
    if (begun.length > 0 && areNeededEarly(flows, scopes, readers)) {
      for (const keeper of begun) keeper.waitForFirst(deadline - Date.now());
    }
    properties.flowsStarting(event, scopes, readers, keys.size > 0);
  };

  /**
   * @param {number} limit
   * @param {InstanceType<typeof Scopes>} scopes
   * @param {Config[]} managers
   */
  const prepare = (limit, scopes, managers) => {
    gate.close(limit);
    const { global } = contextOutsideFlows(RED, type, constructor);
    return begin(RED, scopes, managers, global);
  };

  const onStarted = (/** @type {FlowsEvent} */ event) => {
    // A restart of ours isn't a deploy: nothing is to be synced for it.
    flowsStarted(isRestart(event) ? { ...event, diff: undefined } : event);
    properties.flowsStarted();
    gate.openAfter(firstOutcomes());
  };

  RED.events.on('flows:starting', onStarting);
  RED.events.on('flows:started', onStarted);
  return () => {
    RED.events.off('flows:starting', onStarting);
    RED.events.off('flows:started', onStarted);
    properties.close();
    gate.open();
  };
}

/**
 * Begins to keep what nobody keeps yet.
 * @param {Red} RED
 * @param {InstanceType<typeof Scopes>} scopes
 * @param {Config[]} managers
 * @param {GlobalContext} global
 */
function begin(RED, scopes, managers, global) {
  const runtime = runtimeOf(RED);
  const early = runtime && new EarlyNodes(RED, runtime, scopes);
  const begun = [];
  for (const config of managers) {
    const filled = early && attempt(() => early.filled(config));
    const contextKey = contextKeyOf(filled ?? config);
    if (!isUsable(contextKey) || keeperAt(contextKey)) continue;
    markStale(inStore(global, (filled ?? config).contextStore), contextKey);
    if (!filled) continue;
    const member = attempt(() => earlyMemberOf(RED, filled, global, (id) => early.node(id)));
    if (!member) continue;
    const keeper = keeperOf(contextKey);
    keeper.begin(member);
    begun.push(keeper);
  }
  return begun;
}

/**
 * What is wrong or missing is for the node itself to say, when it is there.
 * @template T
 * @param {() => T} what
 * @returns {T | null}
 */
function attempt(what) {
  try {
    return what();
  } catch {
    return null;
  }
}

/**
 * Whether anything reads secrets while the nodes are being made. Messages don't: they are held.
 * @param {Config[]} flows
 * @param {InstanceType<typeof Scopes>} scopes
 * @param {Map<string, Set<string>>} readers the references of each node
 */
function areNeededEarly(flows, scopes, readers) {
  const hasOnStart = flows.some(
    (config) =>
      config.type === 'function' &&
      /\bglobal\b/.test(config.initialize ?? '') &&
      scopes.isEnabled(config),
  );
  return (
    hasOnStart ||
    [...readers.values()].some((found) => [...found].some((one) => keeperAt(keyIn(one))))
  );
}

/**
 * Global context is only reached through a node, and there is none yet.
 * @param {Red} RED
 * @param {string} type
 * @param {Function} constructor
 */
function contextOutsideFlows(RED, type, constructor) {
  /** @type {import('./types').RuntimeNode} */
  const node = Object.create(constructor.prototype);
  RED.nodes.createNode(node, { id: 'secret-manager-start', type, wires: [] });
  return node.context();
}

module.exports = { prepareStarts };
