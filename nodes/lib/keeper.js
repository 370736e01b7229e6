'use strict';

/*
 * A keeper keeps one context key up to date. There is one per key and process; it outlives deploys,
 * which only exchange the nodes (members) behind it: one of them is active, the others stand by.
 */

const { Engine } = require('../../js');
const { Publication } = require('./global-context');
const { SetupError } = require('./setup');
const { situationOf } = require('./situation');

/**
 * @typedef {import('./types').FlowsEvent} FlowsEvent
 * @typedef {import('./types').Member} Member
 * @typedef {import('./types').Situation} Situation
 */

/** How often to look whether the object is still in its place, in ms. */
const GUARD_INTERVAL = 1000;

/** @type {Map<string, Keeper>} */
const keepers = new Map();

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
  /** @type {Promise<void>} */
  #firstSync = Promise.resolve();
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

  /** @param {Member} member */
  join(member) {
    this.#members = this.#members.filter(({ id }) => id !== member.id);
    this.#members.push(member);
    // A node that replaces an older self takes over its role, whether that one has closed or not.
    if (this.#active === null || this.#active.id === member.id) {
      this.#activate(member);
      this.#syncedByDeploy = true;
    } else {
      member.show({ key: 'standby' });
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
      this.#engine?.stop();
    }
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
  }

  /**
   * Called after every deploy, whatever it touched, and after a start.
   * @param {FlowsEvent} event
   */
  flowsStarted({ diff }) {
    const synced = this.#syncedByDeploy || this.#active === null;
    this.#syncedByDeploy = false;
    if (this.#active === null) this.#succeed();
    if (this.#members.length === 0) this.#retire();
    if (diff && !synced && this.#active?.syncOnSave) this.syncNow().catch(() => {});
  }

  /** @param {Member} member */
  #activate(member) {
    this.#active = member;
    this.#firstSync = Promise.resolve();
    try {
      this.#engine ??= this.#newEngine();
      this.#publication ??= new Publication(this.#contextKey, this.#engine);
      this.#held = this.#publication.publish(member.global);
      const settings = member.settings();
      this.#token = settings.token;
      this.#firstSync = this.#engine.start(settings);
      this.#firstSync.catch(() => {});
      this.#fault = null;
    } catch (error) {
      this.#engine?.stop();
      this.#fault = error;
    }
    this.#show();
  }

  #newEngine() {
    return new Engine({
      wantsNames: () => this.#active?.wantsNames() ?? false,
      onChange: (change) => {
        this.#publication?.refreshMetadata();
        this.#active?.changed(change);
      },
      onState: () => {
        this.#publication?.refreshMetadata();
        this.#show();
        if (this.#tokenWasRenewed()) this.syncNow().catch(() => {});
      },
    });
  }

  /** Access is denied, and the token's file holds another one than the engine was started with. */
  #tokenWasRenewed() {
    if (this.#engine?.status().error?.code !== 'denied') return false;
    try {
      return this.#active !== null && this.#active.settings().token !== this.#token;
    } catch {
      return false;
    }
  }

  /** What can change without news: the flows' side of context, and the times in the status. */
  #look() {
    if (this.#active === null) this.#succeed();
    this.#publication?.restore();
    this.#show();
  }

  #succeed() {
    const [next] = this.#members;
    if (next) this.#activate(next);
  }

  #show() {
    if (!this.#active) return;
    if (this.#fault) {
      this.#active.show(faultSituation(this.#fault));
      return;
    }
    if (!this.#engine) return;
    const status = this.#engine.status();
    this.#active.show(situationOf(status, this.#held));
    const { cacheProblem, error, refused, refusedCount } = status;
    const warnings = [];
    if (error) warnings.push(error.message);
    else if (refusedCount > 0) warnings.push(refused);
    if (cacheProblem) warnings.push(cacheProblem);
    this.#warn(warnings);
  }

  /**
   * Each of them once, until it no longer holds.
   * @param {Array<string | string[]>} warnings texts, or names that were left out
   */
  #warn(warnings) {
    const fresh = warnings.filter((what) => !this.#warned.includes(String(what)));
    this.#warned = warnings.map(String);
    for (const what of fresh) this.#active?.warn(what);
  }

  #retire() {
    clearInterval(this.#guard);
    this.#publication?.withdraw();
    this.#engine?.dispose();
    keepers.delete(this.#contextKey);
  }
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

/** Settles when every keeper's first sync has succeeded or failed. */
function firstOutcomes() {
  return Promise.all([...keepers.values()].map((keeper) => keeper.firstOutcome));
}

/** @param {FlowsEvent} event */
function flowsStarted(event) {
  for (const keeper of [...keepers.values()]) keeper.flowsStarted(event);
}

/** @param {string} contextKey */
function isKept(contextKey) {
  return keepers.has(contextKey);
}

module.exports = { firstOutcomes, flowsStarted, isKept, keeperOf };
