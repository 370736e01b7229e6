/* The language of the page: the browser's, or the one that was chosen. */

import { speak } from './texts.js';
import { de } from './texts/de.js';
import { en } from './texts/en.js';

/** @typedef {keyof typeof catalogues} Language */

const catalogues = { en, de };

/** A language's own name for itself. */
export const languages = /** @type {const} */ ({ en: 'English', de: 'Deutsch' });

/** The only thing that the page leaves in a browser. */
const KEPT = 'language';

/** @param {Language} wanted */
export function chooseLanguage(wanted) {
  localStorage.setItem(KEPT, wanted);
  speak(wanted, catalogues[wanted]);
}

/** The language chosen before, else the first of the browser's that there is. */
export function findLanguage() {
  const wished = [localStorage.getItem(KEPT) ?? '', ...navigator.languages];
  const found = wished.map((tag) => tag.slice(0, 2)).find((tag) => tag in catalogues);
  const language = /** @type {Language} */ (found ?? 'en');
  speak(language, catalogues[language]);
}
