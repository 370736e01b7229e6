/* What code of a Function node, or a JSONata expression, reads from context. */

import { contextPath } from './path.js';
import { tokensOf } from './tokens.js';

/**
 * @import { Token } from './tokens.js'
 * @import { Found } from '../usage.js'
 */

/** In front of a parenthesis or a value, these don't make it somebody's argument. */
const WORDS = new Set(
  'if while for switch return await typeof void in of and or case else new delete throw yield'.split(
    ' ',
  ),
);

/**
 * @param {string} code
 * @param {Set<string>} wanted context keys
 * @param {Found} found
 */
export function readsOfCode(code, wanted, found) {
  const tokens = tokensOf(code);
  /** Variables that hold all secrets of a context key. @type {Map<string, string>} */
  const aliases = new Map();
  // First for the variables alone: a function may read one that is set further down.
  new Reader(tokens, wanted, aliases, () => {}).read();
  new Reader(tokens, wanted, aliases, found).read();
}

class Reader {
  /**
   * @param {Token[]} tokens
   * @param {Set<string>} wanted
   * @param {Map<string, string>} aliases
   * @param {Found} found
   */
  constructor(tokens, wanted, aliases, found) {
    this.tokens = tokens;
    this.wanted = wanted;
    this.aliases = aliases;
    this.found = found;
  }

  read() {
    for (let at = 0; at < this.tokens.length; at++) {
      const contextKey = this.#alias(at);
      if (contextKey !== undefined) this.#object(contextKey, at, at + 1, true);
      else this.#call(at);
    }
  }

  /**
   * @param {number} at
   * @param {...string} values any of them
   */
  #is(at, ...values) {
    const token = this.tokens[at];
    return token?.kind === 'mark' && values.includes(token.value);
  }

  /**
   * @param {number} at
   * @param {...string} values
   */
  #isName(at, ...values) {
    const token = this.tokens[at];
    return token?.kind === 'name' && values.includes(token.value);
  }

  /** The context key whose secrets the variable here holds. @param {number} at */
  #alias(at) {
    const token = this.tokens[at];
    const spread = this.#is(at - 1, '.') && this.#is(at - 2, '.');
    if (token.kind !== 'name' || (this.#is(at - 1, '.', '?.') && !spread)) return undefined;
    // It is given a value, or is the name of a property.
    const set = this.#is(at + 1, '=') && !this.#is(at + 2, '=');
    if (set || this.#is(at + 1, ':', ':=')) return undefined;
    return this.aliases.get(token.value);
  }

  /**
   * `global.get(…)`, `env.get(…)`, `$globalContext(…)`, `$env(…)`.
   * @param {number} at
   */
  #call(at) {
    const method = this.#is(at + 1, '.', '?.') && this.#isName(at + 2, 'get');
    const environment = this.#isName(at, '$env') || (method && this.#isName(at, 'env'));
    const context = this.#isName(at, '$globalContext') || (method && this.#isName(at, 'global'));
    let open = method ? at + 3 : at + 1;
    if (this.#is(open, '?.')) open += 1;
    if (!(environment || context) || !this.#is(open, '(')) return;
    const close = this.#closing(open);
    if (this.#is(open + 1, '[')) {
      for (let each = open + 2; !this.#is(each, ']') && each < close; each++) {
        this.#place(each, null);
      }
      return;
    }
    this.#place(open + 1, (contextKey) => {
      if (!environment) this.#object(contextKey, this.#start(at), close + 1, false);
    });
  }

  /**
   * A text that names a place in context.
   * @param {number} at
   * @param {((contextKey: string) => void) | null} all goes on when it names all secrets
   */
  #place(at, all) {
    const token = this.tokens[at];
    if (token?.kind !== 'text') return;
    const { root, path } = contextPath(token.value);
    if (!this.wanted.has(root)) return;
    if (path || !all) this.found(root, path);
    else all(root);
  }

  /** Where an expression like `context.global` begins, of which `at` is the last name. @param {number} at */
  #start(at) {
    return this.#is(at - 1, '.') && this.#isName(at - 2, 'context') ? at - 2 : at;
  }

  /**
   * All secrets are the value of the tokens from start to end; what becomes of them?
   * @param {string} contextKey
   * @param {number} start
   * @param {number} end the token after them
   * @param {boolean} variable they are in one already
   */
  #object(contextKey, start, end, variable) {
    // (global.get('SECRETS') || {})
    for (;;) {
      if (this.#is(end, '||', '??') && this.#is(end + 1, '{') && this.#is(end + 2, '}')) end += 3;
      else if (this.#is(end, ')') && this.#is(start - 1, '(') && !this.#isCalled(start - 1)) {
        start -= 1;
        end += 1;
      } else break;
    }
    const step = this.#step(end);
    if (step !== undefined) {
      this.found(contextKey, step === null ? null : [step]);
      return;
    }
    // $lookup($globalContext('SECRETS'), 'KEY')
    if (this.#isName(start - 2, '$lookup') && this.#is(end, ',')) {
      const name = this.tokens[end + 1];
      this.found(contextKey, name?.kind === 'text' ? [name.value] : null);
      return;
    }
    const assigned = this.#is(start - 1, ':=') || this.#isAssigned(start - 1);
    if (assigned && this.#is(start - 2, '}')) {
      this.#pattern(contextKey, this.#opening(start - 2), start - 2);
    } else if (
      assigned &&
      this.tokens[start - 2]?.kind === 'name' &&
      !this.#is(start - 3, '.', '?.')
    ) {
      this.aliases.set(this.tokens[start - 2].value, contextKey);
    } else if (!variable || this.#isHandedOn(start, end)) this.found(contextKey, null);
  }

  /** An equals sign, and none of `==`, `<=` and the like. @param {number} at */
  #isAssigned(at) {
    return this.#is(at, '=') && !this.#is(at - 1, '=', '!', '<', '>');
  }

  /** A parenthesis after a name is a call, unless it belongs to a word like `if`. @param {number} at */
  #isCalled(at) {
    const before = this.tokens[at - 1];
    if (before?.kind === 'name') return !WORDS.has(before.value);
    return this.#is(at - 1, ')', ']');
  }

  /**
   * Whether a variable goes where we can't see what is read of it; `if (secrets)` reads nothing.
   * @param {number} start
   * @param {number} end
   */
  #isHandedOn(start, end) {
    if (this.#is(end, '=', '!', '<', '>')) return false;
    if (this.#is(start - 1, '(')) return this.#isCalled(start - 1) && !this.#is(end, '&&', '?');
    return (
      this.#is(start - 1, ',', ':', '[', '=', '.') || this.#isName(start - 1, 'return', 'in', 'of')
    );
  }

  /**
   * The name of a property that is read here.
   * @param {number} at
   * @returns {string | null | undefined} null when it is computed, undefined when none is read
   */
  #step(at) {
    const dot = this.#is(at, '.', '?.');
    const bracket = this.#is(at, '[') ? at : at + 1;
    if (this.#is(bracket, '[') && (bracket === at || dot)) {
      const name = this.tokens[bracket + 1];
      return name?.kind === 'text' && this.#is(bracket + 2, ']') ? name.value : null;
    }
    const name = this.tokens[at + 1];
    // JSONata has names in quotation marks and backticks as well.
    return dot && name && name.kind !== 'mark' ? name.value : dot ? null : undefined;
  }

  /**
   * `{ A, B: b, 'c.d': e = 1, F: { g }, ...rest }`
   * @param {string} contextKey
   * @param {number} open
   * @param {number} close
   */
  #pattern(contextKey, open, close) {
    for (let at = open + 1; at < close; at = this.#next(at, close) + 1) {
      const token = this.tokens[at];
      this.found(contextKey, token.kind === 'mark' ? null : [token.value]);
    }
  }

  /**
   * The comma that ends this member of a pattern, or the pattern's end.
   * @param {number} at
   * @param {number} close
   */
  #next(at, close) {
    let index = at;
    while (index < close && !this.#is(index, ',')) {
      index = this.#is(index, '(', '[', '{') ? this.#closing(index) + 1 : index + 1;
    }
    return index;
  }

  /** @param {number} open of a parenthesis, bracket or brace */
  #closing(open) {
    let depth = 0;
    for (let at = open; at < this.tokens.length; at++) {
      if (this.#is(at, '(', '[', '{')) depth += 1;
      if (this.#is(at, ')', ']', '}') && --depth === 0) return at;
    }
    return this.tokens.length;
  }

  /** @param {number} close */
  #opening(close) {
    let depth = 0;
    for (let at = close; at >= 0; at--) {
      if (this.#is(at, ')', ']', '}')) depth += 1;
      if (this.#is(at, '(', '[', '{') && --depth === 0) return at;
    }
    return 0;
  }
}
