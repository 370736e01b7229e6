/* The tab "Secrets" in the editor's sidebar; nodes/secret-manager-sidebar.html makes the tab. */

import { speak } from '../../src/service/ui/texts.js';
import * as editor from './editor.js';
import './sidebar.js';
import { de } from './texts/de.js';
import { en } from './texts/en.js';

/** @param {HTMLElement} content of the tab */
export function fill(content) {
  if (editor.language().startsWith('de')) speak('de', de);
  else speak('en', en);
  content.replaceChildren(document.createElement('secret-manager-sidebar'));
}
