/* Small drawings on buttons. The button has the words. */

import { svg } from 'lit';

/** @param {import('lit').TemplateResult} shape */
const icon = (shape) =>
  svg`<svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${shape}</svg>`;

export const icons = {
  key: icon(svg`<circle cx="8" cy="12" r="4"/><path d="M12 12h9M18 12v4"/>`),
  plus: icon(svg`<path d="M12 5v14M5 12h14"/>`),
  reveal: icon(
    svg`<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>`,
  ),
  hide: icon(
    svg`<path d="M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.7 3.5M6.3 7.4A16.5 16.5 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4.5-1.2"/>`,
  ),
  copy: icon(
    svg`<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M5 15H4V6a2 2 0 0 1 2-2h9v1"/>`,
  ),
  path: icon(svg`<path d="M9 7l-5 5 5 5M15 7l5 5-5 5"/>`),
  edit: icon(svg`<path d="M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3"/>`),
  history: icon(svg`<path d="M4 5v4h4M4.5 9A8 8 0 1 1 4 13M12 8v4.5l3 2"/>`),
  delete: icon(svg`<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v6M13.7 10.5v6"/>`),
  restore: icon(svg`<path d="M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3"/>`),
  close: icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
};
