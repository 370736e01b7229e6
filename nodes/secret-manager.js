'use strict';

const { serve } = require('./lib/admin');
const { markStale } = require('./lib/global-context');
const { firstOutcomes, flowsStarted, isKept, keeperOf } = require('./lib/keeper');
const { MessageGate } = require('./lib/message-gate');
const {
  SetupError,
  cacheFrom,
  settingsFromEnvironment,
  settingsFromSource,
} = require('./lib/setup');
const { nodeStatus } = require('./lib/situation');

/**
 * @typedef {import('./lib/types').FlowsEvent} FlowsEvent
 * @typedef {import('./lib/types').Member} Member
 * @typedef {import('./lib/types').Red} Red
 * @typedef {import('./lib/types').RuntimeNode} RuntimeNode
 */

const TYPE = 'secret-manager';
const DEFAULT_CONTEXT_KEY = 'SECRETS';
const DEFAULT_AUTOSYNC = 60;
/** The longest time that messages wait for the secrets, unless the settings file says otherwise. */
const START_TIMEOUT = 3000;

/** @param {Red} RED */
module.exports = function (RED) {
  /**
   * @this {RuntimeNode & { syncNow(): Promise<void> }}
   * @param {Record<string, any>} config
   */
  function SecretManagerNode(config) {
    RED.nodes.createNode(this, config);
    const contextKey = contextKeyOf(config);
    const member = memberOf(RED, this, config);

    const keeper = isUsable(contextKey) ? keeperOf(contextKey) : null;
    let closed = false;

    this.syncNow = async () => {
      try {
        if (!keeper) throw new SetupError('contextKey');
        await keeper.syncNow();
      } catch (error) {
        throw readable(RED, error);
      }
    };

    this.on('input', (msg, send, done) => {
      this.syncNow()
        .then(() => {
          send(msg);
          done();
        })
        // A deploy in the middle of a sync is no failure of the flow that asked for it.
        .catch((error) => done(closed ? undefined : error));
    });

    this.on('close', (_removed, done) => {
      closed = true;
      keeper?.leave(member);
      this.status({});
      done();
    });

    if (keeper) keeper.join(member);
    else member.show({ key: 'setup.contextKey' });
  }

  RED.nodes.registerType(TYPE, SecretManagerNode);

  prepareStarts(RED, SecretManagerNode);
  serve(RED);
};

/** @param {Record<string, any>} config */
function contextKeyOf(config) {
  return config.contextKey || DEFAULT_CONTEXT_KEY;
}

/**
 * A key that flows can write as a property, that no object has anyway, and that is not where another
 * node's metadata are.
 * @param {unknown} contextKey
 */
function isUsable(contextKey) {
  return (
    typeof contextKey === 'string' &&
    /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(contextKey) &&
    !contextKey.endsWith('_METADATA') &&
    !(contextKey in {})
  );
}

/**
 * @param {Red} RED
 * @param {Error} error
 */
function readable(RED, error) {
  if (!(error instanceof SetupError)) return error;
  const message = RED._(`secret-manager.status.setup.${error.key}`, error.values);
  return Object.assign(new Error(message), { code: 'misconfigured' });
}

/**
 * @param {Red} RED
 * @param {RuntimeNode} node
 * @param {Record<string, any>} config
 * @returns {Member}
 */
function memberOf(RED, node, config) {
  let shown = '';
  const autosync = Number(config.autosync) || DEFAULT_AUTOSYNC;
  const live = config.live !== false;
  const syncOnSave = config.syncOnSave !== false;
  return {
    id: node.id,
    global: node.context().global,
    syncOnSave,
    about: () => ({
      name: node.name ?? '',
      settings: { autosync, syncOnSave, live },
      source: config.source ? sourceFacts(RED, config.source) : null,
    }),
    settings() {
      const cache = cacheFrom(RED.settings, contextKeyOf(config));
      const ours = { autosync, live, cache };
      if (!config.source) return { ...settingsFromEnvironment(process.env), ...ours };
      const source = RED.nodes.getNode(config.source);
      if (!source) throw new SetupError('sourceGone');
      const tls = source.tls && RED.nodes.getNode(source.tls);
      return { ...settingsFromSource(source, tls), ...ours };
    },
    show(situation) {
      const status = nodeStatus(situation, (key, values) => RED._(`secret-manager.${key}`, values));
      const text = JSON.stringify(status);
      if (text === shown) return;
      shown = text;
      node.status(status);
    },
    warn(what) {
      node.warn(
        typeof what === 'string'
          ? what
          : RED._('secret-manager.warning.refused', { names: what.join(', ') }),
      );
    },
    wantsNames: () => node.wires.some((wire) => wire.length > 0),
    changed(change) {
      if (!this.wantsNames()) return;
      // No version when the secrets were withdrawn.
      const { version = null, added, changed, removed } = change;
      node.send({ topic: 'secrets/changed', payload: { version, added, changed, removed } });
    },
  };
}

/**
 * @param {Red} RED
 * @param {string} id
 */
function sourceFacts(RED, id) {
  const { name = null, kind = null } = RED.nodes.getNode(id) ?? {};
  return { id, name, kind };
}

/**
 * What to undo when Node-RED loads this file again, after an uninstall and an install.
 * @type {WeakMap<object, () => void>}
 */
const preparations = new WeakMap();

/**
 * Before the first node of a starting Node-RED exists: metadata of an earlier run are marked as
 * such, and messages wait for the secrets. After a deploy both are in order already.
 * @param {Red} RED
 * @param {Function} constructor of this node type, whose instances reach global context
 */
function prepareStarts(RED, constructor) {
  preparations.get(RED.events)?.();
  const gate = new MessageGate(RED.hooks);

  const onStarting = (/** @type {FlowsEvent} */ { config, diff }) => {
    if (diff) return;
    const configs = config.flows.filter(({ type, d }) => type === TYPE && !d);
    if (configs.length === 0) return;
    gate.close(RED.settings.secretManagerStartTimeout ?? START_TIMEOUT);
    const { global } = contextOutsideFlows(RED, constructor);
    for (const contextKey of configs.map(contextKeyOf)) {
      if (isUsable(contextKey) && !isKept(contextKey)) markStale(global, contextKey);
    }
  };
  const onStarted = (/** @type {FlowsEvent} */ event) => {
    flowsStarted(event);
    gate.openAfter(firstOutcomes());
  };

  RED.events.on('flows:starting', onStarting);
  RED.events.on('flows:started', onStarted);
  preparations.set(RED.events, () => {
    RED.events.off('flows:starting', onStarting);
    RED.events.off('flows:started', onStarted);
    gate.open();
  });
}

/**
 * Global context is only reached through a node, and there is none yet.
 * @param {Red} RED
 * @param {Function} constructor
 */
function contextOutsideFlows(RED, constructor) {
  /** @type {RuntimeNode} */
  const node = Object.create(constructor.prototype);
  RED.nodes.createNode(node, { id: 'secret-manager-start', type: TYPE, wires: [] });
  return node.context();
}
