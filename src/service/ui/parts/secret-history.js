import { css, html, nothing } from 'lit';
import { Element } from '../element.js';
import { formatTime, t } from '../texts.js';
import { dialog } from './dialog.js';

/** @import { Secret, Secrets, Version } from '../types.js' */

/** The versions of a secret: who made them, what was in them, and the way back to one. */
export class SecretHistory extends Element {
  static properties = {
    ...Element.properties,
    api: { attribute: false },
    key: {},
    latest: { attribute: false },
    canReveal: { type: Boolean },
    canChange: { type: Boolean },
    canDestroy: { type: Boolean },
    revealed: { attribute: false },
    versions: { state: true },
    asked: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      ol {
        list-style: none;
        display: grid;
      }
      li {
        padding: 0.7rem 0;
        border-top: 1px solid var(--line);
        display: grid;
        gap: 0.5rem;
      }
      li:first-child {
        border-top: 0;
      }
      pre {
        margin: 0;
        padding: 0.6rem 0.75rem;
        border: 1px solid var(--line);
        border-radius: 8px;
        background: var(--page);
        max-height: 14rem;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      li button {
        min-height: 2rem;
        padding: 0.2rem 0.7rem;
        font-size: 0.87rem;
      }
    `,
  ];

  constructor() {
    super();
    /** Where the secrets are; always given. @type {Secrets} */
    this.api = /** @type {any} */ (undefined);
    this.key = '';
    /** The secret as the space has it now; null when it is deleted. @type {Secret | null} */
    this.latest = null;
    this.canReveal = false;
    this.canChange = false;
    this.canDestroy = false;
    /** The one value that is shown, as in the list. @type {{ key: string, text: string, version?: number } | null} */
    this.revealed = null;
    /** @type {Version[]} */
    this.versions = [];
    /** What has to be confirmed first. @type {{ version: number, to: 'rollBack' | 'destroy' } | null} */
    this.asked = null;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    // Also when somebody else made a new version meanwhile.
    if (changed.has('key') || changed.has('latest')) void this.#load();
  }

  async #load() {
    const answer = await this.attemptNewest(() => this.api.versions(this.key));
    if (answer) this.versions = answer.versions;
  }

  /** @param {number} version */
  async #rollBack(version) {
    const expected = this.latest?.version;
    const done = await this.#answered(() => this.api.rollBack(this.key, version, expected));
    if (!done) return;
    this.announce(t('history.rolledBack', { key: this.key, version, now: done.version }));
    this.tell('stored', done);
    await this.#load();
  }

  /** @param {number} version */
  async #destroy(version) {
    await this.#answered(() => this.api.destroy(this.key, [version]));
    if (!this.problem) await this.#load();
  }

  /**
   * Does what was asked for. Something else may be asked for meanwhile: that it is done, is heard of early.
   * @template Result
   * @param {() => Promise<Result>} action
   */
  async #answered(action) {
    const { asked } = this;
    const result = await this.attempt(action);
    if (this.asked === asked) this.asked = null;
    return result;
  }

  render() {
    return dialog(
      {
        heading: t('history.heading', { key: this.key }),
        wide: true,
        close: () => this.tell('close'),
      },
      html`
        <div class="stack">
          ${this.renderProblem()}
          <ol>
            ${this.versions.map((version) => this.#renderVersion(version))}
          </ol>
        </div>
      `,
    );
  }

  /** @param {Version} entry */
  #renderVersion(entry) {
    const { version, type, createdAt, createdBy, rolledBackFrom, state } = entry;
    const open = this.revealed?.key === this.key && this.revealed.version === version;
    return html`<li data-version=${version}>
      <div class="row apart">
        <div>
          <strong>${t('history.version', { version })}</strong>
          ${
            state === 'kept'
              ? nothing
              : html`<span class="badge ${state === 'destroyed' ? 'off' : ''}">
                  ${t(`history.${state}`)}
                </span>`
          }
          <div class="small muted">
            ${t(`type.${type}`)} · <time datetime=${createdAt}>${formatTime(createdAt)}</time>
            ${createdBy ? html`· ${t('by', { name: createdBy })}` : nothing}
            ${rolledBackFrom ? html`· ${t('history.from', { version: rolledBackFrom })}` : nothing}
          </div>
        </div>
        ${state === 'destroyed' ? nothing : this.#renderActions(entry, open)}
      </div>
      ${this.asked?.version === version ? this.#renderQuestion(this.asked) : nothing}
      ${
        open
          ? html`<pre tabindex="0" aria-label=${t('list.value', { key: this.key })}>
${this.revealed?.text}</pre>`
          : nothing
      }
    </li>`;
  }

  /**
   * @param {Version} entry
   * @param {boolean} open
   */
  #renderActions({ version, state }, open) {
    const old = state === 'kept';
    return html`<div class="row">
      ${
        this.canReveal
          ? html`<button
              aria-label=${t(open ? 'history.hideVersion' : 'history.revealVersion', { version })}
              @click=${() => this.tell(open ? 'hide' : 'reveal', { key: this.key, version })}
            >
              ${t(open ? 'hide' : 'reveal')}
            </button>`
          : nothing
      }
      ${
        old && this.canChange && this.latest
          ? html`<button
              aria-label=${t('history.rollBackTo', { version })}
              @click=${() => (this.asked = { version, to: 'rollBack' })}
            >
              ${t('history.rollBack')}
            </button>`
          : nothing
      }
      ${
        old && this.canDestroy
          ? html`<button
              class="danger"
              aria-label=${t('history.destroyVersion', { version })}
              @click=${() => (this.asked = { version, to: 'destroy' })}
            >
              ${t('history.destroy')}
            </button>`
          : nothing
      }
    </div>`;
  }

  /** @param {{ version: number, to: 'rollBack' | 'destroy' }} asked */
  #renderQuestion({ version, to }) {
    const action = to === 'rollBack' ? () => this.#rollBack(version) : () => this.#destroy(version);
    return html`<div class="note ${to === 'destroy' ? 'danger' : ''} row apart" role="alert">
      <span>${t(`history.${to}.ask`, { version })}</span>
      <span class="row">
        <button @click=${() => (this.asked = null)}>${t('cancel')}</button>
        <button
          class=${to === 'destroy' ? 'danger' : 'primary'}
          ?disabled=${this.busy}
          @click=${action}
        >
          ${t('confirm')}
        </button>
      </span>
    </div>`;
  }
}

customElements.define('secret-history', SecretHistory);
