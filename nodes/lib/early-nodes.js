'use strict';

/*
 * Nodes before there are nodes: what a starting Node-RED is about to make, made a moment earlier, so that
 * secrets can be asked for before anything reads them. They are made by the constructors that Node-RED
 * uses, with the same things filled in; whoever can't be made so early isn't.
 */

const { nameIn } = require('./scopes');

/**
 * @typedef {import('./scopes').Config} Config
 * @typedef {import('./scopes').Definition} Definition
 * @typedef {InstanceType<typeof import('./scopes').Scopes>} Scopes
 */

/** It takes a running Node-RED to know what a name stands for. */
class NotYet extends Error {}

class EarlyNodes {
  #red;
  #runtime;
  #scopes;

  /**
   * @param {import('./types').Red} RED
   * @param {import('./runtime').Runtime} runtime
   * @param {Scopes} scopes of the flows that are about to start
   */
  constructor(RED, runtime, scopes) {
    this.#red = RED;
    this.#runtime = runtime;
    this.#scopes = scopes;
  }

  /**
   * A node's configuration with everything filled in.
   * @param {Config} config
   * @returns {Config}
   * @throws {NotYet}
   */
  filled(config) {
    const copy = structuredClone(config);
    // What it stands for is worked out here; Node-RED would look for the group itself.
    delete copy.g;
    return this.#fill(copy, config);
  }

  /**
   * @param {string} id
   * @returns {any} the node, or undefined when there will be none
   * @throws {NotYet}
   */
  node(id) {
    const config = this.#scopes.config(id);
    if (!config || !this.#scopes.isEnabled(config)) return undefined;
    const Type = this.#runtime.typeOf(config.type);
    if (typeof Type !== 'function') throw new NotYet();
    const filled = this.filled(config);
    // All that Node-RED asks of the flow around a node while it makes one.
    const flow = {
      getSetting: (/** @type {string} */ name) => this.#value(name, config),
      log() {},
      handleError: () => true,
    };
    Object.defineProperty(filled, '_flow', { value: flow, enumerable: false, writable: true });
    return Reflect.construct(Type, [filled]);
  }

  /**
   * @template T
   * @param {T} value
   * @param {Config} config in which it stands
   * @returns {T}
   */
  #fill(value, config) {
    if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        /** @type {any} */ (value)[name] = this.#fill(inner, config);
      }
      return value;
    }
    const name = nameIn(value);
    return name === null ? value : this.#value(name, config);
  }

  /**
   * @param {string} name
   * @param {Config} config
   */
  #value(name, config) {
    return this.#valueOf(this.#scopes.definitions(name, config));
  }

  /**
   * @param {Definition[]} definitions
   * @returns {any}
   */
  #valueOf(definitions) {
    const [definition, ...others] = definitions;
    // One for each instance of a subflow: no node is made so early for all of them.
    if (definition === undefined || others.length > 0) throw new NotYet();
    const value = this.#evaluated(definition);
    // Perhaps a secret of another context key, that is about to come.
    if (value === undefined) throw new NotYet();
    return value;
  }

  /** @param {Definition} definition */
  #evaluated({ name, entry, scope }) {
    if (!entry || !scope) {
      return this.#red.settings.envVarExcludes?.includes(name) ? undefined : process.env[name];
    }
    const { value, type } = entry;
    if (type === 'jsonata') throw new NotYet();
    if (type === 'cred') {
      const credentials = this.#red.nodes.getCredentials(scope.id);
      return (credentials?.map ?? credentials)?.[entry.name];
    }
    const flow = {
      getSetting: (/** @type {string} */ inner) =>
        this.#valueOf(this.#scopes.definitionsInside(inner, entry, scope)),
    };
    return this.#red.util.evaluateNodeProperty(value, type, { _flow: flow });
  }
}

module.exports = { EarlyNodes };
