/* Texts in the language that was chosen. Whoever shows the parts gives them. */

/** Tells of a `change` of the language. */
export const language = new EventTarget();

/** @type {Readonly<Record<string, string>>} */
let catalogue = {};
let current = 'en';

export function currentLanguage() {
  return current;
}

/**
 * @param {string} tag of the language
 * @param {Readonly<Record<string, string>>} texts in it
 */
export function speak(tag, texts) {
  current = tag;
  catalogue = texts;
  language.dispatchEvent(new Event('change'));
}

/**
 * The text of a key; `{name}` in it is replaced by that value.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  return lookUp(key).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * The text for a number of things: the keys are `….one` and `….other`.
 * @param {string} key
 * @param {number} count
 * @param {Record<string, unknown>} [values]
 */
export function counted(key, count, values = {}) {
  const form = new Intl.PluralRules(current).select(count) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}`, { count: formatNumber(count), ...values });
}

/** How dates are written where the person is: British ones for `en-GB`. */
function region() {
  return navigator.languages.find((tag) => tag.startsWith(current)) ?? current;
}

/** @param {string} key */
export function hasText(key) {
  return key in catalogue;
}

/** @param {string} key */
function lookUp(key) {
  return catalogue[key] ?? key;
}

/** @param {number} number */
export function formatNumber(number) {
  return new Intl.NumberFormat(region()).format(number);
}

/** @param {string} time RFC 3339 */
export function formatTime(time) {
  const format = new Intl.DateTimeFormat(region(), { dateStyle: 'medium', timeStyle: 'medium' });
  return format.format(new Date(time));
}

/** @param {string} time RFC 3339 */
export function formatDay(time) {
  return new Intl.DateTimeFormat(region(), { dateStyle: 'medium' }).format(new Date(time));
}
