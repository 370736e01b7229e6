import { html } from 'lit';
import { Element } from '../element.js';
import { t } from '../texts.js';
import { closeDialog, dialog } from './dialog.js';

/**
 * Asks before something is done that is hard to undo.
 * @typedef {object} Question
 * @property {string} heading
 * @property {string} text
 * @property {string} confirm what the button says
 * @property {boolean} [dangerous]
 * @property {() => Promise<unknown>} action may fail with a Problem, which is shown
 */
export class ConfirmDialog extends Element {
  static properties = { ...Element.properties, question: { attribute: false } };

  constructor() {
    super();
    /** @type {Question | undefined} */
    this.question = undefined;
  }

  async #confirm() {
    const done = await this.attempt(async () => {
      await this.question?.action();
      return true;
    });
    if (done) this.#close();
  }

  #close() {
    closeDialog(this);
  }

  render() {
    if (!this.question) return html``;
    const { heading, text, confirm, dangerous } = this.question;
    return dialog(
      { heading, close: () => this.tell('close') },
      html`
        <div class="stack">
          <p>${text}</p>
          ${this.renderProblem()}
          <div class="row end">
            <button @click=${this.#close}>${t('cancel')}</button>
            <button
              autofocus
              class=${dangerous ? 'danger' : 'primary'}
              ?disabled=${this.busy}
              @click=${this.#confirm}
            >
              ${confirm}
            </button>
          </div>
        </div>
      `,
    );
  }
}

customElements.define('confirm-dialog', ConfirmDialog);
