/* How secrets travel: what a request expects, and values as they are written. */

import { memberTexts } from './json.js';

/** @import { Kind, Value } from './types.js' */

/**
 * What a write expects to find.
 * @param {number | null | undefined} version null: no such secret; undefined: whatever is there
 * @returns {Record<string, string>}
 */
export function expecting(version) {
  if (version === undefined) return {};
  return version === null ? { 'If-None-Match': '*' } : { 'If-Match': `"${version}"` };
}

/**
 * Takes the value out as it is written, so that a JSON secret keeps every digit.
 * @param {string} answer
 * @returns {Value}
 */
export function asWritten(answer) {
  const { value, ...facts } = JSON.parse(answer);
  const text = facts.type === 'text' ? value : (memberTexts(answer).get('value') ?? '');
  return { ...facts, text };
}

/**
 * @param {Kind} type
 * @param {string} text
 */
export function secretBody(type, text) {
  return `{"type":"${type}","value":${type === 'text' ? JSON.stringify(text) : text}}`;
}
