'use strict';

/*
 * The members of a JSON object as they are written: JavaScript's numbers would lose digits of a
 * value, and its complaints about a mistake quote the document.
 */

/** Where a text is not what it should be: an offset in it. */
class Unreadable extends Error {
  /** @param {number} at */
  constructor(at) {
    super('unreadable');
    this.at = at;
  }
}

/**
 * @param {string} text
 * @returns {Map<string, string>} of a doubled name the last value, as with JSON.parse
 * @throws {Unreadable} no JSON object, as far as that is looked at: what nested values are made of
 *   is not
 */
function memberTexts(text) {
  const members = new Map();
  let at = afterSpace(text, 0);
  const take = (/** @type {string} */ character) => {
    if (text[at] !== character) throw new Unreadable(at);
    at = afterSpace(text, at + 1);
  };
  take('{');
  while (text[at] !== '}') {
    if (members.size > 0) take(',');
    const name = at;
    at = afterString(text, at);
    const key = parsed(text, name, at);
    at = afterSpace(text, at);
    take(':');
    const value = at;
    at = afterValue(text, at);
    members.set(key, text.slice(value, at));
    at = afterSpace(text, at);
  }
  take('}');
  if (at < text.length) throw new Unreadable(at);
  return members;
}

/**
 * @param {string} text
 * @param {number} from
 * @param {number} to
 */
function parsed(text, from, to) {
  try {
    return JSON.parse(text.slice(from, to));
  } catch {
    throw new Unreadable(from);
  }
}

/**
 * @param {string} text
 * @param {number} at
 */
function afterSpace(text, at) {
  while (' \t\r\n'.includes(text[at] ?? 'x')) at += 1;
  return at;
}

/**
 * @param {string} text
 * @param {number} start
 */
function afterString(text, start) {
  if (text[start] !== '"') throw new Unreadable(start);
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') at += 1;
  }
  throw new Unreadable(text.length);
}

/**
 * @param {string} text
 * @param {number} start
 */
function afterValue(text, start) {
  if (text[start] === '"') return afterString(text, start);
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text[at];
    if (depth === 0 && ' \t\r\n,}]'.includes(character)) break;
    if (character === '"') {
      at = afterString(text, at);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    at += 1;
    if (depth === 0 && (character === '}' || character === ']')) break;
  }
  if (at === start || depth > 0) throw new Unreadable(at);
  return at;
}

module.exports = { Unreadable, memberTexts };
