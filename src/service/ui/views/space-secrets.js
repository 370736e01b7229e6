import { css, html, nothing } from 'lit';
import { api, secretsOf } from '../api.js';
import { Element } from '../element.js';
import { icons } from '../icons.js';
import { explain } from '../problem.js';
import { formatNumber, formatTime, t } from '../texts.js';
import '../parts/confirm-dialog.js';
import '../parts/secret-editor.js';
import '../parts/secret-export.js';
import '../parts/secret-history.js';
import '../parts/secret-import.js';
import '../parts/secret-list.js';

/** @import { Question } from '../parts/confirm-dialog.js' */
/** @import { Change, Secret, Secrets, SecretsOfSpace, Space, User } from '../types.js' */

/** How long a revealed value is shown. */
const SHOWN = 30_000;

/** Changes that come together are fetched together. */
const GATHER = 150;

/** How long after the service ended a stream the next one is tried. */
const AGAIN = 5_000;

/**
 * What is open on top of the list.
 * @typedef {{ kind: 'new' | 'import' | 'export' } | { kind: 'edit', secret: Secret } | { kind: 'history', key: string } | { kind: 'ask', question: Question }} Open
 */

/** The tab Secrets: the list, kept up to date, and what can be done with it. */
export class SpaceSecrets extends Element {
  static properties = {
    ...Element.properties,
    space: { attribute: false },
    user: { attribute: false },
    listing: { state: true },
    showDeleted: { state: true },
    deleted: { state: true },
    revealed: { state: true },
    fresh: { state: true },
    open: { state: true },
    live: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(4, auto);
        gap: 0.75rem 1.5rem;
      }
      dt {
        color: var(--muted);
        font-size: 0.82rem;
      }
      dd {
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 46rem) {
        dl {
          grid-template-columns: 1fr 1fr;
          gap: 0.6rem 1rem;
        }
        dd {
          font-size: 0.92rem;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Space | undefined} */
    this.space = undefined;
    /** @type {User | undefined} */
    this.user = undefined;
    /** @type {SecretsOfSpace | null} */
    this.listing = null;
    this.showDeleted = false;
    /** @type {Secret[]} */
    this.deleted = [];
    /** The one value that is shown, here or in the history. @type {{ key: string, text: string, version?: number } | null} */
    this.revealed = null;
    /** @type {Set<string>} */
    this.fresh = new Set();
    /** @type {Open | null} */
    this.open = null;
    /** Changes of others arrive by themselves. */
    this.live = true;
  }

  /** @type {Secrets} */
  #secrets = secretsOf('');
  /** @type {EventSource | null} */
  #watch = null;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#comeAndGo);
    if (this.hasUpdated && this.space) void this.#begin(this.space.id);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#comeAndGo);
    this.#end();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('space') || !this.space) return;
    const before = /** @type {Space | undefined} */ (changed.get('space'));
    if (before?.id !== this.space.id) void this.#begin(this.space.id);
  }

  /** @param {string} space */
  async #begin(space) {
    this.#end();
    this.#secrets = secretsOf(space);
    this.listing = null;
    await this.#load();
    if (this.isConnected && this.space?.id === space && !document.hidden) this.#follow(space);
  }

  #end() {
    this.#watch?.close();
    this.#watch = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#hide();
  }

  get #space() {
    return /** @type {Space} */ (this.space);
  }

  /**
   * @param {string} name only one of each runs
   * @param {number} time
   * @param {() => void} action
   */
  #after(name, time, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(action, time);
  }

  async #load() {
    const secrets = this.#secrets;
    await this.attempt(async () => {
      const [listing, deleted] = await Promise.all([
        secrets.list(),
        this.showDeleted ? secrets.list({ deleted: true }) : null,
      ]);
      if (this.#secrets !== secrets) return;
      this.listing = listing;
      this.deleted = deleted?.secrets ?? [];
    });
  }

  /** @param {string} space */
  #follow(space) {
    this.#watch?.close();
    const watch = api.watch(space);
    this.#watch = watch;
    watch.addEventListener('change', (event) => this.#hear(JSON.parse(event.data)));
    watch.addEventListener('reset', () => void this.#load());
    watch.addEventListener('open', () => {
      this.live = true;
      // What happened while nobody listened.
      void this.#load();
    });
    watch.addEventListener('error', () => {
      this.live = false;
      if (watch.readyState !== watch.CLOSED) return;
      // The service ended it: a session or a membership is over, or it restarts. Asking says which.
      this.#after('follow', AGAIN, async () => {
        await this.#load();
        if (this.problem?.status === 404) this.tell('space-changed');
        else if (this.#watch === watch) this.#follow(space);
      });
    });
  }

  /** @param {Change} change */
  #hear({ version, by, changed, removed }) {
    if (this.listing && version <= this.listing.version) return;
    this.fresh = new Set([...this.fresh, ...changed]);
    if (this.revealed && [...changed, ...removed].includes(this.revealed.key)) this.#hide();
    const keys = [...changed, ...removed];
    this.#after('gather', GATHER, () => void this.#load());
    this.#after('fresh', 5_000, () => (this.fresh = new Set()));
    if (by === this.user?.name) return;
    const what = keys.length === 1 ? keys[0] : t('secrets.several', { count: keys.length });
    this.announce(t(changed.length > 0 ? 'secrets.changedBy' : 'secrets.removedBy', { by, what }));
  }

  /**
   * Values are not shown to nobody. Browsers have six connections for a service, whatever the number
   * of its tabs: those that nobody looks at hold none.
   */
  #comeAndGo = () => {
    if (!document.hidden) {
      void this.#load();
      this.#follow(this.#space.id);
      return;
    }
    this.#hide();
    clearTimeout(this.#timers.follow);
    this.#watch?.close();
  };

  #hide() {
    clearTimeout(this.#timers.hide);
    this.revealed = null;
  }

  /** @param {CustomEvent<{ key: string, version?: number }>} event */
  async #reveal({ detail: { key, version } }) {
    this.#hide();
    const value = await this.attempt(() => this.#secrets.reveal(key, version));
    // Under a dialog nobody reads what stands above the list.
    if (this.problem && this.open) this.announce(explain(this.problem));
    if (!value || document.hidden) return;
    this.revealed = { key, text: value.text, ...(version !== undefined && { version }) };
    this.#after('hide', SHOWN, () => this.#hide());
  }

  /** @param {CustomEvent<{ key: string }>} event */
  async #copyValue({ detail: { key } }) {
    const value = await this.attempt(() => this.#secrets.reveal(key));
    if (!value) return;
    await this.copy(value.text, t('secrets.copied', { key }));
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
  #delete({ detail: { key } }) {
    const secret = this.#find(key);
    this.#ask({
      heading: t('delete.heading', { key }),
      text: t('delete.text'),
      confirm: t('delete.confirm'),
      dangerous: true,
      action: () => this.#secrets.delete(key, secret?.version),
    });
  }

  /** @param {CustomEvent<{ key: string }>} event */
  async #restore({ detail: { key } }) {
    const restored = await this.attempt(() => this.#secrets.restore(key));
    if (!restored) return;
    this.announce(t('secrets.restored', { key }));
    await this.#load();
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #destroy({ detail: { key } }) {
    this.#ask({
      heading: t('destroy.heading', { key }),
      text: t('destroy.text'),
      confirm: t('destroy.confirm'),
      dangerous: true,
      action: () => this.#secrets.destroy(key),
    });
  }

  /** @param {Question} question */
  #ask(question) {
    const action = async () => {
      await question.action();
      await this.#load();
    };
    this.open = { kind: 'ask', question: { ...question, action } };
  }

  /** @param {Event} event */
  async #toggleDeleted(event) {
    this.showDeleted = /** @type {HTMLInputElement} */ (event.target).checked;
    this.#hide();
    await this.#load();
  }

  render() {
    if (!this.space) return nothing;
    if (!this.listing) return this.renderProblem();
    const { role } = this.space;
    const canChange = role === 'owner' || role === 'editor';
    const canReveal = canChange || role === 'reader';
    return html`<div class="stack">
      ${this.#renderFacts(this.listing)}
      ${this.live ? nothing : html`<p class="note warning" role="status">${t('secrets.notLive')}</p>`}
      ${this.open ? nothing : this.renderProblem()}
      <secret-list
        .secrets=${this.showDeleted ? this.deleted : this.listing.secrets}
        .revealed=${this.revealed?.version === undefined ? this.revealed : null}
        .fresh=${this.fresh}
        ?deleted=${this.showDeleted}
        ?canReveal=${canReveal}
        ?canChange=${canChange}
        ?canDestroy=${role === 'owner'}
        @reveal=${this.#reveal}
        @hide=${this.#hide}
        @copy-value=${this.#copyValue}
        @copy-path=${this.#copyPath}
        @edit=${this.#edit}
        @history=${(/** @type {CustomEvent<{ key: string }>} */ { detail: { key } }) => {
          this.#hide();
          this.open = { kind: 'history', key };
        }}
        @delete=${this.#delete}
        @restore=${this.#restore}
        @destroy=${this.#destroy}
      >
        <div class="row" slot="actions">
          <label class="choice small">
            <input type="checkbox" .checked=${this.showDeleted} @change=${this.#toggleDeleted} />
            ${t('secrets.showDeleted')}
          </label>
          ${
            canChange
              ? html`<button @click=${() => (this.open = { kind: 'import' })}>
                  ${t('secrets.import')}
                </button>`
              : nothing
          }
          ${
            canReveal
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
                  @click=${() => (this.open = { kind: 'new' })}
                >
                  ${icons.plus} ${t('secrets.addShort')}
                </button>`
              : nothing
          }
        </div>
      </secret-list>
      ${this.#renderOpen(canReveal, canChange)}
    </div>`;
  }

  /** @param {SecretsOfSpace} listing */
  #renderFacts({ version, updatedAt, createdAt, issuedAt }) {
    return html`<dl class="card">
      <div>
        <dt>${t('version')}</dt>
        <dd>${formatNumber(version)}</dd>
      </div>
      ${[
        ['updatedAt', updatedAt],
        ['createdAt', createdAt],
        ['issuedAt', issuedAt],
      ].map(
        ([name, time]) =>
          html`<div>
            <dt>${t(name)}</dt>
            <dd><time datetime=${time}>${formatTime(time)}</time></dd>
          </div>`,
      )}
    </dl>`;
  }

  /**
   * @param {boolean} canReveal
   * @param {boolean} canChange
   */
  #renderOpen(canReveal, canChange) {
    const { open } = this;
    const { name, role } = this.#space;
    const close = () => {
      this.open = null;
      this.#hide();
    };
    switch (open?.kind) {
      case 'new':
        return html`<secret-editor
          .api=${this.#secrets}
          @close=${close}
          @stored=${this.#load}
        ></secret-editor>`;
      case 'edit':
        return html`<secret-editor
          .api=${this.#secrets}
          .secret=${open.secret}
          .latest=${this.#find(open.secret.key)}
          @close=${close}
          @stored=${this.#load}
        ></secret-editor>`;
      case 'history':
        return html`<secret-history
          .api=${this.#secrets}
          .key=${open.key}
          .latest=${this.#find(open.key)}
          .revealed=${this.revealed}
          ?canReveal=${canReveal}
          ?canChange=${canChange}
          ?canDestroy=${role === 'owner'}
          @close=${close}
          @stored=${this.#load}
          @reveal=${this.#reveal}
          @hide=${this.#hide}
        ></secret-history>`;
      case 'import':
        return html`<secret-import
          .api=${this.#secrets}
          @close=${close}
          @stored=${this.#load}
        ></secret-import>`;
      case 'export':
        return html`<secret-export
          .api=${this.#secrets}
          .name=${name}
          @close=${close}
        ></secret-export>`;
      case 'ask':
        return html`<confirm-dialog .question=${open.question} @close=${close}></confirm-dialog>`;
      default:
        return nothing;
    }
  }
}

customElements.define('space-secrets', SpaceSecrets);
