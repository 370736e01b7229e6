'use strict';

/* The places that flows had their secrets in, before there was a Secret Manager. */

const fs = require('node:fs');
const path = require('node:path');
const { parseEnv } = require('node:util');
const { CollectError, readJson } = require('./user-directory');

/**
 * @typedef {import('./names').Found} Found
 * @typedef {import('./names').LeftOut} LeftOut
 * @typedef {InstanceType<typeof import('./user-directory').UserDirectory>} UserDirectory
 *
 * @typedef {object} Options
 * @property {string[]} [names] only these
 * @property {string} [contextFile]
 * @property {string} [nodeRed] address of a running Node-RED
 * @property {string[]} [envFiles]
 *
 * @typedef {object} Collected
 * @property {Found[]} found
 * @property {LeftOut[]} leftOut
 * @property {string[]} next what to do once the secrets are where they belong
 */

/**
 * Nodes of node-red-contrib-credentials: where to is in the flow, in `props`, and the values are in
 * the credential `creds`, as JSON text, in the same order.
 * @param {UserDirectory} directory
 * @returns {Collected}
 */
function fromCredentials(directory) {
  const credentials = directory.credentials();
  /** @type {Found[]} */
  const found = [];
  const next = [];
  for (const { id, type, name, props = [] } of directory.flows()) {
    if (type !== 'credentials') continue;
    const place = name ? `node "${name}" (${id})` : `node ${id}`;
    const values = JSON.parse(credentials[id]?.creds || '[]');
    for (const [index, { type: kind, value }] of props.entries()) {
      found.push({
        // Context may name a store in front.
        path: String(value).replace(/^#:\(.*?\)::/, ''),
        value: values[index]?.value,
        place: `${place}, ${kind}.${value}`,
        label: name || id,
      });
    }
    next.push(`Delete ${place} from the flows, and deploy.`);
  }
  return { found, leftOut: [], next };
}

/**
 * Plain global context: what a file store wrote, what a running Node-RED holds, and what the settings
 * file puts there.
 * @param {UserDirectory} directory
 * @param {Options} options
 * @returns {Promise<Collected>}
 */
async function fromContext(directory, { contextFile, nodeRed }) {
  /** @type {Collected} */
  const collected = { found: [], leftOut: [], next: [] };
  const file = contextFile ?? path.join(directory.directory, 'context/global/global.json');
  if (contextFile || fs.existsSync(file)) {
    collect(collected, readJson(file), file);
    collected.next.push(
      `Delete the keys in the editor's Context Data sidebar, or stop Node-RED and take them out of ${file}.`,
    );
  }
  const seeds = directory.settings.functionGlobalContext ?? {};
  const place = `functionGlobalContext in ${path.join(directory.directory, 'settings.js')}`;
  if (Object.entries(seeds).filter(([, value]) => isData(value)).length > 0) {
    collect(collected, seeds, place);
    collected.next.push(`Take the keys out of ${place}, and restart Node-RED.`);
  }
  if (nodeRed) await collectLive(collected, nodeRed);
  return collected;
}

/**
 * @param {Collected} collected
 * @param {Record<string, unknown>} context
 * @param {string} place
 */
function collect({ found, leftOut }, context, place) {
  for (const [key, value] of Object.entries(context)) {
    if (isOurs(key, context)) continue;
    if (isData(value)) found.push({ path: key, value, place });
    else leftOut.push({ path: key, place, reason: 'it is not data' });
  }
}

/**
 * What Node-RED's API tells of global context in all stores. It cuts long texts.
 * @param {Collected} collected
 * @param {string} nodeRed
 */
async function collectLive({ found, leftOut, next }, nodeRed) {
  const token = process.env.NODE_RED_TOKEN;
  const url = `${nodeRed.replace(/\/+$/, '')}/context/global`;
  const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
  const response = await fetch(url, { headers }).catch((error) => {
    throw new CollectError(`${url} doesn't answer: ${error.cause?.message ?? error.message}`);
  });
  if (!response.ok) {
    const hint = response.status === 401 ? '; set NODE_RED_TOKEN to an access token of it' : '';
    throw new CollectError(`${url} answers with ${response.status}${hint}`);
  }
  for (const [store, context] of Object.entries(await response.json())) {
    const place = `the context store ${store} of ${nodeRed}`;
    for (const [key, { msg, format }] of Object.entries(context)) {
      if (isOurs(key, context)) continue;
      const value = shown(msg, format);
      if (value !== undefined) found.push({ path: key, value, place });
      else {
        leftOut.push({ path: key, place, reason: `Node-RED doesn't tell all of it (${format})` });
      }
    }
  }
  next.push(`Delete the keys in the editor's Context Data sidebar of ${nodeRed}.`);
}

/**
 * The value behind a form that Node-RED shows to people; undefined when that isn't all of it.
 * @param {string} text
 * @param {string} format
 */
function shown(text, format) {
  // Values that are secrets already are not told either.
  if (text.includes('•••')) return undefined;
  const [, length] = /^string\[(\d+)\]$/.exec(format) ?? [];
  if (length !== undefined) return text.length === Number(length) ? text : undefined;
  if (!/^(number|boolean|null|Object|array\[\d+\])$/.test(format)) return undefined;
  // Inner texts are cut after so many characters, and this is added.
  if (text.includes('__enc__') || /.{1000}\.\.\."/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What a Secret Manager node put there.
 * @param {string} key
 * @param {object} context
 */
function isOurs(key, context) {
  return key.endsWith('_METADATA') || Object.hasOwn(context, `${key}_METADATA`);
}

/**
 * Whether a value survives being written as JSON: functions and modules are left where they are.
 * @param {any} value
 * @returns {boolean}
 */
function isData(value) {
  if (value === null || ['string', 'boolean'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isData);
  const plain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
  return plain && Object.values(value).every(isData);
}

/**
 * Environment variables that flows use, or those that are named.
 * @param {UserDirectory} directory
 * @param {Options} options
 * @returns {Collected}
 */
function fromEnvironment(directory, { names, envFiles = [] }) {
  const environment = readEnvironment(envFiles);
  const wanted = names ?? namesInFlows(directory.flows());
  /** @type {Collected} */
  const collected = { found: [], leftOut: [], next: [] };
  for (const name of wanted) {
    const { value, place } = environment.get(name) ?? { place: 'the environment' };
    if (value === undefined) {
      collected.leftOut.push({ path: name, place, reason: 'it is not set' });
    } else {
      collected.found.push({ path: name, value, place });
    }
  }
  const places = envFiles.length > 0 ? envFiles.join(' and ') : 'what starts Node-RED';
  collected.next.push(`Take the variables out of ${places}, and restart Node-RED.`);
  return collected;
}

/**
 * @param {string[]} files
 * @returns {Map<string, { value: string | undefined, place: string }>}
 */
function readEnvironment(files) {
  const all = files.length > 0 ? [] : [{ variables: process.env, place: 'the environment' }];
  for (const file of files) {
    if (!parseEnv) throw new CollectError('Reading such files needs Node.js 20.12 or newer');
    if (!fs.existsSync(file)) throw new CollectError(`There is no ${file}`);
    all.push({ variables: parseEnv(fs.readFileSync(file, 'utf8')), place: file });
  }
  return new Map(
    all.flatMap(({ variables, place }) =>
      Object.entries(variables).map(([name, value]) => [name, { value, place }]),
    ),
  );
}

/**
 * Variables that flows read, but those that a flow, a group or a subflow defines itself, and those
 * that Node-RED does.
 * @param {Array<Record<string, any>>} flows
 */
function namesInFlows(flows) {
  /** @type {Set<string>} */
  const names = new Set();
  const text = JSON.stringify(flows);
  const uses = [/\$\{([A-Za-z_]\w*)\}/g, /env\.get\((?:\\"|')(\w+)/g, /\$env\((?:\\"|')(\w+)/g];
  for (const use of uses) for (const [, name] of text.matchAll(use)) names.add(name);
  JSON.parse(text, function (key, value) {
    // Where a field may hold a value of several types, another one says which: `v` and `vt`.
    if (value === 'env') {
      const name = this[key.replace(/(Type|t)$/, '')];
      if (typeof name === 'string') names.add(name);
    }
    return value;
  });
  const defined = flows.flatMap(({ env = [] }) => env.map((/** @type {any} */ { name }) => name));
  return [...names].filter(
    (name) => !defined.includes(name) && !/^(NR_|SECRET_MANAGER_)/.test(name),
  );
}

module.exports = { fromContext, fromCredentials, fromEnvironment };
