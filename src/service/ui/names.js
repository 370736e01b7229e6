/* Names of secrets: which are refused, which are good, and how a flow writes them. */

/** The same rules as the service's (`src/model/src/name.rs`), so that a mistake shows while typing. */
const LENGTH = 256;

/** What a JavaScript object answers to already. */
const RESERVED = new Set([
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'inspect',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'prototype',
  'then',
  'toJSON',
  'toLocaleString',
  'toString',
  'valueOf',
]);

/**
 * Why the service would refuse a name: a key of the texts and what stands in it.
 * @param {string} name
 * @returns {[key: string, values: Record<string, string | number>] | null}
 */
export function nameMistake(name) {
  const characters = [...name];
  if (characters.length === 0) return ['name.empty', {}];
  if (characters.length > LENGTH) return ['name.long', { length: characters.length }];
  if (/\s/.test(name)) return ['name.space', {}];
  if (!/[A-Za-z_]/.test(characters[0])) return ['name.first', { found: characters[0] }];
  const wrong = characters.find((character) => !/[A-Za-z0-9_.-]/.test(character));
  if (wrong !== undefined) return ['name.character', { found: wrong }];
  if (RESERVED.has(name)) return ['name.reserved', { name }];
  return null;
}

/**
 * A better name, when there is one: upper case with underscores, as environment variables have it.
 * @param {string} name
 */
export function betterName(name) {
  const better = name
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    // oldName, HTTPServer: a word begins where the case says so.
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3_$2$4')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=[0-9])/, '_')
    .toUpperCase();
  return better === name || nameMistake(better) ? null : better;
}

/**
 * What a flow writes for it.
 * @param {string} name
 */
export function flowPath(name, place = 'global.SECRETS') {
  return /^[A-Za-z_]\w*$/.test(name) ? `${place}.${name}` : `${place}[${JSON.stringify(name)}]`;
}
