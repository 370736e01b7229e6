'use strict';

/* What must be true of the texts of a page and of the code that asks for them. */

const assert = require('node:assert/strict');

/** @typedef {Record<string, string>} Texts */

/**
 * Both languages have the same keys, with the same values in them.
 * @param {Texts} en
 * @param {Texts} de
 */
function areTranslated(en, de) {
  assert.deepEqual(Object.keys(de), Object.keys(en));
  const values = (/** @type {string} */ text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const [key, text] of Object.entries(en)) {
    assert.notEqual(text.trim(), '', key);
    assert.notEqual(de[key].trim(), '', key);
    assert.deepEqual(values(de[key]), values(text), key);
  }
}

/**
 * Whatever the code asks for is there.
 * @param {Texts} en
 * @param {string} code
 * @param {number} least so many places ask, or they weren't found
 */
function areThere(en, code, least) {
  const asked = [...code.matchAll(/[^\w.](t|counted)\(\s*'([^']+)'/g)];
  assert.ok(asked.length > least, String(asked.length));
  for (const [, way, key] of asked) {
    assert.ok((way === 't' ? key : `${key}.one`) in en, key);
  }
}

/**
 * @param {string[]} keys
 * @param {string} code
 */
function areInUse(keys, code) {
  // What stands in the code in part only: t(`role.${role}`).
  const stems = [...code.matchAll(/`([\w.]*)\$\{[^}]+\}([\w.]*)`/g)].filter(
    ([, before, after]) => before.endsWith('.') || after.startsWith('.'),
  );
  for (const key of keys) {
    const base = key.replace(/\.(one|other)$/, '');
    const composed = stems.some(
      ([, before, after]) => key.startsWith(before) && key.endsWith(after),
    );
    assert.ok(code.includes(`'${base}'`) || composed, key);
  }
}

module.exports = { areInUse, areThere, areTranslated };
