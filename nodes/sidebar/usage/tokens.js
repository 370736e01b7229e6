/*
 * The tokens of JavaScript and JSONata, as far as it takes to see what reads context: comments are
 * left out, texts are taken as a whole. Regular expressions aren't known; a quotation mark in one
 * misleads until the end of its line.
 */

import { unescaped } from './path.js';

/**
 * @typedef {object} Token
 * @property {'name' | 'text' | 'mark'} kind
 * @property {string} value of a text: what it says
 * @property {boolean} [backtick]
 */

const PIECE =
  /\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?<name>[\p{L}_$][\p{L}\p{N}_$]*)|"(?<double>(?:[^"\\\n]|\\.)*)"|'(?<single>(?:[^'\\\n]|\\.)*)'|\d[\w.]*|(?<mark>\?\.(?!\d)|\?\?|\|\||&&|:=|=>|[\s\S])/uy;

/**
 * @param {string} code
 * @returns {Token[]}
 */
export function tokensOf(code) {
  /** @type {Token[]} */
  const tokens = [];
  /** How many braces are open in each `${…}` that we are in. @type {number[]} */
  const open = [];
  let at = 0;
  while (at < code.length) {
    PIECE.lastIndex = at;
    const found = /** @type {RegExpExecArray} */ (PIECE.exec(code));
    at = PIECE.lastIndex;
    const { name, double, single, mark } = found.groups ?? {};
    const text = double ?? single;
    if (name !== undefined) tokens.push({ kind: 'name', value: name });
    else if (text !== undefined) tokens.push({ kind: 'text', value: unescaped(text) });
    else if (mark === '`') template();
    else if (mark === '}' && open.at(-1) === 0) {
      open.pop();
      template();
    } else if (mark !== undefined) {
      const last = open.length - 1;
      if (last >= 0 && mark === '{') open[last] += 1;
      if (last >= 0 && mark === '}') open[last] -= 1;
      tokens.push({ kind: 'mark', value: mark });
    } else if (/^\d/.test(found[0])) tokens.push({ kind: 'text', value: found[0] });
  }
  return tokens;

  /** A piece of a template from here to its end, or to a value in it. */
  function template() {
    const piece = /((?:[^`\\$]|\\[\s\S]|\$(?!\{))*)(`|\$\{|$)/y;
    piece.lastIndex = at;
    const [whole, said, end] = /** @type {RegExpExecArray} */ (piece.exec(code));
    at += whole.length;
    if (end === '${') {
      open.push(0);
      // It is joined to other texts: no name that can be known.
      tokens.push({ kind: 'mark', value: '`' });
    } else tokens.push({ kind: 'text', value: unescaped(said), backtick: true });
  }
}
