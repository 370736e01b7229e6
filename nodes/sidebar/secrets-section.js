import { css, html, nothing } from 'lit';
import { SecretsView } from '../../src/service/ui/parts/secrets-view.js';
import { counted, t } from '../../src/service/ui/texts.js';
import { published, vault, vaultInformation } from './api.js';
import * as editor from './editor.js';
import { nodeLink } from './link.js';
import { usageOf } from './usage.js';

/**
 * @import { Secret } from '../../src/service/ui/types.js'
 * @import { Keeper, VaultInformation } from './types.js'
 * @import { Usage, Use } from './usage.js'
 */

/** So many nodes are named at once. */
const NAMED = 3;

/** The secrets of a context key: which there are, who reads them, and, of the vault, all that changes them. */
export class SecretsSection extends SecretsView {
  static properties = {
    ...SecretsView.properties,
    keeper: { attribute: false },
    uses: { attribute: false },
    news: { type: Number },
    visible: { type: Boolean },
    canReveal: { type: Boolean },
    canChange: { type: Boolean },
    information: { state: true },
    filter: { state: true },
    unfolded: { state: true },
  };

  static styles = [
    ...SecretsView.styles,
    css`
      .readers {
        overflow-wrap: anywhere;
      }
      .filter {
        display: inline-flex;
        align-items: center;
        gap: 0.4rem;
        font-weight: inherit;
      }
      .filter select {
        width: auto;
      }
      .missing li {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem 0.6rem;
        align-items: baseline;
        margin-top: 0.35rem;
      }
      .missing ul {
        list-style: none;
        padding: 0;
      }
      .key {
        font-family: var(--mono);
        font-weight: 600;
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Keeper} */
    this.keeper = /** @type {any} */ (undefined);
    /** Of all context keys. @type {Use[]} */
    this.uses = [];
    this.news = 0;
    this.visible = false;
    this.canReveal = false;
    this.canChange = false;
    /** @type {VaultInformation | null} */
    this.information = null;
    /** @type {'all' | 'unused' | 'deleted'} */
    this.filter = 'all';
    /** Keys of which all readers are named. @type {ReadonlySet<string>} */
    this.unfolded = new Set();
    this.api = vault;
  }

  get #isBuiltin() {
    return this.keeper.source?.kind === 'builtin';
  }

  get possible() {
    const builtin = this.#isBuiltin;
    const canChange = builtin && this.canChange;
    return {
      canReveal: this.canReveal,
      canExport: builtin && this.canReveal,
      canChange,
      canDestroy: canChange,
      hasHistory: builtin,
    };
  }

  get isSeen() {
    return this.visible;
  }

  get place() {
    return `global.${this.keeper.contextKey}`;
  }

  /**
   * @param {string} key
   * @param {number} [version]
   * @returns {Promise<{ text: string }>}
   */
  read(key, version) {
    if (this.#isBuiltin) return super.read(key, version);
    return published(this.keeper.contextKey).reveal(key);
  }

  /** @param {string} text */
  warn(text) {
    editor.notify(text, 'error');
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('visible') && !this.visible) this.hide();
    const before = /** @type {Keeper | undefined} */ (changed.get('keeper'));
    const other =
      changed.has('keeper') &&
      (before?.contextKey !== this.keeper.contextKey ||
        before.source?.kind !== this.keeper.source?.kind);
    if (other) {
      this.hide();
      this.listing = null;
      this.open = null;
      this.filter = 'all';
    }
    if (this.visible && (other || changed.has('news') || changed.has('visible'))) void this.load();
  }

  async load() {
    const { contextKey } = this.keeper;
    const builtin = this.#isBuiltin;
    const answer = await this.attemptNewest(() =>
      Promise.all([
        builtin ? vault.list() : published(contextKey).list(),
        builtin ? vault.list({ deleted: true }) : null,
        builtin ? vaultInformation() : null,
      ]),
    );
    if (!answer) return;
    const [listing, deleted, information] = answer;
    this.listing = /** @type {{ secrets: Secret[] }} */ (listing);
    this.deleted = deleted?.secrets ?? [];
    this.information = information;
  }

  render() {
    const { filter, keeper, listing } = this;
    if (!listing) return this.renderProblem();
    const usage = usageOf(
      this.uses,
      keeper.contextKey,
      listing.secrets.map(({ key }) => key),
    );
    const deleted = filter === 'deleted';
    return html`<div class="stack">
      ${this.#isBuiltin ? this.#renderKeyNote() : this.#renderOrigin()}
      ${this.open ? nothing : this.renderProblem()} ${this.#renderMissing(usage)}
      ${this.renderList(
        {
          secrets: this.#shown(listing.secrets, usage),
          deleted,
          place: keeper.contextKey,
          note: deleted ? null : ({ key }) => this.#renderReaders(key, usage),
        },
        this.#renderFilter(),
      )}
      ${this.#renderWhole(usage)} ${this.renderOpen()}
    </div>`;
  }

  /**
   * @param {Secret[]} secrets
   * @param {Usage} usage
   */
  #shown(secrets, { readers }) {
    if (this.filter === 'deleted') return this.deleted;
    if (this.filter === 'all') return secrets;
    return secrets.filter(({ key }) => readers.get(key)?.length === 0);
  }

  #renderFilter() {
    const filters = ['all', 'unused', ...(this.#isBuiltin ? ['deleted'] : [])];
    return html`<label class="filter small">
      ${t('usage.filter')}
      <select
        id="filter"
        @change=${(/** @type {any} */ { target }) => {
          this.hide();
          this.filter = target.value;
        }}
      >
        ${filters.map(
          (filter) =>
            html`<option value=${filter} .selected=${filter === this.filter}>
              ${t(`usage.filter.${filter}`)}
            </option>`,
        )}
      </select>
    </label>`;
  }

  /** Without the file nobody reads the vault again, so it is said from the first day on. */
  #renderKeyNote() {
    const { from, path, created } = this.information?.key ?? {};
    if (from !== 'file' || !path) return nothing;
    return created
      ? html`<p class="note warning" role="status">${t('vault.keyCreated', { path })}</p>`
      : html`<p class="hint">${t('vault.key', { path })}</p>`;
  }

  /** Where these secrets are changed. */
  #renderOrigin() {
    const { source, space } = this.keeper;
    // It is told with the kind of the source in front.
    const [address] = /https?:\/\/\S+[^/\s]/.exec(source?.address ?? '') ?? [];
    if (!space || !address) return nothing;
    return html`<p class="hint">
      ${t('service.edit')}
      <a href="${address}/spaces/${encodeURIComponent(space.id)}" target="_blank" rel="noreferrer"
        >${t('service.editThere')}</a
      >
    </p>`;
  }

  /** @param {Usage} usage */
  #renderMissing({ missing }) {
    if (missing.size === 0) return nothing;
    const { canChange } = this.possible;
    return html`<div class="note warning missing">
      <p>${counted('usage.missing', missing.size)}</p>
      <ul>
        ${[...missing].map(
          ([key, nodes]) =>
            html`<li data-missing=${key}>
              <span class="key">${key}</span>
              <span>${this.#renderNodes(key, nodes)}</span>
              ${
                canChange
                  ? html`<button
                      class="link"
                      aria-label="${t('secrets.add')}: ${key}"
                      @click=${() => this.add(key)}
                    >
                      ${t('secrets.addShort')}
                    </button>`
                  : nothing
              }
            </li>`,
        )}
      </ul>
    </div>`;
  }

  /**
   * @param {string} key
   * @param {Usage} usage
   */
  #renderReaders(key, { readers }) {
    const nodes = readers.get(key) ?? [];
    if (nodes.length === 0) return html`<span class="badge off">${t('usage.unused')}</span>`;
    return html`<span class="small readers">
      <span class="muted">${t('usage.by')}</span> ${this.#renderNodes(key, nodes)}
    </span>`;
  }

  /**
   * @param {string} key
   * @param {string[]} nodes
   */
  #renderNodes(key, nodes) {
    const all = this.unfolded.has(key) || nodes.length <= NAMED + 1;
    const shown = all ? nodes : nodes.slice(0, NAMED);
    const rest = nodes.length - shown.length;
    const foldable = nodes.length > NAMED + 1;
    return html`${shown.map((id, index) => html`${index > 0 ? ', ' : ''}${nodeLink(id)}`)}
    ${
      foldable
        ? html`<button class="link" aria-expanded=${all} @click=${() => this.#fold(key, all)}>
            ${all ? t('usage.less') : t('usage.more', { count: rest })}
          </button>`
        : nothing
    }`;
  }

  /**
   * @param {string} key
   * @param {boolean} fold
   */
  #fold(key, fold) {
    const unfolded = new Set(this.unfolded);
    if (fold) unfolded.delete(key);
    else unfolded.add(key);
    this.unfolded = unfolded;
  }

  /** @param {Usage} usage */
  #renderWhole({ whole }) {
    return html`${
        whole.length > 0
          ? html`<p class="hint" id="whole">
              ${t('usage.every')} ${this.#renderNodes(' ', whole)}
            </p>`
          : nothing
      }
      <p class="hint">${t('usage.hidden')}</p>`;
  }
}

customElements.define('secret-manager-secrets', SecretsSection);
