import { css, html, nothing } from 'lit';
import { Element } from '../../src/service/ui/element.js';
import { currentLanguage, formatNumber, formatTime, t } from '../../src/service/ui/texts.js';
import { age } from './age.js';
import * as api from './api.js';
import * as editor from './editor.js';
import { nodeLink } from './link.js';

/** @import { Keeper, Manager } from './types.js' */

/** What the node's panel offers. */
const PERIODS = [60, 1800, 3600, 43200, 86400];

const TIMES = /** @type {const} */ ([
  'updatedAt',
  'createdAt',
  'issuedAt',
  'syncedAt',
  'checkedAt',
]);

/** How it is going with one context key, and the settings of the node that is active. */
export class StatusSection extends Element {
  static properties = {
    ...Element.properties,
    keeper: { attribute: false },
    managers: { attribute: false },
    mayWrite: { type: Boolean },
    now: { type: Number },
  };

  static styles = [
    ...Element.styles,
    css`
      .situation {
        display: flex;
        flex-wrap: wrap;
        gap: 0.6rem;
        align-items: center;
      }
      .situation p {
        flex: 1 1 9rem;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0.6rem;
        align-items: center;
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .dot {
        width: 0.75rem;
        height: 0.75rem;
        border-radius: 50%;
        border: 2px solid var(--red-ui-node-status-colors-grey);
      }
      .dot.green {
        border-color: var(--red-ui-node-status-colors-green);
        background: var(--red-ui-node-status-colors-green);
      }
      .dot.yellow {
        border-color: var(--red-ui-node-status-colors-yellow);
        background: var(--red-ui-node-status-colors-yellow);
      }
      .dot.red {
        border-color: var(--red-ui-node-status-colors-red);
        background: var(--red-ui-node-status-colors-red);
      }
      .dot.blue {
        border-color: var(--red-ui-node-status-colors-blue);
      }
      dl {
        display: grid;
        grid-template-columns: minmax(6rem, auto) minmax(0, 1fr);
        gap: 0.3rem 0.9rem;
      }
      dt {
        color: var(--muted);
      }
      dd {
        overflow-wrap: anywhere;
        font-variant-numeric: tabular-nums;
      }
      time {
        margin-inline-end: 0.5em;
      }
      .settings {
        display: grid;
        gap: 0.5rem;
      }
      .settings label:first-child {
        display: grid;
        grid-template-columns: minmax(6rem, auto) minmax(0, 1fr);
        align-items: center;
        gap: 0.9rem;
        font-weight: inherit;
        color: var(--muted);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Keeper} */
    this.keeper = /** @type {any} */ (undefined);
    /** The nodes of this context key in the editor. @type {Manager[]} */
    this.managers = [];
    this.mayWrite = false;
    /** In ms: what the ages are counted from. */
    this.now = 0;
  }

  /** @param {string} node */
  async #sync(node) {
    const done = await this.attempt(async () => {
      await api.syncNow(node);
      return true;
    });
    if (done) this.announce(t('status.synced'));
    this.tell('look-again');
  }

  render() {
    const { node, error, situation, standby, warnings } = this.keeper;
    const text = situation ? this.#situationText(situation) : '';
    const manager = this.managers.find(({ id }) => id === node?.id);
    return html`<div class="stack">
      ${
        situation
          ? html`<div class="situation">
              <p>
                <span class="dot ${situation.fill ?? ''}" aria-hidden="true"></span>
                <span role="status">${text}</span>
              </p>
              ${
                node && this.mayWrite
                  ? html`<button ?disabled=${this.busy} @click=${() => this.#sync(node.id)}>
                      ${t('status.syncNow')}
                    </button>`
                  : nothing
              }
            </div>`
          : nothing
      }
      ${this.problem?.message === error?.message ? nothing : this.renderProblem()}
      ${
        error
          ? html`<div class="note danger" role="alert">
              <p>${this.#explain(error.code)}</p>
              ${text.includes(error.message) ? nothing : html`<p class="small">${error.message}</p>`}
            </div>`
          : nothing
      }
      ${warnings
        .filter((text) => text !== error?.message)
        .map((text) => html`<p class="note warning">${text}</p>`)}
      ${this.#renderFacts()}
      ${standby.length > 0 ? html`<p class="hint">${t('status.standbyText')}</p>` : nothing}
      ${manager ? this.#renderSettings(manager) : nothing}
    </div>`;
  }

  /** With times as they are here; the runtime may be in another zone. @param {NonNullable<Keeper['situation']>} situation */
  #situationText(situation) {
    const { checkedAt, nextAt } = this.keeper;
    const values = {
      ...situation.values,
      ...(checkedAt && { since: formatTime(checkedAt) }),
      ...(nextAt && { next: formatTime(nextAt) }),
    };
    return editor.situationText({ ...situation, values });
  }

  /** @param {string} code */
  #explain(code) {
    const texts = /** @type {Record<string, string>} */ ({
      denied: t('error.denied'),
      invalid: t('error.invalid'),
      misconfigured: t('error.misconfigured'),
      'native-missing': t('error.native-missing'),
      throttled: t('error.throttled'),
      unavailable: t('error.unavailable'),
    });
    return texts[code] ?? t('error.internal');
  }

  #renderFacts() {
    const { keeper } = this;
    const { live, nextAt, node, source, space, standby, version } = keeper;
    return html`<dl>
      ${
        source
          ? this.#renderFact(t('status.source'), [
              source.id ? html`${nodeLink(source.id, source.name)} ` : nothing,
              html`<span class="muted">${this.#kind(source.kind)}</span>`,
            ])
          : nothing
      }
      ${space ? this.#renderFact(t('status.space'), space.name) : nothing}
      ${version === null ? nothing : this.#renderFact(t('version'), formatNumber(version))}
      ${TIMES.map((name) => {
        const time = keeper[name];
        // The same moment twice tells nothing.
        if (!time || (name === 'checkedAt' && time === keeper.syncedAt)) return nothing;
        const label = name === 'syncedAt' || name === 'checkedAt' ? t(`status.${name}`) : t(name);
        return this.#renderFact(label, this.#renderTime(time));
      })}
      ${nextAt ? this.#renderFact(t('status.nextAt'), this.#renderTime(nextAt)) : nothing}
      ${live ? this.#renderFact('', html`<span class="muted">${t('status.live')}</span>`) : nothing}
      ${node ? this.#renderFact(t('status.active'), nodeLink(node.id, node.name)) : nothing}
      ${
        standby.length > 0
          ? this.#renderFact(
              t('status.standby'),
              standby.map(({ id, name }) => html`<div>${nodeLink(id, name)}</div>`),
            )
          : nothing
      }
    </dl>`;
  }

  /**
   * @param {string} label
   * @param {unknown} value
   */
  #renderFact(label, value) {
    return html`<dt>${label}</dt>
      <dd>${value}</dd>`;
  }

  /** @param {string | null} kind */
  #kind(kind) {
    if (kind === 'builtin') return t('status.kind.builtin');
    return kind === 'service' ? t('status.kind.service') : kind;
  }

  /** @param {string} time */
  #renderTime(time) {
    return html`<time datetime=${time}>${age(time, this.now, currentLanguage())}</time>
      <span class="small muted nowrap">${formatTime(time)}</span>`;
  }

  /** @param {Manager} manager */
  #renderSettings({ id, autosync, syncOnSave, changed, locked }) {
    const fixed = locked || !editor.mayDeploy();
    const periods = PERIODS.includes(Number(autosync)) ? PERIODS : [...PERIODS, autosync];
    const text = (/** @type {number | string} */ period) =>
      PERIODS.includes(Number(period)) ? t(`status.autosync.${period}`) : period;
    return html`<div class="settings">
      <label>
        ${t('status.autosync')}
        <select
          id="autosync"
          ?disabled=${fixed}
          @change=${(/** @type {any} */ { target }) =>
            editor.setProperty(id, 'autosync', Number(target.value) || target.value)}
        >
          ${periods.map(
            (period) =>
              html`<option value=${period} .selected=${String(period) === String(autosync)}>
                ${text(period)}
              </option>`,
          )}
        </select>
      </label>
      <label class="choice">
        <input
          type="checkbox"
          id="sync-on-save"
          ?disabled=${fixed}
          .checked=${syncOnSave}
          @change=${(/** @type {any} */ { target }) =>
            editor.setProperty(id, 'syncOnSave', target.checked)}
        />
        ${t('status.syncOnSave')}
      </label>
      ${changed ? html`<p class="hint" role="status">${t('status.deploy')}</p>` : nothing}
      ${locked ? html`<p class="hint">${t('status.locked')}</p>` : nothing}
    </div>`;
  }
}

customElements.define('secret-manager-status', StatusSection);
