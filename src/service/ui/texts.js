/* The page's texts, in the language of the browser or the one that was chosen. */

import { de } from './texts/de.js';
import { en } from './texts/en.js';

/** @typedef {keyof typeof catalogues} Language */

const catalogues = { en, de };

/** A language's own name for itself. */
export const languages = /** @type {const} */ ({ en: 'English', de: 'Deutsch' });

/** Tells of a `change` of the language. */
export const language = new EventTarget();

/** The only thing that the page leaves in a browser. */
const KEPT = 'language';

let current = chosen();

/** @returns {Language} */
function chosen() {
  const wished = [localStorage.getItem(KEPT) ?? '', ...navigator.languages];
  const found = wished.map((tag) => tag.slice(0, 2)).find((tag) => tag in catalogues);
  return /** @type {Language} */ (found ?? 'en');
}

export function currentLanguage() {
  return current;
}

/** @param {Language} wanted */
export function chooseLanguage(wanted) {
  localStorage.setItem(KEPT, wanted);
  current = wanted;
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
  return key in catalogues[current];
}

/** @param {string} key */
function lookUp(key) {
  return /** @type {Record<string, string>} */ (catalogues[current])[key] ?? key;
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
