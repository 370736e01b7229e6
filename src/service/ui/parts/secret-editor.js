import { css, html, nothing } from 'lit';
import { Element } from '../element.js';
import { firstMistake, formatted } from '../json.js';
import { betterName, flowPath, nameMistake } from '../names.js';
import { Problem } from '../problem.js';
import { formatTime, t } from '../texts.js';
import { closeDialog, dialog } from './dialog.js';

/** @import { Kind, Secret, Secrets, Value } from '../types.js' */

/**
 * Somebody else's secret under the same key, which ours would replace. `theirs` is null when they
 * deleted it.
 * @typedef {{ theirs: Value | null }} Conflict
 */

/**
 * A new secret, or a new value for one. What was typed stays until it is stored or given up, however
 * the space changes meanwhile.
 */
export class SecretEditor extends Element {
  static properties = {
    ...Element.properties,
    api: { attribute: false },
    secret: { attribute: false },
    latest: { attribute: false },
    name: {},
    place: {},
    noReveal: { type: Boolean },
    key: { state: true },
    type: { state: true },
    text: { state: true },
    touched: { state: true },
    conflict: { state: true },
    discarding: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      .types {
        display: flex;
        gap: 1.25rem;
      }
      .side {
        display: grid;
        gap: 1rem;
        grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr));
      }
      pre {
        margin: 0.3rem 0 0;
        padding: 0.7rem 0.85rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--page);
        max-height: 14rem;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    /** Where the secrets are; always given. @type {Secrets} */
    this.api = /** @type {any} */ (undefined);
    /** The secret as it was when the editing began; null for a new one. @type {Secret | null} */
    this.secret = null;
    /** The same secret as it is now. @type {Secret | null} */
    this.latest = null;
    /** What a new one may be called. */
    this.name = '';
    /** What stands before a name where a flow reads it. */
    this.place = 'global.SECRETS';
    /** Stored values may not be looked at, only replaced. */
    this.noReveal = false;
    this.key = '';
    /** @type {Kind} */
    this.type = 'text';
    this.text = '';
    /** Mistakes are told once somebody has typed. */
    this.touched = { key: false, text: false };
    /** @type {Conflict | null} */
    this.conflict = null;
    /** Whether to give up what was typed has been asked. */
    this.discarding = false;
  }

  connectedCallback() {
    super.connectedCallback();
    if (!this.secret) {
      this.key = this.name;
      return;
    }
    this.key = this.secret.key;
    this.type = this.secret.type;
  }

  get #mistakeOfText() {
    if (this.text === '') return { key: 'editor.noValue', values: {} };
    const mistake = this.type === 'json' ? firstMistake(this.text) : null;
    if (!mistake) return null;
    const { reason, ...values } = mistake;
    return { key: 'editor.place', values: { ...values, reason: t(reason, values) } };
  }

  /** What the service must find for the write to be one: the version that we have seen. */
  get #expected() {
    if (this.conflict) return this.conflict.theirs?.version ?? null;
    return this.secret?.version ?? null;
  }

  /** @param {Event} event */
  async #store(event) {
    event.preventDefault();
    this.touched = { key: true, text: true };
    if (this.busy || nameMistake(this.key) || this.#mistakeOfText) {
      await this.updateComplete;
      const wrong = this.renderRoot.querySelector('[aria-invalid="true"]');
      if (wrong instanceof HTMLElement) wrong.focus();
      return;
    }
    const stored = await this.attempt(() =>
      this.api.put(this.key, this.type, this.text, this.#expected),
    );
    if (stored) {
      this.announce(t('editor.stored', { key: this.key, version: stored.version }));
      this.tell('stored', stored);
      this.#close();
    } else if (this.problem?.code === 'precondition_failed' && !this.noReveal) {
      await this.#compare();
    }
  }

  /** Fetches what is there now, to be shown beside what was typed. */
  async #compare() {
    const theirs = await this.attempt(async () => {
      try {
        return { value: await this.api.reveal(this.key) };
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return { value: null };
        throw error;
      }
    });
    if (!theirs) return;
    this.conflict = { theirs: theirs.value };
    await this.updateComplete;
    const note = this.renderRoot.querySelector('.conflict');
    if (note instanceof HTMLElement) note.focus();
  }

  async #load() {
    const value = await this.attempt(() => this.api.reveal(this.key));
    if (!value) return;
    this.type = value.type;
    this.text = value.text;
    await this.updateComplete;
    /** @type {HTMLElement} */ (this.renderRoot.querySelector('#text')).focus();
  }

  /** Escape is pressed easily, and a value typed twice is no pleasure. @param {Event} event */
  #hesitate(event) {
    if (this.text === '' || !this.touched.text || this.discarding) return;
    event.preventDefault();
    this.discarding = true;
  }

  #close() {
    closeDialog(this);
  }

  render() {
    const heading = this.secret ? t('editor.edit', { key: this.secret.key }) : t('editor.new');
    return dialog(
      {
        heading,
        wide: this.conflict !== null,
        close: () => this.tell('close'),
        cancel: this.#hesitate,
      },
      this.conflict ? this.#renderConflict(this.conflict) : this.#renderForm(),
    );
  }

  #renderForm() {
    return html`<form class="stack" @submit=${this.#store} novalidate autocomplete="off">
      ${this.secret ? this.#renderNews() : this.#renderKey()}
      <fieldset class="field">
        <legend>${t('type')}</legend>
        <div class="types">${this.#renderType('text')} ${this.#renderType('json')}</div>
      </fieldset>
      ${this.#renderText()} ${this.renderProblem()}
      ${this.discarding ? this.#renderDiscard() : nothing}
      <div class="row end">
        <button type="button" @click=${this.#close}>${t('cancel')}</button>
        <button class="primary" ?disabled=${this.busy}>${t('confirm')}</button>
      </div>
    </form>`;
  }

  #renderKey() {
    const mistake = this.touched.key ? nameMistake(this.key) : null;
    const better = this.key ? betterName(this.key) : null;
    return html`<div class="field">
      <label for="key">${t('editor.key')}</label>
      <input
        id="key"
        class="mono"
        autofocus
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        .value=${this.key}
        aria-invalid=${mistake !== null}
        aria-describedby="key-help"
        @input=${(/** @type {any} */ event) => {
          this.key = event.target.value;
          // While somebody types, "empty" is no news.
          this.touched = { ...this.touched, key: this.key !== '' };
        }}
      />
      <div id="key-help" aria-live="polite">
        ${mistake ? html`<p class="mistake">${t(...mistake)}</p>` : nothing}
        ${
          better
            ? html`<p class="hint">
                ${t('editor.advice')}
                <button type="button" class="link" @click=${() => this.#rename(better)}>
                  ${t('editor.use', { name: better })}
                </button>
              </p>`
            : html`<p class="hint">
                ${
                  this.key && !mistake
                    ? html`${t('editor.path')} <code>${flowPath(this.key, this.place)}</code>`
                    : t('editor.keyHint')
                }
              </p>`
        }
      </div>
    </div>`;
  }

  /** @param {string} name */
  async #rename(name) {
    this.key = name;
    await this.updateComplete;
    /** @type {HTMLElement} */ (this.renderRoot.querySelector('#key')).focus();
  }

  /** @param {Kind} type */
  #renderType(type) {
    return html`<label class="choice">
      <input
        type="radio"
        name="type"
        value=${type}
        .checked=${this.type === type}
        @change=${() => (this.type = type)}
      />
      ${t(`type.${type}`)}
    </label>`;
  }

  #renderText() {
    const mistake = this.touched.text ? this.#mistakeOfText : null;
    const json = this.type === 'json' && this.text !== '' && !this.#mistakeOfText;
    const hint = `editor.hint.${this.type}`;
    return html`<div class="field">
      <div class="row apart">
        <label for="text">${t('editor.value')}</label>
        ${
          this.secret && this.text === '' && !this.noReveal
            ? html`<button type="button" class="link small" @click=${this.#load}>
                ${t('editor.load')}
              </button>`
            : nothing
        }
      </div>
      <textarea
        id="text"
        rows="6"
        ?autofocus=${this.secret !== null}
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        .value=${this.text}
        aria-invalid=${mistake !== null}
        aria-describedby="text-help"
        @input=${(/** @type {any} */ event) => {
          this.text = event.target.value;
          this.touched = { ...this.touched, text: true };
        }}
      ></textarea>
      <div class="row apart">
        <p id="text-help" class=${mistake ? 'mistake' : 'hint'} aria-live="polite">
          ${mistake ? t(mistake.key, mistake.values) : t(json ? 'editor.goodJson' : hint)}
        </p>
        ${
          json
            ? html`<button
                type="button"
                class="link small"
                @click=${() => (this.text = formatted(this.text))}
              >
                ${t('editor.formatJson')}
              </button>`
            : nothing
        }
      </div>
    </div>`;
  }

  #renderDiscard() {
    return html`<div class="note warning row apart" role="alert">
      <span>${t('editor.discard')}</span>
      <span class="row">
        <button type="button" @click=${() => (this.discarding = false)}>${t('back')}</button>
        <button type="button" class="danger" @click=${this.#close}>
          ${t('editor.discardConfirm')}
        </button>
      </span>
    </div>`;
  }

  /** Somebody else was there while this dialog is open; what is typed stays. */
  #renderNews() {
    const { secret, latest } = this;
    if (!secret || latest?.version === secret.version) return nothing;
    const text = latest
      ? t('editor.changed', { name: latest.updatedBy ?? t('somebody'), version: latest.version })
      : t('editor.deleted');
    return html`<p class="note warning" role="status">${text}</p>`;
  }

  /** @param {Conflict} conflict */
  #renderConflict({ theirs }) {
    return html`<div class="stack">
      <p class="note warning conflict" tabindex="-1" role="alert">
        ${
          theirs
            ? t('conflict.changed', {
                key: this.key,
                name: theirs.updatedBy ?? t('somebody'),
                version: theirs.version,
                at: formatTime(theirs.updatedAt),
              })
            : t('conflict.deleted', { key: this.key })
        }
      </p>
      <div class="side">
        <section>
          <h3>
            ${theirs ? t('conflict.theirs', { version: theirs.version }) : t('conflict.gone')}
          </h3>
          ${
            theirs
              ? html`<pre tabindex="0" data-side="theirs">${theirs.text}</pre>`
              : html`<p class="hint">${t('conflict.nothing')}</p>`
          }
        </section>
        <section>
          <h3>${t('conflict.mine')}</h3>
          <pre tabindex="0" data-side="mine">${this.text}</pre>
        </section>
      </div>
      ${this.renderProblem()} ${this.discarding ? this.#renderDiscard() : nothing}
      <div class="row end">
        <button @click=${this.#close}>${t('conflict.keepTheirs')}</button>
        <button @click=${this.#reconsider}>${t('conflict.back')}</button>
        <button class="primary" ?disabled=${this.busy} @click=${this.#store}>
          ${t('conflict.storeMine')}
        </button>
      </div>
    </div>`;
  }

  /** Back to the form. The next attempt expects what was last seen, and asks again otherwise. */
  async #reconsider() {
    const theirs = this.conflict?.theirs;
    if (this.secret && theirs) this.secret = { ...this.secret, version: theirs.version };
    this.conflict = null;
    await this.updateComplete;
    /** @type {HTMLElement} */ (this.renderRoot.querySelector('#text')).focus();
  }
}

customElements.define('secret-editor', SecretEditor);
