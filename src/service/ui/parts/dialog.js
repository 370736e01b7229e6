/*
 * A dialog that is open as long as it is rendered. The browser keeps the focus inside and gives it
 * back; Escape and the button in the corner end it. It is no component of its own, so that labels,
 * fields and what they refer to stay in one tree.
 */

import { html } from 'lit';
import { ref } from 'lit/directives/ref.js';
import { icons } from '../icons.js';
import { t } from '../texts.js';

/**
 * @param {object} options
 * @param {string} options.heading
 * @param {boolean} [options.wide]
 * @param {() => void} options.close is told when it ended; stops rendering it
 * @param {(event: Event) => void} [options.cancel] may prevent that Escape ends it
 * @param {unknown} content
 */
export function dialog({ heading, wide = false, close, cancel }, content) {
  return html`<dialog
    class=${wide ? 'wide' : ''}
    aria-labelledby="dialog-heading"
    @close=${close}
    @cancel=${cancel}
    ${ref(open)}
  >
    <header>
      <h2 id="dialog-heading">${heading}</h2>
      <button
        type="button"
        class="icon"
        aria-label=${t('close')}
        title=${t('close')}
        @click=${(/** @type {any} */ event) => event.target.closest('dialog').close()}
      >
        ${icons.close}
      </button>
    </header>
    <div class="body">${content}</div>
  </dialog>`;
}

/** @param {globalThis.Element | undefined} element */
function open(element) {
  // It is put into the document right after this.
  queueMicrotask(() => {
    if (element instanceof HTMLDialogElement && element.isConnected && !element.open) {
      element.showModal();
    }
  });
}

/**
 * Ends the dialog of a component; what was focused before is focused again.
 * @param {import('lit').LitElement} component
 */
export function closeDialog(component) {
  component.renderRoot.querySelector('dialog')?.close();
}
