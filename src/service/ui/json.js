/*
 * JSON as it is written. Browsers say where a document is wrong in words of their own or not at all,
 * and their numbers lose digits; so this reads the text itself (RFC 8259).
 */

/**
 * @typedef {object} Mistake
 * @property {number} line from 1
 * @property {number} column from 1, in characters
 * @property {string} reason a key of the texts
 * @property {string} found the character there
 */

/** Deeper than anybody writes, and not so deep that reading it ends the page. */
const DEPTH = 1000;

class Unexpected extends Error {
  /**
   * @param {number} at
   * @param {string} reason
   */
  constructor(at, reason) {
    super(reason);
    this.at = at;
    this.reason = reason;
  }
}

/**
 * The first mistake in a document, or null when it is JSON.
 * @param {string} text
 * @returns {Mistake | null}
 */
export function firstMistake(text) {
  try {
    new Scanner(text).document();
    return null;
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    return { ...place(text, error.at), reason: error.reason, found: characterAt(text, error.at) };
  }
}

/**
 * The members of an object, each as it is written.
 * @param {string} text of an object that is known to be JSON
 * @returns {Map<string, string>}
 */
export function memberTexts(text) {
  const members = new Map();
  new Scanner(text).document((name, value) => members.set(name, value));
  return members;
}

/**
 * A document with a line for each member, every name and value as it was written.
 * @param {string} text that is known to be JSON
 */
export function formatted(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let written = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  const opens = (/** @type {string | undefined} */ token) => token === '{' || token === '[';
  const closes = (/** @type {string | undefined} */ token) => token === '}' || token === ']';
  tokens.forEach((token, index) => {
    if (closes(token)) {
      depth -= 1;
      // An empty one stays as it is.
      if (!opens(tokens[index - 1])) written += line();
    }
    written += token;
    if (token === ':') written += ' ';
    if (token === ',') written += line();
    if (opens(token)) {
      depth += 1;
      if (!closes(tokens[index + 1])) written += line();
    }
  });
  return written;
}

/**
 * @param {string} text
 * @param {number} at
 */
function place(text, at) {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...lines[lines.length - 1]].length + 1 };
}

/**
 * @param {string} text
 * @param {number} at
 */
function characterAt(text, at) {
  return at < text.length ? String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))) : '';
}

class Scanner {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** @param {(name: string, value: string) => void} [member] is told of the members of the outermost object */
  document(member) {
    this.#space();
    this.#value(1, member);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('json.after');
  }

  /**
   * @param {string} reason
   * @returns {never}
   */
  #fail(reason, at = this.#at) {
    throw new Unexpected(at, at < this.#text.length ? reason : 'json.ended');
  }

  #space() {
    this.#match(/[ \t\n\r]*/y, '');
  }

  /**
   * @param {RegExp} pattern sticky
   * @param {string} otherwise the mistake when the text is another
   */
  #match(pattern, otherwise) {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) this.#fail(otherwise);
    this.#at = pattern.lastIndex;
  }

  /** @param {string} character */
  #take(character) {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /**
   * @param {number} depth
   * @param {(name: string, value: string) => void} [member]
   */
  #value(depth, member) {
    const first = this.#text[this.#at];
    if (first === '{' || first === '[') {
      if (depth > DEPTH) this.#fail('json.depth');
      if (first === '{') this.#object(depth, member);
      else this.#array(depth);
    } else if (first === '"') this.#string();
    else if (first === '-' || (first >= '0' && first <= '9')) this.#number();
    else this.#word();
  }

  /**
   * @param {number} depth
   * @param {(name: string, value: string) => void} [member]
   */
  #object(depth, member) {
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return;
    for (;;) {
      if (this.#text[this.#at] !== '"') this.#fail('json.name');
      const name = this.#string();
      this.#space();
      if (!this.#take(':')) this.#fail('json.colon');
      this.#space();
      const start = this.#at;
      this.#value(depth + 1);
      member?.(JSON.parse(name), this.#text.slice(start, this.#at));
      this.#space();
      if (this.#take('}')) return;
      if (!this.#take(',')) this.#fail('json.commaOrBrace');
      this.#space();
    }
  }

  /** @param {number} depth */
  #array(depth) {
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return;
    for (;;) {
      this.#value(depth + 1);
      this.#space();
      if (this.#take(']')) return;
      if (!this.#take(',')) this.#fail('json.commaOrBracket');
      this.#space();
    }
  }

  /** @returns {string} as it is written */
  #string() {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) this.#fail('json.ended');
      if (character < ' ') this.#fail('json.control');
      if (character === '\\') this.#match(/\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y, 'json.escape');
      else this.#at += 1;
      if (character === '"') return this.#text.slice(start, this.#at);
    }
  }

  #number() {
    const text = this.#text;
    const digits = () => {
      const start = this.#at;
      while (text[this.#at] >= '0' && text[this.#at] <= '9') this.#at += 1;
      if (this.#at === start) this.#fail('json.digit');
    };
    this.#take('-');
    if (this.#take('0')) {
      if (text[this.#at] >= '0' && text[this.#at] <= '9') this.#fail('json.zero');
    } else digits();
    if (this.#take('.')) digits();
    if (this.#take('e') || this.#take('E')) {
      if (!this.#take('-')) this.#take('+');
      digits();
    }
  }

  #word() {
    this.#match(/(?:true|false|null)(?!\w)/y, 'json.value');
  }
}
