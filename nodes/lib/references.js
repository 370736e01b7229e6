'use strict';

/*
 * Which nodes read which secrets in their properties and credentials, by ${SECRETS.KEY} or by the name
 * of something that stands for it in an environment.
 */

const { namesIn, nameIn } = require('./scopes');

/**
 * @typedef {import('./scopes').Config} Config
 * @typedef {import('./scopes').Definition} Definition
 * @typedef {import('./scopes').Entry} Entry
 */

/** What holds an environment: it is evaluated each time flows are started. */
const CONTAINERS = ['tab', 'group', 'global-config', 'subflow'];
/** Node-RED's own, in which nothing is filled in. */
const OWN = ['id', 'type', 'z', 'g', 'x', 'y', 'wires', 'env'];

/**
 * The references of each node, by its id; those without any are left out. The environments of tabs and
 * groups are told as well, under the id of theirs, and those of subflows under their instances'.
 * @param {Config[]} flows
 * @param {InstanceType<typeof import('./scopes').Scopes>} scopes
 * @param {(id: string) => unknown} credentialsOf
 * @param {string[]} contextKeys
 * @returns {Map<string, Set<string>>}
 */
function referencesIn(flows, scopes, credentialsOf, contextKeys) {
  if (contextKeys.length === 0) return new Map();
  const keys = contextKeys.map((key) => key.replaceAll('$', '\\$')).join('|');
  const isReference = new RegExp(`^(?:${keys})[.[]`);
  const isLiteral = new RegExp(`^(?:${keys})(?:[.[].*)?$`);

  /**
   * @param {Definition[]} definitions
   * @param {Entry[]} seen
   * @returns {string[]}
   */
  const follow = (definitions, seen = []) =>
    definitions.flatMap(({ name, entry, scope }) => {
      if (!entry || !scope) return isReference.test(name) ? [name] : [];
      return seen.includes(entry) ? [] : inEntry(entry, scope, [...seen, entry]);
    });

  /**
   * @param {Entry} entry
   * @param {Config} scope
   * @param {Entry[]} seen
   * @returns {string[]}
   */
  const inEntry = (entry, scope, seen) => {
    if (entry.type === 'env') {
      const names = namesIn(String(entry.value));
      return names.flatMap((name) => follow(scopes.definitionsInside(name, entry, scope), seen));
    }
    if (entry.type !== 'jsonata') return [];
    return literals(String(entry.value)).filter((text) => isLiteral.test(text));
  };

  /** @param {Config} scope */
  const inEnvironment = (scope) =>
    Array.isArray(scope.env) ? scope.env.flatMap((entry) => inEntry(entry, scope, [entry])) : [];

  /** @param {Config} config */
  const inNode = (config) => {
    const properties = Object.entries(config).filter(([name]) => !OWN.includes(name));
    const names = [...properties.map(([, value]) => value), credentialsOf(config.id)].flatMap(
      namesInside,
    );
    return names.flatMap((name) => follow(scopes.definitions(name, config)));
  };

  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const config of flows) {
    if (config.type === 'subflow' || !scopes.isEnabled(config)) continue;
    const definition = scopes.definitionOf(config);
    const references = new Set([
      ...inEnvironment(config),
      ...(definition ? inEnvironment(definition) : []),
      ...(CONTAINERS.includes(config.type) || definition ? [] : inNode(config)),
    ]);
    if (references.size > 0) found.set(config.id, references);
  }
  return found;
}

/**
 * All names that Node-RED would fill in, however deep.
 * @param {unknown} value
 * @returns {string[]}
 */
function namesInside(value) {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(namesInside);
  const name = nameIn(value);
  return name === null ? [] : [name];
}

/**
 * The texts in quotes of a JSONata expression.
 * @param {string} expression
 * @returns {string[]}
 */
function literals(expression) {
  return [...expression.matchAll(/"([^"]*)"|'([^']*)'/g)].map(([, a, b]) => a ?? b);
}

/**
 * The context key in a reference.
 * @param {string} reference
 */
function keyIn(reference) {
  return /^[^.[]*/.exec(reference)?.[0] ?? '';
}

module.exports = { keyIn, referencesIn };
