import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { counted, formatTime, hasText, t } from '../texts.js';

/** @import { AuditRecord, Filters, Space } from '../types.js' */

/** As `src/manager/src/audit` names them; a test compares the two. */
const actions = [
  'secret.put',
  'secret.delete',
  'secret.restore',
  'secret.rollback',
  'secret.destroy',
  'secret.reveal',
  'secrets.change',
  'secrets.import',
  'secrets.export',
  'snapshot.read',
  'member.put',
  'member.delete',
  'token.create',
  'token.revoke',
  'space.create',
  'space.update',
  'space.delete',
  'session.create',
  'session.delete',
  'session.delete_all',
  'user.create',
  'user.update',
  'user.delete',
  'user.invite',
  'user.password',
  'user.setup',
  'user.link',
  'key.rotate',
  'backup.create',
  'backup.restore',
];

/** Who did what: in a space, or, for administrators, in the whole service. */
export class ActivityLog extends Element {
  static properties = {
    ...Element.properties,
    space: { attribute: false },
    records: { state: true },
    next: { state: true },
    filters: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      form {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
        gap: 0.75rem;
        align-items: end;
      }
      .keys {
        font-family: var(--mono);
        font-size: 0.85rem;
      }
      .more {
        padding: 0.75rem;
        text-align: center;
        border-top: 1px solid var(--line);
      }
    `,
  ];

  constructor() {
    super();
    /** Without one: the whole service. @type {Space | null} */
    this.space = null;
    /** @type {AuditRecord[] | null} */
    this.records = null;
    /** @type {number | null} */
    this.next = null;
    /** @type {Filters} */
    this.filters = {};
  }

  get #space() {
    return this.space?.id ?? null;
  }

  firstUpdated() {
    void this.#load();
  }

  async #load(more = false) {
    const before = more ? (this.next ?? undefined) : undefined;
    const answer = await this.attempt(() => api.audit(this.#space, this.filters, before));
    if (!answer) return;
    this.records = more ? [...(this.records ?? []), ...answer.records] : answer.records;
    this.next = answer.next;
  }

  /** @param {SubmitEvent} event */
  #filter(event) {
    const field = typed(event);
    this.filters = {
      from: dayStart(field('from')),
      to: dayStart(field('to'), 1),
      actor: field('actor').trim(),
      action: field('action'),
      result: field('result'),
    };
    void this.#load();
  }

  render() {
    return html`<div class="stack">
      ${this.#renderFilters()} ${this.renderProblem()}
      ${
        this.records?.length === 0
          ? html`<div class="table"><p class="empty">${t('activity.none')}</p></div>`
          : nothing
      }
      ${this.records && this.records.length > 0 ? this.#renderTable(this.records) : nothing}
      ${
        this.#space
          ? html`<div class="row end">
              ${
                /** @type {const} */ (['csv', 'json']).map(
                  (format) =>
                    html`<a
                      class="button"
                      download
                      href=${api.auditExport(/** @type {string} */ (this.#space), this.filters, format)}
                      >${t('activity.export', { format: format.toUpperCase() })}</a
                    >`,
                )
              }
            </div>`
          : nothing
      }
    </div>`;
  }

  #renderFilters() {
    return html`<form class="card" @submit=${this.#filter}>
      <div class="field">
        <label for="from">${t('activity.from')}</label>
        <input id="from" name="from" type="date" />
      </div>
      <div class="field">
        <label for="to">${t('activity.to')}</label>
        <input id="to" name="to" type="date" />
      </div>
      <div class="field">
        <label for="actor">${t('activity.who')}</label>
        <input id="actor" name="actor" autocomplete="off" spellcheck="false" />
      </div>
      <div class="field">
        <label for="action">${t('activity.what')}</label>
        <select id="action" name="action">
          <option value="">${t('all')}</option>
          ${actions.map((action) => html`<option value=${action}>${nameOf(action)}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for="result">${t('activity.result')}</label>
        <select id="result" name="result">
          <option value="">${t('all')}</option>
          ${['ok', 'denied', 'failed'].map(
            (result) => html`<option value=${result}>${t(`result.${result}`)}</option>`,
          )}
        </select>
      </div>
      <button ?disabled=${this.busy}>${t('activity.filter')}</button>
    </form>`;
  }

  /** @param {AuditRecord[]} records */
  #renderTable(records) {
    return html`<div class="table">
      <table role="table" aria-label=${t('tab.activity')}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">${t('activity.when')}</th>
            <th role="columnheader">${t('activity.who')}</th>
            <th role="columnheader">${t('activity.what')}</th>
            <th role="columnheader">${t('activity.result')}</th>
            <th role="columnheader">${t('activity.where')}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${records.map((record) => this.#renderRecord(record))}
        </tbody>
      </table>
      ${
        this.next === null
          ? nothing
          : html`<div class="more">
              <button ?disabled=${this.busy} @click=${() => this.#load(true)}>${t('more')}</button>
            </div>`
      }
    </div>`;
  }

  /** @param {AuditRecord} record */
  #renderRecord({ at, actor, action, result, origin, subject, keys, count, requestId }) {
    const others = count - keys.length;
    return html`<tr role="row">
      <td role="cell" class="small nowrap">
        <time datetime=${at}>${formatTime(at)}</time>
      </td>
      <td role="cell">${actor.name || t(`actor.${actor.kind}`)}</td>
      <td role="cell">
        ${nameOf(action)} <span class="keys">${keys.join(', ')}</span>
        ${subject ? html`<span class="muted">${subject}</span>` : nothing}
        ${
          keys.length > 0 && others > 0
            ? html`<span class="muted small">${counted('activity.others', others)}</span>`
            : nothing
        }
      </td>
      <td role="cell" data-label=${t('activity.result')}>
        <span class=${result === 'ok' ? 'muted' : 'mistake'}>${t(`result.${result}`)}</span>
      </td>
      <td role="cell" class="small muted" data-label=${t('activity.where')}>
        <span title=${requestId ? t('activity.request', { id: requestId }) : ''}
          >${origin ?? '–'}</span
        >
      </td>
    </tr>`;
  }
}

/** @param {string} action */
function nameOf(action) {
  return hasText(`audit.${action}`) ? t(`audit.${action}`) : action;
}

/**
 * The begin of a day here, as the service wants times.
 * @param {string} day
 */
function dayStart(day, later = 0) {
  if (!day) return '';
  const [year, month, date] = day.split('-').map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

customElements.define('activity-log', ActivityLog);
