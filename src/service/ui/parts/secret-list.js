import { css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { Element } from '../element.js';
import { icons } from '../icons.js';
import { flowPath } from '../names.js';
import { counted, formatTime, t } from '../texts.js';

/** @import { Secret } from '../types.js' */

/** More rows than this are shown on demand: nobody reads further, and browsers get slow. */
const PAGE = 200;

/**
 * A space's secrets as a list: properties go in, events come out, and nothing is fetched here. So
 * any page that has the secrets can show them; its colours are custom properties.
 *
 * Events: `reveal`, `hide`, `copy-value`, `copy-path`, `edit`, `history`, `delete`, `restore` and
 * `destroy`, each with `{ key }`; `copy-path` with `{ key, path }`.
 */
export class SecretList extends Element {
  static properties = {
    ...Element.properties,
    secrets: { attribute: false },
    revealed: { attribute: false },
    fresh: { attribute: false },
    deleted: { type: Boolean },
    canReveal: { type: Boolean },
    canChange: { type: Boolean },
    canDestroy: { type: Boolean },
    noHistory: { type: Boolean },
    place: {},
    note: { attribute: false },
    query: { state: true },
    limit: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      .search {
        max-width: 22rem;
        flex: 1 1 12rem;
      }
      .key {
        font-family: var(--mono);
        font-size: 0.92rem;
        font-weight: 600;
      }
      tr.fresh > td {
        animation: fresh 4s ease-out;
      }
      @keyframes fresh {
        from {
          background: var(--accent-soft);
        }
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem;
        justify-content: end;
        min-width: max-content;
      }
      .under td {
        border-top: 0;
        padding-top: 0;
      }
      pre {
        margin: 0 0 0.4rem;
        padding: 0.7rem 0.85rem;
        border-radius: 8px;
        background: var(--page);
        border: 1px solid var(--line);
        max-height: 22rem;
        overflow: auto;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .more {
        padding: 0.75rem;
        text-align: center;
        border-top: 1px solid var(--line);
      }
      @container (max-width: 44rem) {
        .actions {
          min-width: 0;
          justify-content: start;
          margin-inline-start: -0.5rem;
        }
        tr.under {
          border-top: 0;
          padding-top: 0;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Secret[]} */
    this.secrets = [];
    /** The one value that is shown. @type {{ key: string, text: string } | null} */
    this.revealed = null;
    /** Keys that have just changed. @type {ReadonlySet<string>} */
    this.fresh = new Set();
    /** The list is of deleted secrets. */
    this.deleted = false;
    this.canReveal = false;
    this.canChange = false;
    this.canDestroy = false;
    /** Where the secrets are kept, their older versions can't be asked for. */
    this.noHistory = false;
    /** What stands before a name where a flow reads it. */
    this.place = 'global.SECRETS';
    /** What else there is to say of a secret, under it. @type {((secret: Secret) => unknown) | null} */
    this.note = null;
    this.query = '';
    this.limit = PAGE;
  }

  render() {
    const wanted = this.query.trim().toLowerCase();
    const found = this.secrets.filter(({ key }) => key.toLowerCase().includes(wanted));
    return html`<div class="stack">
      <div class="row apart">
        <input
          class="search"
          type="search"
          aria-label=${t('list.search')}
          placeholder=${t('list.search')}
          autocomplete="off"
          spellcheck="false"
          .value=${this.query}
          @input=${this.#search}
        />
        <slot name="actions"></slot>
      </div>
      <p class="visually-hidden" role="status">
        ${wanted ? counted('list.found', found.length) : nothing}
      </p>
      ${found.length === 0 ? this.#renderEmpty(wanted) : this.#renderTable(found)}
    </div>`;
  }

  /** @param {InputEvent} event */
  #search(event) {
    this.query = /** @type {HTMLInputElement} */ (event.target).value;
    this.limit = PAGE;
  }

  /** @param {string} wanted */
  #renderEmpty(wanted) {
    const empty = this.deleted ? 'list.noneDeleted' : 'list.none';
    return html`<div class="table">
      <p class="empty">${t(wanted ? 'list.noneFound' : empty, { query: this.query })}</p>
    </div>`;
  }

  /** @param {Secret[]} found */
  #renderTable(found) {
    const shown = found.slice(0, this.limit);
    return html`<div class="table">
      <table role="table" aria-label=${t(this.deleted ? 'list.deletedSecrets' : 'list.secrets')}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">${t('key')}</th>
            <th role="columnheader">${t('type')}</th>
            <th role="columnheader">${t('version')}</th>
            <th role="columnheader">${t(this.deleted ? 'deleted' : 'updated')}</th>
            <th role="columnheader" class="end">
              <span class="visually-hidden">${t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${repeat(
            shown,
            ({ key }) => key,
            (secret) => this.#renderSecret(secret),
          )}
        </tbody>
      </table>
      ${
        found.length > shown.length
          ? html`<div class="more">
              <button @click=${() => (this.limit += PAGE)}>
                ${t('list.more', { shown: shown.length, count: found.length })}
              </button>
            </div>`
          : nothing
      }
    </div>`;
  }

  /** @param {Secret} secret */
  #renderSecret(secret) {
    const { key, type, version } = secret;
    const at = secret.deletedAt ?? secret.updatedAt;
    const by = secret.deletedAt ? secret.deletedBy : secret.updatedBy;
    const open = this.revealed?.key === key;
    return html`<tr role="row" data-key=${key} class=${this.fresh.has(key) ? 'fresh' : ''}>
        <td role="cell"><span class="key">${key}</span></td>
        <td role="cell" data-label=${t('type')} class="nowrap">${t(`type.${type}`)}</td>
        <td role="cell" data-label=${t('version')}>${version}</td>
        <td role="cell" class="small" data-label=${t(this.deleted ? 'deleted' : 'updated')}>
          <time datetime=${at} class="nowrap">${formatTime(at)}</time>
          ${by ? html`<span class="muted">${t('by', { name: by })}</span>` : nothing}
        </td>
        <td role="cell">
          <div class="actions">
            ${this.deleted ? this.#renderDeletedActions(key) : this.#renderActions(key, open)}
          </div>
        </td>
      </tr>
      ${this.note ? this.#renderNote(this.note(secret)) : nothing}
      ${open ? this.#renderValue(key) : nothing}`;
  }

  /**
   * @param {string} key
   * @param {boolean} open
   */
  #renderActions(key, open) {
    const path = flowPath(key, this.place);
    return html`${
      this.canReveal
        ? html`${
            open
              ? this.#renderAction('hide', key, icons.hide)
              : this.#renderAction('reveal', key, icons.reveal)
          }
          ${this.#renderAction('copy-value', key, icons.copy)}`
        : nothing
    }
    ${this.#renderAction('copy-path', key, icons.path, { path })}
    ${this.canChange ? this.#renderAction('edit', key, icons.edit) : nothing}
    ${this.noHistory ? nothing : this.#renderAction('history', key, icons.history)}
    ${this.canChange ? this.#renderAction('delete', key, icons.delete) : nothing}`;
  }

  /** @param {string} key */
  #renderDeletedActions(key) {
    return html`${this.#renderAction('history', key, icons.history)}
    ${this.canChange ? this.#renderAction('restore', key, icons.restore) : nothing}
    ${this.canDestroy ? this.#renderAction('destroy', key, icons.delete) : nothing}`;
  }

  /**
   * @param {string} name of the event
   * @param {string} key
   * @param {unknown} icon
   * @param {Record<string, string>} [more]
   */
  #renderAction(name, key, icon, more) {
    const label = t(`action.${name}`, { key, ...more });
    return html`<button
      class="icon"
      data-action=${name}
      aria-label=${label}
      title=${label}
      @click=${() => this.tell(name, { key, ...more })}
    >
      ${icon}
    </button>`;
  }

  /** @param {unknown} note */
  #renderNote(note) {
    return html`<tr role="row" class="under">
      <td role="cell" colspan="5">${note}</td>
    </tr>`;
  }

  /** @param {string} key */
  #renderValue(key) {
    return html`<tr role="row" class="under">
      <td role="cell" colspan="5">
        <pre tabindex="0" aria-label=${t('list.value', { key })}>${this.revealed?.text}</pre>
        <p class="hint" role="status">${t('list.hiddenSoon')}</p>
      </td>
    </tr>`;
  }
}

customElements.define('secret-list', SecretList);
