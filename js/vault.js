'use strict';

/*
 * The built-in vault as JavaScript likes it: options in, promises out. Shapes and codes are those of
 * the service's API (docs/openapi.json). Nothing in here keeps the process alive.
 */

const { forget, listen, nativeCore } = require('./core');
const { SecretManagerError } = require('./errors');

/**
 * @typedef {import('./native').Answer} Answer
 * @typedef {import('./native').VaultPlace} VaultPlace
 *
 * @typedef {object} By
 * @property {string | null} [actor] who does it, by the name that Node-RED knows; null where nobody
 *   has to sign in. Stands in `updatedBy` and in the vault's audit trail.
 * @property {string} [origin] the address that they come from
 *
 * @typedef {By & { ifMatch?: number, ifNoneMatch?: boolean }} Condition
 *   `ifMatch`: only if the secret has this version. `ifNoneMatch`: only if there is no such secret.
 *
 * @typedef {object} Waiting
 * @property {(answer: Answer) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** Keeps the secrets of a Node-RED that has no service. */
class Vault {
  /** @type {import('./native').Vault} */
  #native;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  /** @type {import('./native').KeyInformation | undefined} */
  #key;
  /** Why it is of no use any more. @type {Error | undefined} */
  #closed;

  /**
   * Opens the vault in a directory; makes it when there is none. A process has it once, however often
   * it is opened, together with the engines that read from it.
   * @param {VaultPlace} place
   * @returns {Promise<Vault>}
   */
  static async open(place) {
    const vault = new Vault();
    try {
      vault.#key = wanted((await vault.#ask((native) => native.open(place))).key);
    } catch (error) {
      vault.close();
      throw error;
    }
    return vault;
  }

  /** Use {@link Vault.open}. */
  constructor() {
    this.#native = nativeCore().vault();
    listen(this.#native, () => this.#receive());
  }

  /** Where the vault's key is, and whether it was made just now, so that there is no copy of it. */
  keyInformation() {
    return wanted(this.#key);
  }

  /**
   * All secrets by name, or the deleted ones, without their values.
   * @param {{ deleted?: boolean }} [options]
   */
  async list({ deleted = false } = {}) {
    return wanted((await this.#ask((native) => native.list(deleted))).list);
  }

  /**
   * A secret with its value: of a text secret its text; of a JSON secret its document's text, in which
   * numbers have every digit.
   * @param {string} key
   * @param {By & { version?: number }} [options]
   */
  async reveal(key, { version, ...by } = {}) {
    const answer = await this.#ask((native) => native.reveal(key, version, user(by)));
    return wanted(answer.revealed);
  }

  /**
   * Always a new version. The value of a JSON secret is its document's text.
   * @param {string} key
   * @param {{ type: 'text' | 'json', value: string }} secret
   * @param {Condition} [options]
   */
  async put(key, { type, value }, { ifMatch, ifNoneMatch, ...by } = {}) {
    const condition = { ifMatch, ifNoneMatch };
    const answer = await this.#ask((native) => native.put(key, type, value, condition, user(by)));
    return wanted(answer.written);
  }

  /**
   * Takes a secret out of the vault; it can be restored.
   * @param {string} key
   * @param {By & { ifMatch?: number }} [options]
   * @returns {Promise<void>}
   */
  async remove(key, { ifMatch, ...by } = {}) {
    await this.#ask((native) => native.remove(key, { ifMatch }, user(by)));
  }

  /**
   * The versions of a secret that is there or was deleted, the newest first.
   * @param {string} key
   */
  async versions(key) {
    const { versions, ...secret } = wanted(
      (await this.#ask((native) => native.versions(key))).versions,
    );
    return {
      ...secret,
      versions: versions.map((version) => ({
        ...version,
        rolledBackFrom: version.rolledBackFrom ?? null,
      })),
    };
  }

  /**
   * Makes a new version with the content of an older one.
   * @param {string} key
   * @param {By & { version: number, ifMatch?: number }} options
   */
  async rollback(key, { version, ifMatch, ...by }) {
    const answer = await this.#ask((native) =>
      native.rollback(key, version, { ifMatch }, user(by)),
    );
    return wanted(answer.written);
  }

  /**
   * Brings a deleted secret back: a new version with its last content.
   * @param {string} key
   * @param {By} [by]
   */
  async restore(key, by = {}) {
    return wanted((await this.#ask((native) => native.restore(key, user(by)))).written);
  }

  /**
   * Removes the values of older versions for good; without a list of them, the secret with all its
   * versions.
   * @param {string} key
   * @param {By & { versions?: number[] }} [options]
   * @returns {Promise<void>}
   */
  async destroy(key, { versions, ...by } = {}) {
    await this.#ask((native) => native.destroy(key, versions, user(by)));
  }

  /**
   * Sets all secrets of a file as one version, or nothing of it. Rejects with the code
   * "import_invalid" and a list of `mistakes`.
   * @param {By & { format: 'env' | 'json', text: string, dryRun?: boolean }} options
   */
  async import({ format, text, dryRun = false, ...by }) {
    const answer = await this.#ask((native) => native.import(format, text, dryRun, user(by)));
    return wanted(answer.imported);
  }

  /**
   * All secrets with their values, in a form that `import` reads, here and in the service.
   * @param {By & { format: 'env' | 'json' }} options
   */
  async export({ format, ...by }) {
    return wanted((await this.#ask((native) => native.export(format, user(by)))).text);
  }

  /** Gives the vault up. What was begun is finished, and nobody hears of it any more. */
  close() {
    this.#closed = new SecretManagerError('unavailable', 'the vault was closed');
    forget(this.#native);
    this.#native.close();
    for (const { reject } of this.#waiting.values()) reject(this.#closed);
    this.#waiting.clear();
  }

  /**
   * @param {(native: import('./native').Vault) => number} begin returns a ticket
   * @returns {Promise<Answer>}
   */
  #ask(begin) {
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#waiting.set(
        started(() => begin(this.#native)),
        { resolve, reject },
      );
    });
  }

  #receive() {
    for (const answer of this.#native.drain()) {
      const waiting = this.#waiting.get(answer.ticket);
      this.#waiting.delete(answer.ticket);
      if (answer.error) waiting?.reject(refusal(answer.error));
      else waiting?.resolve(answer);
    }
  }
}

/** @param {() => number} begin */
function started(begin) {
  try {
    return begin();
  } catch {
    // An error of the conversion quotes what has the wrong type, and that may be a value.
    throw new SecretManagerError('value_invalid', 'something that was sent has the wrong type');
  }
}

/** @param {import('./native').VaultError} error */
function refusal({ code, message, current, mistakes }) {
  const refused = new SecretManagerError(code, message);
  if (code === 'precondition_failed') Object.assign(refused, { current: current ?? null });
  if (mistakes) Object.assign(refused, { mistakes });
  return refused;
}

/**
 * @param {By} by
 * @returns {import('./native').VaultUser}
 */
function user({ actor, origin }) {
  return { actor: actor ?? undefined, origin };
}

/**
 * @template T
 * @param {T | undefined} content
 * @returns {T}
 */
function wanted(content) {
  if (content === undefined) throw new SecretManagerError('internal', 'an answer has no content');
  return content;
}

module.exports = { Vault };
