import { css, html, nothing } from 'lit';
import { Element } from '../../src/service/ui/element.js';
import { t } from '../../src/service/ui/texts.js';
import * as api from './api.js';
import * as editor from './editor.js';
import { nodeLink } from './link.js';
import './secrets-section.js';
import './status-section.js';
import { theme } from './theme.js';
import { usesDeployed, usesOf } from './usage.js';

/**
 * @import { Keeper, Manager, Status } from './types.js'
 * @import { Use } from './usage.js'
 */

/** What happens together is looked at together, in ms. */
const GATHER = 150;

/** How long after a request that failed it is made again. */
const AGAIN = 5_000;

/**
 * The tab's content. As long as it can't be seen it asks for nothing, and shows no value; when it comes
 * into view it looks anew.
 */
export class Sidebar extends Element {
  static properties = {
    ...Element.properties,
    status: { state: true },
    contextKey: { state: true },
    managers: { state: true },
    uses: { state: true },
    news: { state: true },
    now: { state: true },
    visible: { state: true },
    announced: { state: true },
  };

  static styles = [
    ...Element.styles,
    theme,
    css`
      section {
        padding: 0.9rem;
      }
      details {
        padding: 0 0.9rem;
        border-bottom: 1px solid var(--line);
      }
      details[open] {
        padding-bottom: 1.1rem;
      }
      summary {
        padding: 0.75rem 0;
        cursor: pointer;
      }
      summary h2 {
        display: inline;
      }
      .keys {
        display: grid;
        grid-template-columns: minmax(6rem, auto) minmax(0, 1fr);
        align-items: center;
        gap: 0.9rem;
        padding: 0.9rem 0.9rem 0;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Status | null} */
    this.status = null;
    /** The one that was chosen, as long as it is kept. */
    this.contextKey = 'SECRETS';
    /** @type {Manager[]} */
    this.managers = [];
    /** @type {Use[]} */
    this.uses = [];
    /** Counts what is to be looked at again. */
    this.news = 0;
    this.now = Date.now();
    this.visible = false;
    this.announced = '';
  }

  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;

  firstUpdated() {
    const seen = new IntersectionObserver((entries) => {
      this.#inView = entries.at(-1)?.isIntersecting ?? false;
      this.#comeAndGo();
    });
    seen.observe(this);
    document.addEventListener('visibilitychange', () => this.#comeAndGo());
    editor.onNews(() => this.#soon('load', () => this.#load()));
    editor.onChanges(() => this.#soon('scan', () => this.#scan()));
    this.addEventListener('look-again', () => void this.#load());
    this.addEventListener('announce', (event) =>
      this.#notify(/** @type {CustomEvent<string>} */ (event).detail),
    );
    // For the editor's shortcuts a field in here is no field: it only sees this component.
    this.addEventListener('keydown', (event) => {
      const [target] = event.composedPath();
      const field = target instanceof HTMLElement && target.matches('input, select, textarea');
      if (field || this.#dialogIsOpen()) event.stopPropagation();
    });
  }

  #inView = false;

  #dialogIsOpen() {
    const section = /** @type {import('./secrets-section.js').SecretsSection | null} */ (
      this.renderRoot.querySelector('secret-manager-secrets')
    );
    return Boolean(section?.open);
  }

  #comeAndGo() {
    const visible = this.#inView && !document.hidden;
    if (visible === this.visible) return;
    this.visible = visible;
    clearInterval(this.#clock);
    if (!visible) return;
    this.#clock = setInterval(() => (this.now = Date.now()), 1000);
    this.#scan();
    void this.#load();
  }

  /**
   * @param {string} name only one of each waits
   * @param {() => unknown} action
   */
  #soon(name, action) {
    if (!this.visible) return;
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(() => this.visible && action(), GATHER);
  }

  async #load() {
    await this.attempt(async () => {
      this.status = await api.status();
    });
    this.now = Date.now();
    this.news += 1;
    this.#scan();
    this.#lookAfterNextSync();
  }

  /** A sync that finds nothing new isn't told, but its times are. */
  #lookAfterNextSync() {
    clearTimeout(this.#timers.next);
    const times = (this.status?.active ?? []).flatMap(({ nextAt }) =>
      nextAt ? [Date.parse(nextAt)] : [],
    );
    const after = Math.max(Math.min(...times) - Date.now(), 0) + 1000;
    const wait = this.problem ? AGAIN : Math.min(after, 2 ** 31 - 1);
    this.#timers.next = setTimeout(() => this.visible && this.#load(), wait);
  }

  #scan() {
    this.managers = editor.managers();
    const kept = this.status?.active.map(({ contextKey }) => contextKey) ?? [];
    const keys = new Set([...kept, ...this.managers.map(({ contextKey }) => contextKey)]);
    const deployed = this.status?.active.flatMap(({ contextKey, references }) =>
      usesDeployed(contextKey, references, editor.isDeployed),
    );
    this.uses = [...usesOf(editor.nodes(), keys), ...(deployed ?? [])];
  }

  /** @param {string} text */
  #notify(text) {
    this.announced = text;
    editor.notify(text);
  }

  /** @returns {Keeper | undefined} */
  get #keeper() {
    const active = this.status?.active ?? [];
    return active.find(({ contextKey }) => contextKey === this.contextKey) ?? active[0];
  }

  render() {
    const keeper = this.#keeper;
    return html`
      ${this.#renderContextKeys(keeper)}
      ${
        this.problem
          ? html`<section>${this.renderProblem()}</section>`
          : this.status
            ? html`<details open>
                <summary><h2>${t('status.heading')}</h2></summary>
                <div class="stack">
                  ${keeper ? this.#renderStatus(keeper) : nothing} ${this.#renderUndeployed()}
                </div>
              </details>`
            : nothing
      }
      ${keeper && this.status ? this.#renderSecrets(keeper, this.status) : nothing}
      <div class="visually-hidden" role="status">${this.announced}</div>
    `;
  }

  /** @param {Keeper | undefined} keeper */
  #renderContextKeys(keeper) {
    const active = this.status?.active ?? [];
    if (active.length < 2) return nothing;
    return html`<label class="keys">
      ${t('status.contextKey')}
      <select @change=${(/** @type {any} */ { target }) => (this.contextKey = target.value)}>
        ${active.map(
          ({ contextKey }) =>
            html`<option value=${contextKey} .selected=${contextKey === keeper?.contextKey}>
              ${contextKey}
            </option>`,
        )}
      </select>
    </label>`;
  }

  /** @param {Keeper} keeper */
  #renderStatus(keeper) {
    return html`<secret-manager-status
      .keeper=${keeper}
      .managers=${this.managers}
      .now=${this.now}
      ?mayWrite=${this.status?.permissions.write}
    ></secret-manager-status>`;
  }

  /** Nodes that the runtime doesn't know of, or the offer to add the first. */
  #renderUndeployed() {
    const known =
      this.status?.active.flatMap(({ node, standby }) => [
        node?.id,
        ...standby.map(({ id }) => id),
      ]) ?? [];
    const fresh = this.managers.filter(({ id }) => !known.includes(id));
    if (fresh.length > 0) {
      return html`<p class="note">
        ${t('status.notDeployed')}: ${fresh.map(({ id, name }) => html`${nodeLink(id, name)} `)}
      </p>`;
    }
    if (this.managers.length > 0 || known.length > 0) return nothing;
    return html`<p>${t('status.none')}</p>
      ${
        editor.mayDeploy()
          ? html`<button class="primary" @click=${editor.addManager}>${t('status.add')}</button>`
          : nothing
      }`;
  }

  /**
   * @param {Keeper} keeper
   * @param {Status} status
   */
  #renderSecrets(keeper, { permissions }) {
    return html`<details open>
      <summary><h2>${t('list.secrets')}</h2></summary>
      <secret-manager-secrets
        .keeper=${keeper}
        .uses=${this.uses}
        .news=${this.news}
        ?visible=${this.visible}
        ?canReveal=${permissions.reveal}
        ?canChange=${permissions.write}
      ></secret-manager-secrets>
    </details>`;
  }
}

customElements.define('secret-manager-sidebar', Sidebar);
