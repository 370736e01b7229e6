import { css, html, nothing } from 'lit';
import { Element } from '../element.js';
import { counted, t } from '../texts.js';
import { closeDialog, dialog } from './dialog.js';

/** @import { Imported, Secrets } from '../types.js' */

/** @typedef {'env' | 'json'} Format */

/** Takes a file, or what is pasted; shows what it would change; changes it when told to. */
export class SecretImport extends Element {
  static properties = {
    ...Element.properties,
    api: { attribute: false },
    format: { state: true },
    text: { state: true },
    preview: { state: true },
    dragged: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      .drop {
        border: 1.5px dashed var(--field-line);
        border-radius: 10px;
        padding: 0.9rem;
        display: grid;
        gap: 0.6rem;
      }
      .drop.over {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
      .types {
        display: flex;
        gap: 1.25rem;
      }
      input[type='file'] {
        max-width: 100%;
        color: var(--muted);
        font: inherit;
        font-size: 0.87rem;
      }
      .keys {
        font-family: var(--mono);
        font-size: 0.87rem;
        max-height: 9rem;
        overflow: auto;
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    /** Where the secrets are; always given. @type {Secrets} */
    this.api = /** @type {any} */ (undefined);
    /** @type {Format} */
    this.format = 'env';
    this.text = '';
    /** @type {Imported | null} */
    this.preview = null;
    this.dragged = false;
  }

  /** @param {string} text */
  #take(text, name = '') {
    this.text = text;
    this.preview = null;
    this.problem = null;
    if (/\.json$/i.test(name) || (!name && /^\s*\{/.test(text))) this.format = 'json';
    else if (name || text.includes('=')) this.format = 'env';
  }

  /** @param {File | undefined} file */
  async #read(file) {
    if (file) this.#take(await file.text(), file.name);
  }

  /** @param {DragEvent} event */
  #drop(event) {
    event.preventDefault();
    this.dragged = false;
    void this.#read(event.dataTransfer?.files[0]);
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const dryRun = this.preview === null;
    const answer = await this.attempt(() => this.api.import(this.format, this.text, dryRun));
    if (!answer) return;
    if (dryRun) {
      this.preview = answer;
      await this.updateComplete;
      /** @type {HTMLElement} */ (this.renderRoot.querySelector('.preview')).focus();
      return;
    }
    this.announce(t('import.done', { added: answer.added.length, changed: answer.changed.length }));
    this.tell('stored', answer);
    this.#close();
  }

  #close() {
    closeDialog(this);
  }

  render() {
    return dialog(
      { heading: t('import.heading'), wide: true, close: () => this.tell('close') },
      html`
        <form class="stack" @submit=${this.#submit} autocomplete="off">
          ${this.preview ? this.#renderPreview(this.preview) : this.#renderInput()}
          ${this.renderProblem()}
          <div class="row end">
            <button type="button" @click=${this.#close}>${t('cancel')}</button>
            ${
              this.preview
                ? html`<button type="button" @click=${() => (this.preview = null)}>
                      ${t('back')}
                    </button>
                    <button
                      class="primary"
                      ?disabled=${
                        this.busy || this.preview.added.length + this.preview.changed.length === 0
                      }
                    >
                      ${t('confirm')}
                    </button>`
                : html`<button class="primary" ?disabled=${this.busy || this.text.trim() === ''}>
                    ${t('import.preview')}
                  </button>`
            }
          </div>
        </form>
      `,
    );
  }

  #renderInput() {
    return html`<p class="hint">${t('import.hint')}</p>
      <div
        class="drop ${this.dragged ? 'over' : ''}"
        @dragover=${(/** @type {DragEvent} */ event) => {
          event.preventDefault();
          this.dragged = true;
        }}
        @dragleave=${() => (this.dragged = false)}
        @drop=${this.#drop}
      >
        <div class="field">
          <label for="file">${t('import.file')}</label>
          <input
            id="file"
            type="file"
            accept=".env,.json,.txt,text/plain,application/json"
            @change=${(/** @type {any} */ event) => this.#read(event.target.files[0])}
          />
        </div>
        <div class="field">
          <label for="text">${t('import.paste')}</label>
          <textarea
            id="text"
            rows="9"
            autofocus
            spellcheck="false"
            autocapitalize="off"
            .value=${this.text}
            @input=${(/** @type {any} */ event) => this.#take(event.target.value)}
          ></textarea>
        </div>
      </div>
      <fieldset class="field">
        <legend>${t('format')}</legend>
        <div class="types">
          ${
            /** @type {const} */ (['env', 'json']).map(
              (format) =>
                html`<label class="choice">
                  <input
                    type="radio"
                    name="format"
                    value=${format}
                    .checked=${this.format === format}
                    @change=${() => (this.format = format)}
                  />
                  ${t(`format.${format}`)}
                </label>`,
            )
          }
        </div>
      </fieldset>`;
  }

  /** @param {Imported} preview */
  #renderPreview({ added, changed, unchanged }) {
    return html`<div class="stack preview" tabindex="-1" aria-label=${t('import.preview')}>
      ${
        added.length + changed.length === 0
          ? html`<p class="note">${t('import.nothing')}</p>`
          : nothing
      }
      ${this.#renderKeys('import.added', added)} ${this.#renderKeys('import.changed', changed)}
      ${this.#renderKeys('import.unchanged', unchanged)}
    </div>`;
  }

  /**
   * @param {string} text
   * @param {string[]} keys
   */
  #renderKeys(text, keys) {
    if (keys.length === 0) return nothing;
    return html`<section>
      <h3>${counted(text, keys.length)}</h3>
      <p class="keys" tabindex="0">${keys.join(', ')}</p>
    </section>`;
  }
}

customElements.define('secret-import', SecretImport);
