import { html, nothing } from 'lit';
import { Element } from '../element.js';
import { icons } from '../icons.js';
import { explain } from '../problem.js';
import { t } from '../texts.js';
import './confirm-dialog.js';
import './secret-editor.js';
import './secret-export.js';
import './secret-history.js';
import './secret-import.js';
import './secret-list.js';

/** @import { Question } from './confirm-dialog.js' */
/** @import { Secret, Secrets } from '../types.js' */

/** How long a revealed value is shown. */
const SHOWN = 30_000;

/**
 * What is open on top of the list.
 * @typedef {{ kind: 'new', name: string } | { kind: 'import' | 'export' } | { kind: 'edit', secret: Secret } | { kind: 'history', key: string } | { kind: 'ask', question: Question }} Open
 */

/**
 * What can be done where the secrets are, by the person who looks at them.
 * @typedef {object} Possible
 * @property {boolean} canReveal
 * @property {boolean} canExport
 * @property {boolean} canChange
 * @property {boolean} canDestroy
 * @property {boolean} hasHistory
 */

/** @type {Possible} */
const NOTHING = {
  canReveal: false,
  canExport: false,
  canChange: false,
  canDestroy: false,
  hasHistory: false,
};

/**
 * What the list shows.
 * @typedef {object} Shown
 * @property {Secret[]} secrets
 * @property {boolean} deleted they are deleted ones
 * @property {ReadonlySet<string>} [fresh] keys that have just changed
 * @property {string} [place] what is copied in front of a name
 * @property {((secret: Secret) => unknown) | null} [note] what is said under a secret
 */

/**
 * The secrets of one place: the list, the dialogs on top of it, and the one value that is shown.
 * Whoever extends this knows the place: it loads the secrets, and says what can be done with them.
 */
export class SecretsView extends Element {
  static properties = {
    ...Element.properties,
    listing: { state: true },
    deleted: { state: true },
    revealed: { state: true },
    open: { state: true },
  };

  constructor() {
    super();
    /** Where the secrets are; always given. @type {Secrets} */
    this.api = /** @type {any} */ (undefined);
    /** Null until they are loaded. @type {{ secrets: Secret[] } | null} */
    this.listing = null;
    /** @type {Secret[]} */
    this.deleted = [];
    /** The one value that is shown, here or in the history. @type {{ key: string, text: string, version?: number } | null} */
    this.revealed = null;
    /** @type {Open | null} */
    this.open = null;
  }

  /** What can be done here. */
  get possible() {
    return NOTHING;
  }

  /** Fetches `listing` and `deleted`; also called when something was changed here. */
  async load() {}

  /** Values are not shown to nobody. */
  get isSeen() {
    return !document.hidden;
  }

  /** What stands before a name where a flow reads it. */
  get place() {
    return 'global.SECRETS';
  }

  /** What an exported file is called. */
  get fileName() {
    return 'secrets';
  }

  /**
   * @param {string} key
   * @param {number} [version]
   * @returns {Promise<{ text: string }>}
   */
  read(key, version) {
    return this.api.reveal(key, version);
  }

  /** Tells what went wrong to somebody who doesn't see the page under a dialog. @param {string} text */
  warn(text) {
    this.announce(text);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  disconnectedCallback() {
    super.disconnectedCallback();
    this.hide();
  }

  hide() {
    clearTimeout(this.#timer);
    this.revealed = null;
  }

  /** @param {CustomEvent<{ key: string, version?: number }>} event */
  async #reveal({ detail: { key, version } }) {
    this.hide();
    const value = await this.attempt(() => this.read(key, version));
    if (this.problem && this.open) this.warn(explain(this.problem));
    if (!value || !this.isSeen) return;
    this.revealed = { key, text: value.text, ...(version !== undefined && { version }) };
    this.#timer = setTimeout(() => this.hide(), SHOWN);
  }

  /** @param {CustomEvent<{ key: string }>} event */
  async #copyValue({ detail: { key } }) {
    const value = await this.attempt(() => this.read(key));
    if (value) await this.copy(value.text, t('secrets.copied', { key }));
  }

  /** @param {CustomEvent<{ path: string }>} event */
  #copyPath({ detail: { path } }) {
    void this.copy(path, t('secrets.copied', { key: path }));
  }

  /** @param {string} key */
  #find(key) {
    return this.listing?.secrets.find((secret) => secret.key === key) ?? null;
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #edit({ detail: { key } }) {
    const secret = this.#find(key);
    if (secret) this.open = { kind: 'edit', secret };
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #history({ detail: { key } }) {
    this.hide();
    this.open = { kind: 'history', key };
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #delete({ detail: { key } }) {
    const secret = this.#find(key);
    this.#ask({
      heading: t('delete.heading', { key }),
      text: t('delete.text'),
      confirm: t('delete.confirm'),
      dangerous: true,
      action: () => this.api.delete(key, secret?.version),
    });
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #destroy({ detail: { key } }) {
    this.#ask({
      heading: t('destroy.heading', { key }),
      text: t('destroy.text'),
      confirm: t('destroy.confirm'),
      dangerous: true,
      action: () => this.api.destroy(key),
    });
  }

  /** @param {Question} question */
  #ask(question) {
    const action = async () => {
      await question.action();
      await this.load();
    };
    this.open = { kind: 'ask', question: { ...question, action } };
  }

  /** @param {CustomEvent<{ key: string }>} event */
  async #restore({ detail: { key } }) {
    const restored = await this.attempt(() => this.api.restore(key));
    if (!restored) return;
    this.announce(t('secrets.restored', { key }));
    await this.load();
  }

  /** Asks for a new secret. */
  add(name = '') {
    this.open = { kind: 'new', name };
  }

  #close() {
    this.open = null;
    this.hide();
  }

  /**
   * @param {Shown} shown
   * @param {unknown} choice of what is shown, in front of the buttons
   */
  renderList({ secrets, deleted, fresh = new Set(), place = this.place, note = null }, choice) {
    const { canReveal, canExport, canChange, canDestroy, hasHistory } = this.possible;
    return html`<secret-list
      .secrets=${secrets}
      .revealed=${this.revealed?.version === undefined ? this.revealed : null}
      .fresh=${fresh}
      .place=${place}
      .note=${note}
      ?deleted=${deleted}
      ?canReveal=${canReveal}
      ?canChange=${canChange}
      ?canDestroy=${canDestroy}
      ?noHistory=${!hasHistory}
      @reveal=${this.#reveal}
      @hide=${this.hide}
      @copy-value=${this.#copyValue}
      @copy-path=${this.#copyPath}
      @edit=${this.#edit}
      @history=${this.#history}
      @delete=${this.#delete}
      @restore=${this.#restore}
      @destroy=${this.#destroy}
    >
      <div class="row" slot="actions">
        ${choice}
        ${
          canChange
            ? html`<button @click=${() => (this.open = { kind: 'import' })}>
                ${t('secrets.import')}
              </button>`
            : nothing
        }
        ${
          canExport
            ? html`<button @click=${() => (this.open = { kind: 'export' })}>
                ${t('secrets.export')}
              </button>`
            : nothing
        }
        ${
          canChange
            ? html`<button
                class="primary"
                aria-label=${t('secrets.add')}
                title=${t('secrets.add')}
                @click=${() => this.add()}
              >
                ${icons.plus} ${t('secrets.addShort')}
              </button>`
            : nothing
        }
      </div>
    </secret-list>`;
  }

  renderOpen() {
    const { api, open } = this;
    const { canReveal, canChange, canDestroy } = this.possible;
    switch (open?.kind) {
      case 'new':
        return html`<secret-editor
          .api=${api}
          .name=${open.name}
          .place=${this.place}
          ?noReveal=${!canReveal}
          @close=${this.#close}
          @stored=${this.load}
        ></secret-editor>`;
      case 'edit':
        return html`<secret-editor
          .api=${api}
          .secret=${open.secret}
          .latest=${this.#find(open.secret.key)}
          ?noReveal=${!canReveal}
          @close=${this.#close}
          @stored=${this.load}
        ></secret-editor>`;
      case 'history':
        return html`<secret-history
          .api=${api}
          .key=${open.key}
          .latest=${this.#find(open.key)}
          .revealed=${this.revealed}
          ?canReveal=${canReveal}
          ?canChange=${canChange}
          ?canDestroy=${canDestroy}
          @close=${this.#close}
          @stored=${this.load}
          @reveal=${this.#reveal}
          @hide=${this.hide}
        ></secret-history>`;
      case 'import':
        return html`<secret-import
          .api=${api}
          @close=${this.#close}
          @stored=${this.load}
        ></secret-import>`;
      case 'export':
        return html`<secret-export
          .api=${api}
          .name=${this.fileName}
          @close=${this.#close}
        ></secret-export>`;
      case 'ask':
        return html`<confirm-dialog
          .question=${open.question}
          @close=${this.#close}
        ></confirm-dialog>`;
      default:
        return nothing;
    }
  }
}
