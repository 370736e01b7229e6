'use strict';

/*
 * Where Node-RED looks up the name in ${NAME}: in the environment of the groups around a node, of its
 * subflow (the instance's comes before the definition's), of its tab, in the global environment, and at
 * last in that of the process. Here it is worked out from the flows' configuration alone, because it is
 * asked before there are nodes, and about nodes that aren't there yet.
 */

/**
 * @typedef {Record<string, any>} Config of a node, tab, group or subflow
 *
 * @typedef {object} Entry of an environment
 * @property {string} name
 * @property {any} value
 * @property {string} type
 *
 * @typedef {object} Definition what a name stands for; without an entry it is left to the process
 * @property {string} name
 * @property {Entry} [entry]
 * @property {Config} [scope] whose entry it is
 */

const PARENT = '$parent.';

class Scopes {
  /** @type {Map<string, Config>} */
  #configs;
  /** By the id of their subflow. @type {Map<string, Config[]>} */
  #instances = new Map();
  /** @type {Config[]} */
  #globals;

  /** @param {Config[]} flows */
  constructor(flows) {
    this.#configs = new Map(flows.map((config) => [config.id, config]));
    this.#globals = flows.filter(({ type }) => type === 'global-config');
    for (const config of flows) {
      const subflow = subflowOf(config);
      if (subflow === null) continue;
      this.#instances.set(subflow, [...(this.#instances.get(subflow) ?? []), config]);
    }
  }

  /** @param {string} id */
  config(id) {
    return this.#configs.get(id);
  }

  /** @param {string} subflow id of its definition */
  instances(subflow) {
    return this.#instances.get(subflow) ?? [];
  }

  /**
   * The subflow that something is an instance of.
   * @param {Config} config
   */
  definitionOf(config) {
    const subflow = subflowOf(config);
    return subflow === null ? undefined : this.#configs.get(subflow);
  }

  /**
   * Whether Node-RED will make something of it: neither it nor what it lies in is disabled, and a
   * subflow is used.
   * @param {Config} config
   * @returns {boolean}
   */
  isEnabled(config) {
    if (config.d) return false;
    const container = this.#configs.get(config.z);
    if (container?.type === 'tab') return !container.disabled;
    if (container?.type !== 'subflow') return true;
    return this.instances(container.id).some((instance) => this.isEnabled(instance));
  }

  /**
   * What a name can stand for, seen from a node: one thing, or one for each instance of its subflow.
   * @param {string} name
   * @param {Config} from
   * @returns {Definition[]}
   */
  definitions(name, from) {
    return this.#seenFrom(name, this.#around(from));
  }

  /**
   * The same, seen from an entry of an environment, which doesn't mean itself.
   * @param {string} name
   * @param {Entry} entry
   * @param {Config} scope
   * @returns {Definition[]}
   */
  definitionsInside(name, entry, scope) {
    const beside = name === entry.name ? undefined : defined(name, scope);
    if (beside) return [beside];
    if (scope.type === 'global-config') return [{ name }];
    if (scope.type !== 'subflow') return this.definitions(name, scope);
    return this.instances(scope.id).flatMap((instance) => this.definitions(name, instance));
  }

  /**
   * @param {string} name
   * @param {Config | undefined} scope
   * @returns {Definition[]}
   */
  #seenFrom(name, scope) {
    if (name.startsWith(PARENT)) {
      const rest = name.slice(PARENT.length);
      if (scope?.type !== 'subflow') return this.#seenFrom(rest, scope && this.#around(scope));
      return this.instances(scope.id).flatMap((instance) => this.definitions(rest, instance));
    }
    if (scope === undefined) return [this.#global(name)];
    if (scope.type === 'subflow') {
      return this.instances(scope.id).flatMap((instance) => {
        const own = defined(name, instance) ?? defined(name, scope);
        return own ? [own] : this.definitions(name, instance);
      });
    }
    const own = defined(name, scope);
    return own ? [own] : this.#seenFrom(name, this.#around(scope));
  }

  /** @param {string} name */
  #global(name) {
    for (const config of this.#globals) {
      const own = defined(name, config);
      if (own) return own;
    }
    return { name };
  }

  /**
   * The innermost of what lies around something, or undefined for a tab and for what is on none.
   * @param {Config} config
   */
  #around({ g, z }) {
    return this.#configs.get(g) ?? this.#configs.get(z);
  }
}

/**
 * @param {string} name
 * @param {Config} scope
 * @returns {Definition | undefined}
 */
function defined(name, scope) {
  if (!Array.isArray(scope.env)) return undefined;
  const entry = scope.env.find((/** @type {Entry} */ other) => other.name === name);
  return entry && { name, entry, scope };
}

/**
 * The id of the subflow that something is an instance of, or null.
 * @param {Config} config
 * @returns {string | null}
 */
function subflowOf({ type }) {
  return typeof type === 'string' && type.startsWith('subflow:') ? type.slice(8) : null;
}

/**
 * The name in a property that Node-RED fills in when it makes the node: all of it is ${NAME} or, as in
 * earlier times, $(NAME).
 * @param {unknown} value
 * @returns {string | null}
 */
function nameIn(value) {
  if (typeof value !== 'string' || value[0] !== '$') return null;
  const [, braces, brackets] = /^\$(?:\{(\S+)\}|\((\S+)\))$/.exec(value) ?? [];
  return braces ?? brackets ?? null;
}

/**
 * The names in a value of type "env": NAME, or any text with ${NAME} in it.
 * @param {string} value
 * @returns {string[]}
 */
function namesIn(value) {
  if (!/\$\{\S+\}/.test(value)) return [value];
  return [...value.matchAll(/\$\{([^}]+)\}/g)].map(([, name]) => name);
}

module.exports = { Scopes, nameIn, namesIn };
