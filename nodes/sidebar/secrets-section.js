import { css, html, nothing } from 'lit';
import { Element } from '../../src/service/ui/element.js';
import { icons } from '../../src/service/ui/icons.js';
import '../../src/service/ui/parts/confirm-dialog.js';
import '../../src/service/ui/parts/secret-editor.js';
import '../../src/service/ui/parts/secret-export.js';
import '../../src/service/ui/parts/secret-history.js';
import '../../src/service/ui/parts/secret-import.js';
import '../../src/service/ui/parts/secret-list.js';
import { explain } from '../../src/service/ui/problem.js';
import { counted, t } from '../../src/service/ui/texts.js';
import { published, vault, vaultInformation } from './api.js';
import * as editor from './editor.js';
import { nodeLink } from './link.js';
import { usageOf } from './usage.js';

/**
 * @import { Question } from '../../src/service/ui/parts/confirm-dialog.js'
 * @import { Secret } from '../../src/service/ui/types.js'
 * @import { Keeper, VaultInformation } from './types.js'
 * @import { Usage, Use } from './usage.js'
 */

/** How long a revealed value is shown. */
const SHOWN = 30_000;

/** So many nodes are named at once. */
const NAMED = 3;

/**
 * What is open on top of the list.
 * @typedef {{ kind: 'new', name: string } | { kind: 'import' | 'export' } | { kind: 'edit', secret: Secret } | { kind: 'history', key: string } | { kind: 'ask', question: Question }} Open
 */

/** The secrets of a context key: which there are, who reads them, and, of the vault, all that changes them. */
export class SecretsSection extends Element {
  static properties = {
    ...Element.properties,
    keeper: { attribute: false },
    uses: { attribute: false },
    news: { type: Number },
    visible: { type: Boolean },
    canReveal: { type: Boolean },
    canChange: { type: Boolean },
    secrets: { state: true },
    deleted: { state: true },
    information: { state: true },
    filter: { state: true },
    revealed: { state: true },
    unfolded: { state: true },
    open: { state: true },
  };

  static styles = [
    ...Element.styles,
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
    /** @type {Secret[] | null} */
    this.secrets = null;
    /** @type {Secret[]} */
    this.deleted = [];
    /** @type {VaultInformation | null} */
    this.information = null;
    /** @type {'all' | 'unused' | 'deleted'} */
    this.filter = 'all';
    /** The one value that is shown, here or in the history. @type {{ key: string, text: string, version?: number } | null} */
    this.revealed = null;
    /** Keys of which all readers are named. @type {ReadonlySet<string>} */
    this.unfolded = new Set();
    /** @type {Open | null} */
    this.open = null;
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  get #isBuiltin() {
    return this.keeper.source?.kind === 'builtin';
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#hide();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('visible') && !this.visible) this.#hide();
    const before = /** @type {Keeper | undefined} */ (changed.get('keeper'));
    const other =
      changed.has('keeper') &&
      (before?.contextKey !== this.keeper.contextKey ||
        before.source?.kind !== this.keeper.source?.kind);
    if (other) {
      this.#hide();
      this.secrets = null;
      this.open = null;
      this.filter = 'all';
    }
    if (this.visible && (other || changed.has('news') || changed.has('visible'))) void this.#load();
  }

  /** Counts the attempts, so that a slow answer doesn't replace a newer one. */
  #attempts = 0;

  async #load() {
    const attempt = ++this.#attempts;
    const { contextKey } = this.keeper;
    const builtin = this.#isBuiltin;
    await this.attempt(async () => {
      const [{ secrets }, deleted, information] = await Promise.all([
        builtin ? vault.list() : published(contextKey).list(),
        builtin ? vault.list({ deleted: true }) : null,
        builtin ? vaultInformation() : null,
      ]);
      if (attempt !== this.#attempts) return;
      this.secrets = /** @type {Secret[]} */ (secrets);
      this.deleted = deleted?.secrets ?? [];
      this.information = information;
    });
  }

  #hide() {
    clearTimeout(this.#timer);
    this.revealed = null;
  }

  /**
   * @param {string} key
   * @param {number} [version]
   */
  #read(key, version) {
    const { contextKey } = this.keeper;
    return this.#isBuiltin ? vault.reveal(key, version) : published(contextKey).reveal(key);
  }

  /** @param {CustomEvent<{ key: string, version?: number }>} event */
  async #reveal({ detail: { key, version } }) {
    this.#hide();
    const value = await this.attempt(() => this.#read(key, version));
    // Under a dialog nobody reads what stands above the list.
    if (this.problem && this.open) editor.notify(explain(this.problem), 'error');
    if (!value || !this.visible) return;
    this.revealed = { key, text: value.text, ...(version !== undefined && { version }) };
    this.#timer = setTimeout(() => this.#hide(), SHOWN);
  }

  /** @param {CustomEvent<{ key: string }>} event */
  async #copyValue({ detail: { key } }) {
    const value = await this.attempt(() => this.#read(key));
    if (value) await this.copy(value.text, t('secrets.copied', { key }));
  }

  /** @param {string} key */
  #find(key) {
    return this.secrets?.find((secret) => secret.key === key) ?? null;
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
      action: () => vault.delete(key, secret?.version),
    });
  }

  /** @param {CustomEvent<{ key: string }>} event */
  #destroy({ detail: { key } }) {
    this.#ask({
      heading: t('destroy.heading', { key }),
      text: t('destroy.text'),
      confirm: t('destroy.confirm'),
      dangerous: true,
      action: () => vault.destroy(key),
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

  /** @param {CustomEvent<{ key: string }>} event */
  async #restore({ detail: { key } }) {
    const restored = await this.attempt(() => vault.restore(key));
    if (!restored) return;
    this.announce(t('secrets.restored', { key }));
    await this.#load();
  }

  render() {
    const { keeper, secrets } = this;
    if (!secrets) return this.renderProblem();
    const builtin = this.#isBuiltin;
    const usage = usageOf(
      this.uses,
      keeper.contextKey,
      secrets.map(({ key }) => key),
    );
    const canChange = builtin && this.canChange;
    return html`<div class="stack">
      ${builtin ? this.#renderKeyNote() : this.#renderOrigin()}
      ${this.open ? nothing : this.renderProblem()} ${this.#renderMissing(usage, canChange)}
      <secret-list
        .secrets=${this.#shown(secrets, usage)}
        .revealed=${this.revealed?.version === undefined ? this.revealed : null}
        .place=${keeper.contextKey}
        .note=${
          this.filter === 'deleted'
            ? null
            : (/** @type {Secret} */ { key }) => this.#renderReaders(key, usage)
        }
        ?deleted=${this.filter === 'deleted'}
        ?canReveal=${this.canReveal}
        ?canChange=${canChange}
        ?canDestroy=${canChange}
        ?noHistory=${!builtin}
        @reveal=${this.#reveal}
        @hide=${this.#hide}
        @copy-value=${this.#copyValue}
        @copy-path=${(/** @type {CustomEvent<{ path: string }>} */ { detail: { path } }) =>
          this.copy(path, t('secrets.copied', { key: path }))}
        @edit=${this.#edit}
        @history=${(/** @type {CustomEvent<{ key: string }>} */ { detail: { key } }) => {
          this.#hide();
          this.open = { kind: 'history', key };
        }}
        @delete=${this.#delete}
        @restore=${this.#restore}
        @destroy=${this.#destroy}
      >
        <div class="row" slot="actions">${this.#renderActions(builtin, canChange)}</div>
      </secret-list>
      ${this.#renderWhole(usage)} ${this.#renderOpen(canChange)}
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

  /**
   * @param {boolean} builtin
   * @param {boolean} canChange
   */
  #renderActions(builtin, canChange) {
    const filters = /** @type {const} */ (['all', 'unused', ...(builtin ? ['deleted'] : [])]);
    return html`<label class="filter small">
        ${t('usage.filter')}
        <select
          id="filter"
          @change=${(/** @type {any} */ { target }) => {
            this.#hide();
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
      </label>
      ${
        canChange
          ? html`<button @click=${() => (this.open = { kind: 'import' })}>
              ${t('secrets.import')}
            </button>`
          : nothing
      }
      ${
        builtin && this.canReveal
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
              @click=${() => (this.open = { kind: 'new', name: '' })}
            >
              ${icons.plus} ${t('secrets.addShort')}
            </button>`
          : nothing
      }`;
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

  /**
   * @param {Usage} usage
   * @param {boolean} canChange
   */
  #renderMissing({ missing }, canChange) {
    if (missing.size === 0) return nothing;
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
                      @click=${() => (this.open = { kind: 'new', name: key })}
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

  /** @param {boolean} canChange */
  #renderOpen(canChange) {
    const { open, canReveal } = this;
    const place = `global.${this.keeper.contextKey}`;
    const close = () => {
      this.open = null;
      this.#hide();
    };
    switch (open?.kind) {
      case 'new':
        return html`<secret-editor
          .api=${vault}
          .name=${open.name}
          .place=${place}
          ?noReveal=${!canReveal}
          @close=${close}
          @stored=${this.#load}
        ></secret-editor>`;
      case 'edit':
        return html`<secret-editor
          .api=${vault}
          .secret=${open.secret}
          .latest=${this.#find(open.secret.key)}
          .place=${place}
          ?noReveal=${!canReveal}
          @close=${close}
          @stored=${this.#load}
        ></secret-editor>`;
      case 'history':
        return html`<secret-history
          .api=${vault}
          .key=${open.key}
          .latest=${this.#find(open.key)}
          .revealed=${this.revealed}
          ?canReveal=${canReveal}
          ?canChange=${canChange}
          ?canDestroy=${canChange}
          @close=${close}
          @stored=${this.#load}
          @reveal=${this.#reveal}
          @hide=${this.#hide}
        ></secret-history>`;
      case 'import':
        return html`<secret-import
          .api=${vault}
          @close=${close}
          @stored=${this.#load}
        ></secret-import>`;
      case 'export':
        return html`<secret-export
          .api=${vault}
          .name=${'secrets'}
          @close=${close}
        ></secret-export>`;
      case 'ask':
        return html`<confirm-dialog .question=${open.question} @close=${close}></confirm-dialog>`;
      default:
        return nothing;
    }
  }
}

customElements.define('secret-manager-secrets', SecretsSection);
