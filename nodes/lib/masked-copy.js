'use strict';

/*
 * Values as Debug, the context sidebar and logs may show them. A message never changes: where there is
 * something to mask a copy is made, of what these can show and no more.
 */

const { types } = require('node:util');
const { mask, maskBytes } = require('../../js');

/**
 * How much more of a text is looked at than is shown of it, so that a secret of which only the beginning is
 * shown is found: more than a needle of the native side takes in its longest form.
 */
const AHEAD = 4096;

/** Between texts that are looked at together. */
const BETWEEN = '\n';

/** What Debug shows as "[internal]" only. */
const INTERNAL = new Set(['Socket', 'TLSSocket', 'ServerResponse']);

/** So deep no message is that isn't inside of itself. */
const SHALLOW = 20;

/**
 * The value itself when there is nothing to mask in it.
 * @param {any} value
 * @param {number} [limit] how much is shown at most of each text, list or buffer
 */
function maskedCopy(value, limit = Infinity) {
  if (typeof value === 'string') return maskedText(value, limit);
  const search = new Search(limit);
  search.look('', value);
  return search.found ? new Copy(limit).of('', value) : value;
}

/**
 * @param {string} text
 * @param {number} limit
 */
function maskedText(text, limit) {
  // Most of a long text isn't shown, and need not be looked at either.
  const shown = text.length > limit + AHEAD ? text.slice(0, limit + AHEAD) : text;
  return mask(shown) === shown ? text : mask(text);
}

/** Looks at all that a value can show, at once. */
class Search {
  #limit;
  /** @type {unknown[]} */
  #texts = [];
  #bytesFound = false;
  /** What lies so deep that it may be inside of itself. */
  #seen = new Set();

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  get found() {
    if (this.#bytesFound) return true;
    const text = this.#texts.join(BETWEEN);
    return mask(text) !== text;
  }

  /**
   * @param {string} key
   * @param {any} value
   * @param {number} [depth]
   */
  look(key, value, depth = 0) {
    switch (typeof value) {
      case 'string':
        this.#texts.push(value.length > this.#limit ? value.slice(0, this.#limit + AHEAD) : value);
        break;
      case 'number':
      case 'bigint':
        this.#texts.push(value);
        break;
      case 'object':
        if (value === null) break;
        if (depth > SHALLOW) {
          if (this.#seen.has(value)) break;
          this.#seen.add(value);
        }
        // Nearly everything is a plain object, and the rest takes longer to tell apart.
        if (isPlain(value)) this.#lookIntoObject(value, depth + 1);
        else this.#lookInto(key, value, depth + 1);
    }
  }

  /**
   * @param {Record<string, any>} value
   * @param {number} depth
   */
  #lookIntoObject(value, depth) {
    for (const name of Object.keys(value)) {
      this.#texts.push(name);
      if (!isInternalKey(name)) this.look(name, value[name], depth);
    }
  }

  /**
   * @param {string} key
   * @param {any} value
   * @param {number} depth
   */
  #lookInto(key, value, depth) {
    if (isInternal(key, value)) return;
    const shown = bytesOf(value, this.#limit + AHEAD);
    if (shown) {
      this.#bytesFound ||= maskBytes(shown) !== shown;
    } else if (Array.isArray(value)) {
      const length = Math.min(value.length, this.#limit);
      for (let index = 0; index < length; index += 1) this.look('', value[index], depth);
    } else if (isError(value)) {
      for (const part of ERROR_PARTS) this.look(part, errorPart(value, part), depth);
    } else if (typeof value.toJSON === 'function') {
      this.look(key, value.toJSON(key), depth);
    } else if (types.isMap(value)) {
      for (const [name, item] of value) {
        this.look('', name, depth);
        this.look('', item, depth);
      }
    } else if (types.isSet(value)) {
      for (const item of value) this.look('', item, depth);
    } else if (isPlainText(value)) {
      this.#texts.push(String(value));
    } else {
      this.#lookIntoObject(value, depth);
    }
  }
}

/** Copies what a value can show, masked. */
class Copy {
  #limit;
  /** @type {Map<object, object>} */
  #copies = new Map();

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {string} key
   * @param {any} value
   * @returns {any}
   */
  of(key, value) {
    switch (typeof value) {
      case 'string':
        return maskedText(value, this.#limit);
      case 'number':
      case 'bigint': {
        const masked = mask(String(value));
        return masked === String(value) ? value : masked;
      }
      case 'object':
        return value === null ? null : (this.#copies.get(value) ?? this.#copy(key, value));
      default:
        return value;
    }
  }

  /**
   * @param {string} key
   * @param {any} value
   */
  #copy(key, value) {
    if (isInternal(key, value)) return value;
    const bytes = bytesOf(value, Infinity);
    if (bytes) {
      const masked = maskBytes(bytes);
      if (masked === bytes) return value;
      if (Array.isArray(value)) return [...masked];
      return Buffer.isBuffer(value) ? masked : Uint8Array.from(masked);
    }
    if (isError(value)) return this.#error(value);
    if (typeof value.toJSON === 'function') return this.of(key, value.toJSON(key));
    if (isPlainText(value)) return mask(String(value));
    const copy = emptyLike(value);
    this.#copies.set(value, copy);
    if (Array.isArray(value)) {
      // What lies beyond the limit isn't shown, but the length is.
      value.forEach((item, index) => {
        copy[index] = index < this.#limit ? this.of(String(index), item) : null;
      });
    } else if (types.isMap(value)) {
      for (const [name, item] of value) copy.set(this.of('', name), this.of('', item));
    } else if (types.isSet(value)) {
      for (const item of value) copy.add(this.of('', item));
    } else {
      for (const name of Object.keys(value)) {
        define(copy, mask(name), this.of(name, value[name]), true);
      }
    }
    return copy;
  }

  /** @param {any} error */
  #error(error) {
    const copy = Object.create(Object.getPrototypeOf(error));
    this.#copies.set(error, copy);
    for (const part of [...ERROR_PARTS, ...Object.keys(error)]) {
      const value = errorPart(error, part);
      if (value !== undefined) define(copy, part, this.of(part, value), Object.hasOwn(error, part));
    }
    return copy;
  }
}

const ERROR_PARTS = ['name', 'message', 'stack', 'code', 'cause'];

/**
 * The cause is shown as a text.
 * @param {any} error
 * @param {string} part
 */
function errorPart(error, part) {
  return part === 'cause' && error.cause !== undefined ? String(error.cause) : error[part];
}

/**
 * Node-RED's own test for what it shows as an error; those of Function nodes come from another realm.
 * @param {any} value
 */
function isError(value) {
  return value instanceof Error || types.isNativeError(value);
}

/**
 * @param {string} key
 * @param {any} value
 */
function isInternal(key, value) {
  return isInternalKey(key) || INTERNAL.has(value.constructor?.name);
}

/** @param {string} key */
function isInternalKey(key) {
  return key === '_req' || key === '_res';
}

/**
 * An object with nothing special about it. Those of Function nodes come from another realm, so it is no use
 * to compare prototypes.
 * @param {any} value
 */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return (
    (prototype === null || Object.getPrototypeOf(prototype) === null) &&
    typeof value.toJSON !== 'function'
  );
}

/**
 * The first bytes of a buffer, or of a list that holds nothing but bytes: that is how JSON shows one.
 * @param {any} value
 * @param {number} most
 * @returns {Uint8Array | undefined}
 */
function bytesOf(value, most) {
  if (types.isUint8Array(value) || types.isUint8ClampedArray(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, Math.min(value.length, most));
  }
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const first = value.length > most ? value.slice(0, most) : value;
  return first.every(isByte) ? Uint8Array.from(first) : undefined;
}

/** @param {unknown} value */
function isByte(value) {
  return typeof value === 'number' && value >= 0 && value <= 255 && Number.isInteger(value);
}

/**
 * What is shown as a text.
 * @param {any} value
 */
function isPlainText(value) {
  return types.isRegExp(value) || types.isStringObject(value);
}

/**
 * With the same prototype, after which Node-RED names what it shows.
 * @param {any} value
 * @returns {any}
 */
function emptyLike(value) {
  if (Array.isArray(value)) return [];
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  return Object.create(Object.getPrototypeOf(value));
}

/**
 * @param {object} object
 * @param {string} name
 * @param {unknown} value
 * @param {boolean} enumerable
 */
function define(object, name, value, enumerable) {
  Object.defineProperty(object, name, { value, enumerable, configurable: true, writable: true });
}

module.exports = { maskedCopy };
