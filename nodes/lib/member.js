'use strict';

/* What a Secret Manager node is to the keeper of its context key. */

const { inStore } = require('./global-context');
const { SetupError, cacheFrom, settingsFromEnvironment, settingsFromSource } = require('./setup');
const { nodeStatus, warningText } = require('./situation');
const { vaultOf, vaultPlace } = require('./vault');

/**
 * @typedef {import('./types').Member} Member
 * @typedef {import('./types').Red} Red
 * @typedef {import('./types').RuntimeNode} RuntimeNode
 */

const DEFAULT_CONTEXT_KEY = 'SECRETS';
const DEFAULT_AUTOSYNC = 60;

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
 * @param {RuntimeNode} node
 * @param {Record<string, any>} config
 * @returns {Member}
 */
function memberOf(RED, node, config) {
  let shown = '';
  const translate = (/** @type {string} */ key, /** @type {object} */ values = {}) =>
    RED._(`secret-manager.${key}`, values);
  return {
    ...commonOf(RED, config, (id) => RED.nodes.getNode(id)),
    id: node.id,
    early: false,
    global: inStore(node.context().global, config.contextStore),
    show(situation) {
      const status = nodeStatus(situation, translate);
      const text = JSON.stringify(status);
      if (text === shown) return;
      shown = text;
      node.status(status);
    },
    warn: (what) => node.warn(warningText(what, translate)),
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
 * Stands for a node that isn't there yet, and gives way to whichever comes first. Its settings are worked
 * out once: that makes nodes. Whoever comes then brings its own.
 * @param {Red} RED
 * @param {Record<string, any>} config of the node
 * @param {import('./types').GlobalContext} global
 * @param {(id: string) => any} nodeOf
 * @returns {Member}
 * @throws when something has to be set up first, or isn't known so early
 */
function earlyMemberOf(RED, config, global, nodeOf) {
  const common = commonOf(RED, config, nodeOf);
  const settings = common.settings();
  return {
    ...common,
    settings: () => settings,
    id: config.id,
    early: true,
    global: inStore(global, config.contextStore),
    show() {},
    warn() {},
    wantsNames: () =>
      config.wires?.some((/** @type {string[]} */ wire) => wire.length > 0) ?? false,
    changed() {},
  };
}

/**
 * @param {Red} RED
 * @param {Record<string, any>} config
 * @param {(id: string) => any} nodeOf
 * @returns {Pick<Member, 'about' | 'seeded' | 'settings' | 'syncOnSave'>}
 */
function commonOf(RED, config, nodeOf) {
  const autosync = Number(config.autosync) || DEFAULT_AUTOSYNC;
  const live = config.live !== false;
  const syncOnSave = config.syncOnSave !== false;
  return {
    seeded: Object.hasOwn(RED.settings.functionGlobalContext ?? {}, contextKeyOf(config)),
    syncOnSave,
    about() {
      const { name = null, kind = null } = (config.source && nodeOf(config.source)) || {};
      return {
        name: config.name ?? '',
        settings: { autosync, syncOnSave, live },
        source: config.source ? { id: config.source, name, kind } : null,
      };
    },
    settings() {
      const cache = cacheFrom(RED.settings, contextKeyOf(config));
      const ours = { autosync, live, cache };
      const vault = () => placeOfVault(RED);
      if (!config.source) return { ...settingsFromEnvironment(process.env, vault), ...ours };
      const source = nodeOf(config.source);
      if (!source) throw new SetupError('sourceGone');
      const tls = source.tls && nodeOf(source.tls);
      return { ...settingsFromSource(source, tls, vault), ...ours };
    },
  };
}

/**
 * Whoever uses the vault has it opened, so that somebody tells of a key that is made. What is wrong
 * with it, the engine says.
 * @param {Red} RED
 */
function placeOfVault(RED) {
  vaultOf(RED).catch(() => {});
  return vaultPlace(RED.settings, process.env);
}

module.exports = { contextKeyOf, earlyMemberOf, isUsable, memberOf };
