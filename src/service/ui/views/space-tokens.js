import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { formatDay, formatTime, t } from '../texts.js';
import '../parts/confirm-dialog.js';
import '../parts/one-time.js';

/** @import { Space, Token } from '../types.js' */
/** @import { Question } from '../parts/confirm-dialog.js' */

/** How long a new token may be valid, in days; 0 is for ever. */
const validities = [0, 30, 90, 365];

const DAY = 24 * 60 * 60 * 1000;

/** The tab Access tokens: what lets a Node-RED read the space. */
export class SpaceTokens extends Element {
  static properties = {
    ...Element.properties,
    space: { attribute: false },
    tokens: { state: true },
    created: { state: true },
    question: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      form {
        display: grid;
        grid-template-columns: 1fr minmax(9rem, auto) auto;
        gap: 0.75rem;
        align-items: end;
      }
      tr.off td:not(:last-child) {
        color: var(--muted);
      }
      @media (max-width: 32rem) {
        form {
          grid-template-columns: 1fr;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Space | undefined} */
    this.space = undefined;
    /** @type {Token[]} */
    this.tokens = [];
    /** The token that was just made. @type {(Token & { token: string }) | null} */
    this.created = null;
    /** @type {Question | null} */
    this.question = null;
  }

  get #id() {
    return /** @type {Space} */ (this.space).id;
  }

  firstUpdated() {
    void this.attempt(() => this.#load());
  }

  async #load() {
    this.tokens = await api.tokens(this.#id);
  }

  /** @param {SubmitEvent} event */
  async #create(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const field = typed(event);
    const days = Number(field('days'));
    await this.attempt(async () => {
      this.created = await api.createToken(this.#id, {
        name: field('name').trim(),
        ...(days > 0 && { expiresAt: new Date(Date.now() + days * DAY).toISOString() }),
      });
      form.reset();
      await this.#load();
    });
  }

  /** @param {Token} token */
  #revoke({ id, name }) {
    this.question = {
      heading: t('tokens.revokeHeading', { name: name || t('tokens.unnamed') }),
      text: t('tokens.revokeText'),
      confirm: t('tokens.revoke'),
      dangerous: true,
      action: async () => {
        await api.revokeToken(this.#id, id);
        if (this.created?.id === id) this.created = null;
        await this.#load();
      },
    };
  }

  render() {
    return html`<div class="stack">
      <form class="card" @submit=${this.#create}>
        <div class="field">
          <label for="name">${t('tokens.new')}</label>
          <input
            id="name"
            name="name"
            maxlength="100"
            placeholder=${t('tokens.nameHint')}
            autocomplete="off"
            required
          />
        </div>
        <div class="field">
          <label for="days">${t('tokens.valid')}</label>
          <select id="days" name="days">
            ${validities.map((days) => html`<option value=${days}>${t(`tokens.days.${days}`)}</option>`)}
          </select>
        </div>
        <button class="primary" ?disabled=${this.busy}>${t('create')}</button>
      </form>
      ${this.renderProblem()}
      ${
        this.created
          ? html`<div class="note" role="status">
              <one-time
                .label=${t('tokens.created', { name: this.created.name })}
                .value=${this.created.token}
                .hint=${t('tokens.once')}
              ></one-time>
            </div>`
          : nothing
      }
      ${
        this.tokens.length === 0
          ? html`<div class="table"><p class="empty">${t('tokens.none')}</p></div>`
          : this.#renderTable()
      }
      ${
        this.question
          ? html`<confirm-dialog
              .question=${this.question}
              @close=${() => (this.question = null)}
            ></confirm-dialog>`
          : nothing
      }
    </div>`;
  }

  #renderTable() {
    return html`<div class="table">
      <table role="table" aria-label=${t('tab.tokens')}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">${t('name')}</th>
            <th role="columnheader">${t('created')}</th>
            <th role="columnheader">${t('tokens.lastUsed')}</th>
            <th role="columnheader">${t('tokens.state')}</th>
            <th role="columnheader"><span class="visually-hidden">${t('actions')}</span></th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${this.tokens.map((token) => this.#renderToken(token))}
        </tbody>
      </table>
    </div>`;
  }

  /** @param {Token} token */
  #renderToken(token) {
    const { name, createdAt, expiresAt, lastUsedAt, revokedAt } = token;
    const label = name || t('tokens.unnamed');
    return html`<tr role="row" class=${revokedAt ? 'off' : ''}>
      <td role="cell"><strong>${label}</strong></td>
      <td role="cell" data-label=${t('created')} class="small">${formatDay(createdAt)}</td>
      <td role="cell" data-label=${t('tokens.lastUsed')} class="small">
        ${lastUsedAt ? formatTime(lastUsedAt) : t('never')}
      </td>
      <td role="cell" data-label=${t('tokens.state')} class="small">
        ${stateOf({ expiresAt, revokedAt })}
      </td>
      <td role="cell" class="end">
        ${
          revokedAt
            ? nothing
            : html`<button
                class="quiet danger"
                aria-label=${t('tokens.revokeName', { name: label })}
                @click=${() => this.#revoke(token)}
              >
                ${t('tokens.revoke')}
              </button>`
        }
      </td>
    </tr>`;
  }
}

/** @param {Pick<Token, 'expiresAt' | 'revokedAt'>} token */
function stateOf({ expiresAt, revokedAt }) {
  if (revokedAt) return t('tokens.revoked', { at: formatDay(revokedAt) });
  if (!expiresAt) return t('tokens.active');
  const expired = Date.parse(expiresAt) <= Date.now();
  return t(expired ? 'tokens.expired' : 'tokens.expires', { at: formatDay(expiresAt) });
}

customElements.define('space-tokens', SpaceTokens);
