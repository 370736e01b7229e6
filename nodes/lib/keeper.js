'use strict';

/*
 * A keeper keeps one context key up to date. There is one per key and process; it outlives deploys,
 * which only exchange the nodes (members) behind it: one of them is active, the others stand by.
 */

const { EventEmitter } = require('node:events');
const { isDeepStrictEqual } = require('node:util');
const { Engine } = require('../../js');
const { Publication } = require('./global-context');
const { SetupError } = require('./setup');
const { situationOf } = require('./situation');

/**
 * @typedef {import('./types').FlowsEvent} FlowsEvent
 * @typedef {import('./types').Member} Member
 * @typedef {import('./types').Situation} Situation
 * @typedef {import('./types').Warning} Warning
 */

/** How often to look whether the object is still in its place, in ms. */
const GUARD_INTERVAL = 1000;

/** How long it is told that a flow has replaced the secrets, in ms. */
const REPLACED_FOR = 10 * 60 * 1000;

/** @type {Map<string, Keeper>} */
const keepers = new Map();

/**
 * Tells, with the context key, when there is something new to show to people ("changed") and when flows
 * find other secrets ("secrets").
 */
const changes = new EventEmitter();

class Keeper {
  #contextKey;
  /** @type {Member[]} */
  #members = [];
  /** @type {Member | null} */
  #active = null;
  /** The deploy under way has begun a sync already, by starting the active member. */
  #syncedByDeploy = false;
  /** @type {import('./types').Engine | undefined} */
  #engine;
  /** @type {InstanceType<typeof Publication> | undefined} */
  #publication;
  #held = true;
  /** Why the engine could not be started. @type {Error | null} */
  #fault = null;
  /** The access token that the engine was started with. */
  #token = '';
  /** The kind of source that it was started with. @type {string | null} */
  #kind = null;
  /** What the engine was started with, while it runs. @type {object | null} */
  #settings = null;
  /** Changes before there was a node to tell them. @type {import('../../js/native').Change[]} */
  #untold = [];
  /** @type {Promise<void>} */
  #firstSync = Promise.resolve();
  /** The flows have started without waiting for it any longer. */
  #late = false;
  /** What others have to say to people, by subject. @type {Map<string, Warning[]>} */
  #notes = new Map();
  /** When something else was last found in place of the secrets. */
  #replacedAt = -Infinity;
  /** How it is with secrets in properties. @type {import('./types').PropertiesFacts} */
  #properties = { pending: false, unresolved: [], references: [] };
  /** The warnings that hold, so that each is given once. @type {string[]} */
  #warned = [];
  /** @type {NodeJS.Timeout} */
  #guard;

  /** @param {string} contextKey */
  constructor(contextKey) {
    this.#contextKey = contextKey;
    this.#guard = setInterval(() => this.#look(), GUARD_INTERVAL).unref();
  }

  /** Settles when the sync that the last start began has succeeded or failed; never rejects. */
  get firstOutcome() {
    return this.#firstSync.catch(() => {});
  }

  /**
   * Starts for a node that isn't there yet. The first one that joins takes over what runs.
   * @param {Member} early
   */
  begin(early) {
    this.#activate(early);
  }

  /**
   * Blocks until the sync that the last start began has an outcome, so many ms at most.
   * @param {number} limit
   */
  waitForFirst(limit) {
    if (!this.#engine || this.#fault || this.#engine.waitForFirst(limit)) return;
    this.#late = true;
    this.firstOutcome.then(() => {
      this.#late = false;
    });
  }

  /** @param {Member} member */
  join(member) {
    this.#members = this.#members.filter(({ id }) => id !== member.id);
    this.#members.push(member);
    // A node that replaces an older self takes over its role, whether that one has closed or not.
    if (this.#active === null || this.#active.early || this.#active.id === member.id) {
      this.#activate(member);
      this.#syncedByDeploy = true;
    } else {
      member.show({ key: 'standby' });
      this.#tell();
    }
  }

  /**
   * What is published stays: the deploy that ends this member may bring another one.
   * @param {Member} member
   */
  leave(member) {
    this.#members = this.#members.filter((other) => other !== member);
    if (this.#active === member) {
      this.#active = null;
      this.#stop();
    }
    this.#tell();
  }

  /** @returns {Promise<void>} */
  async syncNow() {
    if (!this.#active) throw new SetupError('notRunning');
    // What stood in the way may be mended by now: a file that was missing, a token that was renewed.
    if (this.#fault || this.#tokenWasRenewed()) {
      this.#activate(this.#active);
      if (this.#fault) throw this.#fault;
      await this.#firstSync;
    } else {
      await this.#engine?.syncNow();
    }
    // A sync that finds nothing new is no news, but somebody asked for it.
    this.#tell();
  }

  /**
   * What there is to tell people, values aside.
   * @returns {import('./types').KeeperFacts}
   */
  facts() {
    const status = this.#engine?.status();
    return {
      contextKey: this.#contextKey,
      active: this.#active,
      standby: this.#members.filter((member) => member !== this.#active),
      kind: this.#kind,
      situation: this.#situation(status),
      held: this.#held,
      status,
      fault: this.#fault,
      warnings: this.#warnings(status),
      unresolved: this.#properties.unresolved,
      references: this.#properties.references,
    };
  }

  /**
   * Replaces what there is to say about something.
   * @param {string} subject
   * @param {Warning[]} texts
   */
  note(subject, texts) {
    if (isDeepStrictEqual(this.#notes.get(subject) ?? [], texts)) return;
    this.#notes.set(subject, texts);
    this.#show();
    this.#tell();
  }

  /**
   * @param {string} subject
   * @param {string | null} key of the text, when there is something to say
   */
  #note(subject, key) {
    this.note(subject, key ? [{ key, values: { contextKey: this.#contextKey } }] : []);
  }

  /** @param {import('./types').PropertiesFacts} facts */
  setProperties(facts) {
    if (isDeepStrictEqual(this.#properties, facts)) return;
    this.#properties = facts;
    this.#show();
    this.#tell();
  }

  /** Whether it is known which secrets there are. */
  get isKnown() {
    return this.#engine?.status().version !== undefined;
  }

  /** What flows find in global context. */
  get secrets() {
    return this.#publication?.secrets;
  }

  /** The published secrets without their values, sorted by key. */
  entries() {
    return this.#engine?.entries() ?? [];
  }

  /**
   * The JSON text of a published secret, or null.
   * @param {string} key
   */
  read(key) {
    return this.#engine?.read(key) ?? null;
  }

  /**
   * Called after every deploy, whatever it touched, and after a start.
   * @param {FlowsEvent} event
   */
  flowsStarted({ diff }) {
    const synced = this.#syncedByDeploy || this.#active === null;
    this.#syncedByDeploy = false;
    // The node that it stood for didn't come.
    if (this.#active?.early) this.#active = null;
    if (this.#active === null) this.#succeed();
    if (this.#members.length === 0) this.#retire();
    for (const change of this.#untold.splice(0)) this.#active?.changed(change);
    if (diff && !synced && this.#active?.syncOnSave) this.syncNow().catch(() => {});
  }

  /** @param {Member} member */
  #activate(member) {
    const begun = this.#active?.early ? this.#settings : null;
    this.#active = member;
    this.#note('seeded', member.seeded ? 'seeded' : null);
    try {
      this.#engine ??= this.#newEngine();
      this.#publication ??= new Publication(this.#contextKey, this.#engine);
      this.#held = this.#publication.publish(member.global);
      const settings = member.settings();
      this.#token = settings.token ?? '';
      this.#kind = settings.kind;
      if (!isDeepStrictEqual(settings, begun)) this.#start(this.#engine, settings);
      this.#fault = null;
    } catch (error) {
      this.#stop();
      this.#fault = error;
      this.#kind = null;
    }
    this.#show();
    this.#tell();
  }

  /**
   * @param {import('./types').Engine} engine
   * @param {import('../../js/settings').Settings} settings
   */
  #start(engine, settings) {
    this.#firstSync = engine.start(settings);
    this.#firstSync.catch(() => {});
    this.#settings = settings;
  }

  #stop() {
    this.#engine?.stop();
    this.#settings = null;
    this.#firstSync = Promise.resolve();
  }

  #newEngine() {
    return new Engine({
      wantsNames: () => this.#active?.wantsNames() ?? false,
      onChange: (change) => {
        this.#publication?.refreshMetadata();
        if (this.#active?.early) this.#untold.push(change);
        else this.#active?.changed(change);
        changes.emit('secrets', this.#contextKey);
        this.#tell();
      },
      onState: () => {
        this.#publication?.refreshMetadata();
        this.#show();
        this.#tell();
        if (this.#tokenWasRenewed()) this.syncNow().catch(() => {});
      },
    });
  }

  /** Access is denied, and the token's file holds another one than the engine was started with. */
  #tokenWasRenewed() {
    if (this.#engine?.status().error?.code !== 'denied') return false;
    try {
      return this.#active !== null && (this.#active.settings().token ?? '') !== this.#token;
    } catch {
      return false;
    }
  }

  /** What can change without news: the flows' side of context, and the times in the status. */
  #look() {
    if (this.#active === null) this.#succeed();
    if (this.#publication?.restore()) this.#replacedAt = Date.now();
    const replaced = Date.now() - this.#replacedAt < REPLACED_FOR;
    this.#note('replaced', replaced ? 'replaced' : null);
    this.#show();
  }

  #succeed() {
    const [next] = this.#members;
    if (next) this.#activate(next);
  }

  #show() {
    if (!this.#active || this.#active.early) return;
    const status = this.#engine?.status();
    const situation = this.#situation(status);
    if (situation) this.#active.show(situation);
    this.#warn(this.#warnings(status));
  }

  /**
   * @param {import('../../js/native').Status} [status]
   * @returns {Situation | null}
   */
  #situation(status) {
    if (this.#fault) return faultSituation(this.#fault);
    if (!status) return null;
    const situation = situationOf(status, this.#held);
    const store = this.#active?.global.store;
    if (situation.key === 'store' && store) return { key: 'storeChosen', values: { store } };
    if (situation.key === 'syncing' && this.#late) return { key: 'late' };
    return situation.key === 'synced' && this.#properties.pending ? { key: 'pending' } : situation;
  }

  /** @param {import('../../js/native').Status} [status] */
  #warnings(status) {
    return [
      ...(this.#fault || !status ? [] : warningsOf(status)),
      ...[...this.#notes.values()].flat(),
    ];
  }

  #tell() {
    changes.emit('changed', this.#contextKey);
  }

  /**
   * Each of them once, until it no longer holds.
   * @param {Warning[]} warnings
   */
  #warn(warnings) {
    const fresh = warnings.filter((what) => !this.#warned.includes(JSON.stringify(what)));
    this.#warned = warnings.map((what) => JSON.stringify(what));
    for (const what of fresh) this.#active?.warn(what);
  }

  #retire() {
    clearInterval(this.#guard);
    this.#publication?.withdraw();
    this.#engine?.dispose();
    keepers.delete(this.#contextKey);
    this.#tell();
  }
}

/**
 * @param {import('../../js/native').Status} status
 * @returns {Warning[]}
 */
function warningsOf({ cacheProblem, error, refused, refusedCount }) {
  const warnings = [];
  if (error) warnings.push(error.message);
  else if (refusedCount > 0) warnings.push(refused);
  if (cacheProblem) warnings.push(cacheProblem);
  return warnings;
}

/**
 * @param {any} error
 * @returns {Situation}
 */
function faultSituation(error) {
  if (error instanceof SetupError) return { key: `setup.${error.key}`, values: error.values };
  if (error.code === 'native-missing') {
    return { key: 'native', values: { platform: `${process.platform}-${process.arch}` } };
  }
  return { key: 'setup.engine', values: { message: error.message } };
}

/** @param {string} contextKey */
function keeperOf(contextKey) {
  let keeper = keepers.get(contextKey);
  if (!keeper) {
    keeper = new Keeper(contextKey);
    keepers.set(contextKey, keeper);
  }
  return keeper;
}

/**
 * The one that is there, if there is one.
 * @param {string} contextKey
 */
function keeperAt(contextKey) {
  return keepers.get(contextKey);
}

/** All of them, in the order of their context keys. */
function keepersSorted() {
  return [...keepers.keys()].sort().map((key) => /** @type {Keeper} */ (keepers.get(key)));
}

/** Those that are kept at present. */
function contextKeys() {
  return [...keepers.keys()];
}

/** Settles when every keeper's first sync has succeeded or failed. */
function firstOutcomes() {
  return Promise.all([...keepers.values()].map((keeper) => keeper.firstOutcome));
}

/** @param {FlowsEvent} event */
function flowsStarted(event) {
  for (const keeper of [...keepers.values()]) keeper.flowsStarted(event);
}

module.exports = {
  changes,
  contextKeys,
  firstOutcomes,
  flowsStarted,
  keeperAt,
  keeperOf,
  keepersSorted,
};
