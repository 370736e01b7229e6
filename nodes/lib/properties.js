'use strict';

/*
 * ${SECRETS.KEY} in a property or credential of any node. Node-RED fills it in when it makes the node,
 * from an environment that answers; so when a secret changes, the nodes that were given it are restarted.
 */

const { createHmac, randomBytes } = require('node:crypto');
const { Environment } = require('./environment');
const { changes, contextKeys, keeperAt } = require('./keeper');
const { keyIn } = require('./references');
const { Restarter } = require('./restart');
const { runtimeOf } = require('./runtime');
const { Scopes } = require('./scopes');

/**
 * @typedef {import('./types').FlowsEvent} FlowsEvent
 * @typedef {import('./types').Red} Red
 */

/** How long changes are gathered before nodes are restarted for them, in ms. */
const BATCH = 200;
/** When to try again what didn't work, in ms. */
const AGAIN = 10_000;
/** How many nodes a warning names. */
const NAMED = 3;

/** For comparing values without keeping them. */
const salt = randomBytes(32);

class Properties {
  #red;
  #restarter;
  #environment;
  /** Whether names are answered. */
  #answers = true;
  /** The references of each node. @type {Map<string, Set<string>>} */
  #readers = new Map();
  /** Of the flows that run. @type {InstanceType<typeof Scopes>} */
  #scopes = new Scopes([]);
  /** What running nodes were given for each reference, or null. @type {Map<string, string | null>} */
  #given = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  /** When it is due. */
  #due = Infinity;
  #restarting = false;
  #onSecrets = () => this.#soon(BATCH);

  /** @param {Red} RED */
  constructor(RED) {
    this.#red = RED;
    this.#restarter = new Restarter(RED);
    this.#environment = new Environment((name) => textOf(RED, name));
    changes.on('secrets', this.#onSecrets);
  }

  close() {
    changes.off('secrets', this.#onSecrets);
    clearTimeout(this.#timer);
    this.#environment.remove();
  }

  /**
   * Nodes are about to be made.
   * @param {FlowsEvent} event
   * @param {InstanceType<typeof Scopes>} scopes
   * @param {Map<string, Set<string>>} readers the references of each node
   * @param {boolean} areKept whether there are or will be secrets to refer to
   */
  flowsStarting({ type }, scopes, readers, areKept) {
    this.#restarter.flowsStarting();
    this.#readers = readers;
    this.#scopes = scopes;
    if (areKept) this.#answers = this.#environment.install();
    else this.#environment.remove();

    // Nodes that go on running have what they were given earlier.
    const earlier = type === 'full' ? new Map() : this.#given;
    const references = new Set([...this.#readers.values()].flatMap((found) => [...found]));
    this.#given = new Map(
      [...references].map((reference) => [
        reference,
        earlier.has(reference) ? earlier.get(reference) : this.#fingerprint(reference),
      ]),
    );
  }

  flowsStarted() {
    this.#restarter.flowsStarted();
    if (contextKeys().length === 0) this.#environment.remove();
    this.#soon(0);
  }

  /**
   * The references to secrets of a context key, and who has them: also those in credentials, which no
   * editor gets to see.
   * @param {string} contextKey
   * @returns {import('./types').Reference[]}
   */
  #references(contextKey) {
    /** @type {Map<string, string[]>} */
    const found = new Map();
    for (const [id, references] of this.#readers) {
      for (const reference of references) {
        if (keyIn(reference) === contextKey) {
          found.set(reference, [...(found.get(reference) ?? []), id]);
        }
      }
    }
    return [...found].map(([reference, nodes]) => ({ reference, nodes }));
  }

  /**
   * Those to secrets that aren't there.
   * @param {import('./types').Reference[]} references
   * @returns {import('./types').Unresolved[]}
   */
  #unresolved(references) {
    const missing = references.filter(({ reference }) => this.#fingerprint(reference) === null);
    return missing.map(({ reference, nodes }) => ({
      reference,
      nodes: nodes.map((id) => {
        const { name = '', label = name, type } = this.#scopes.config(id) ?? {};
        return { id, name: label, type };
      }),
    }));
  }

  /**
   * Looks after a pause, or earlier if that was planned.
   * @param {number} pause in ms
   */
  #soon(pause) {
    const due = Date.now() + pause;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#look(), pause).unref();
  }

  async #look() {
    this.#due = Infinity;
    if (this.#restarting) return;
    const runtime = this.#answers ? runtimeOf(this.#red) : null;
    this.#tell(runtime !== null);
    if (!runtime || this.#outdated().size === 0) return;
    this.#restarting = true;
    try {
      const restarted = await this.#restarter.restart(runtime, () => this.#takeOver());
      if (restarted.length > 0) this.#log(restarted);
      this.#restarting = false;
      // What changed meanwhile; flows that are stopped are given it when they start.
      if (runtime.flows.started && this.#outdated().size > 0) this.#soon(BATCH);
    } catch (error) {
      this.#restarting = false;
      const { message } = error;
      this.#red.log.warn(this.#red._('secret-manager.warning.restartFailed', { message }));
      this.#soon(AGAIN);
    }
    this.#tell(true);
  }

  /** The references for which running nodes were given something else than they would be now. */
  #outdated() {
    const given = [...this.#given];
    return new Set(
      given.flatMap(([reference, mark]) =>
        // Where nobody keeps secrets any more, nodes go on with what they have.
        keeperAt(keyIn(reference)) && mark !== this.#fingerprint(reference) ? [reference] : [],
      ),
    );
  }

  /** Whose references are outdated, and will not be when they are restarted now. */
  #takeOver() {
    const outdated = this.#outdated();
    for (const reference of outdated) this.#given.set(reference, this.#fingerprint(reference));
    return [...this.#readers]
      .filter(([, references]) => [...references].some((reference) => outdated.has(reference)))
      .map(([id]) => id);
  }

  /** @param {boolean} canRestart */
  #tell(canRestart) {
    const outdated = [...this.#outdated()];
    for (const contextKey of contextKeys()) {
      const keeper = keeperAt(contextKey);
      const references = this.#references(contextKey);
      const isRead = references.length > 0;
      const texts = [];
      if (isRead && !this.#answers) texts.push(this.#text('environment', { contextKey }));
      else if (isRead && !canRestart) texts.push(this.#text('restart', { contextKey }));
      // While nothing is known, that is what there is to say.
      const unresolved = this.#answers && keeper?.isKnown ? this.#unresolved(references) : [];
      for (const { reference, nodes } of unresolved) {
        texts.push(this.#text('unresolved', { reference, nodes: this.#named(nodes) }));
      }
      const pending = outdated.some((reference) => keyIn(reference) === contextKey);
      keeper?.note('properties', texts);
      keeper?.setProperties({ pending: !canRestart && pending, unresolved, references });
    }
  }

  /**
   * @param {string} key
   * @param {object} values
   */
  #text(key, values) {
    return this.#red._(`secret-manager.warning.${key}`, values);
  }

  /** @param {import('./types').Unresolved['nodes']} nodes */
  #named(nodes) {
    const named = nodes
      .slice(0, NAMED)
      .map(({ id, name, type }) => (name ? `${type} "${name}" (${id})` : `${type} (${id})`));
    if (nodes.length > NAMED) named.push(`+${nodes.length - NAMED}`);
    return named.join(', ');
  }

  /** @param {string[]} ids */
  #log(ids) {
    const nodes = ids.flatMap((id) => {
      const { name = '', type } = this.#scopes.config(id) ?? {};
      return type && !['tab', 'group', 'global-config'].includes(type) ? [{ id, name, type }] : [];
    });
    if (nodes.length === 0) return;
    this.#red.log.info(this.#red._('secret-manager.log.restarted', { nodes: this.#named(nodes) }));
  }

  /** @param {string} reference */
  #fingerprint(reference) {
    const text = textOf(this.#red, reference);
    return text === undefined ? null : createHmac('sha256', salt).update(text).digest('base64');
  }
}

/**
 * What a reference stands for, as a text: a text secret as it is, anything else as JSON. It is written
 * as flows write it for global context; a key with dots in it may also be written as it is.
 * @param {Red} RED
 * @param {string} reference
 * @returns {string | undefined}
 */
function textOf(RED, reference) {
  const contextKey = keyIn(reference);
  const keeper = keeperAt(contextKey);
  if (!keeper) return undefined;
  // An expression in an environment may read all of them.
  if (reference === contextKey) return JSON.stringify(keeper.entries());
  const json = keeper.read(reference.slice(contextKey.length + 1));
  if (json !== null) return json.startsWith('"') ? JSON.parse(json) : json;
  const value = property(RED, { [contextKey]: keeper.secrets }, reference);
  if (value === undefined || typeof value === 'function') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * @param {Red} RED
 * @param {object} object
 * @param {string} expression
 */
function property(RED, object, expression) {
  try {
    return RED.util.getObjectProperty(object, expression);
  } catch {
    // No such thing, or no such way to write it.
    return undefined;
  }
}

module.exports = { Properties };
