import { css, html } from 'lit';
import { Element, typed } from '../element.js';
import { t } from '../texts.js';
import { closeDialog, dialog } from './dialog.js';

/** @import { Secrets } from '../types.js' */

/** Asks before all values of a space go into a file. */
export class SecretExport extends Element {
  static properties = { ...Element.properties, api: { attribute: false }, name: {} };

  static styles = [
    ...Element.styles,
    css`
      .types {
        display: flex;
        gap: 1.25rem;
      }
    `,
  ];

  constructor() {
    super();
    /** Where the secrets are; always given. @type {Secrets} */
    this.api = /** @type {any} */ (undefined);
    /** Of the space, and so of the file. */
    this.name = '';
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    const format = typed(event)('format') === 'json' ? 'json' : 'env';
    const file = await this.attempt(() => this.api.export(format));
    if (!file) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = `${this.name.replace(/[^\w.-]+/g, '-')}.${format}`;
    link.click();
    URL.revokeObjectURL(link.href);
    this.announce(t('export.done'));
    this.#close();
  }

  #close() {
    closeDialog(this);
  }

  render() {
    return dialog(
      { heading: t('export.heading'), close: () => this.tell('close') },
      html`
        <form class="stack" @submit=${this.#submit}>
          <p class="note warning">${t('export.warning')}</p>
          <fieldset class="field">
            <legend>${t('format')}</legend>
            <div class="types">
              <label class="choice">
                <input type="radio" name="format" value="env" checked autofocus />
                ${t('format.env')}
              </label>
              <label class="choice">
                <input type="radio" name="format" value="json" />
                ${t('format.json')}
              </label>
            </div>
          </fieldset>
          ${this.renderProblem()}
          <div class="row end">
            <button type="button" @click=${this.#close}>${t('cancel')}</button>
            <button class="primary" ?disabled=${this.busy}>${t('export.confirm')}</button>
          </div>
        </form>
      `,
    );
  }
}

customElements.define('secret-export', SecretExport);
