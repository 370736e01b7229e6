import { css, html, nothing } from 'lit';
import { api, secretsOf } from '../api.js';
import { SecretsView } from '../parts/secrets-view.js';
import { formatNumber, formatTime, t } from '../texts.js';

/** @import { Change, SecretsOfSpace, Space, User } from '../types.js' */

/** Changes that come together are fetched together. */
const GATHER = 150;

/** How long after the service ended a stream the next one is tried. */
const AGAIN = 5_000;

/** The tab Secrets: the list, kept up to date, and what can be done with it. */
export class SpaceSecrets extends SecretsView {
  static properties = {
    ...SecretsView.properties,
    space: { attribute: false },
    user: { attribute: false },
    showDeleted: { state: true },
    fresh: { state: true },
    live: { state: true },
  };

  static styles = [
    ...SecretsView.styles,
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
    /** @type {Set<string>} */
    this.fresh = new Set();
    /** Changes of others arrive by themselves. */
    this.live = true;
  }

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
    this.api = secretsOf(space);
    this.listing = null;
    await this.load();
    if (this.isConnected && this.space?.id === space && !document.hidden) this.#follow(space);
  }

  #end() {
    this.#watch?.close();
    this.#watch = null;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.hide();
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

  async load() {
    const answer = await this.attemptNewest(() =>
      Promise.all([this.api.list(), this.showDeleted ? this.api.list({ deleted: true }) : null]),
    );
    if (!answer) return;
    const [listing, deleted] = answer;
    this.listing = listing;
    this.deleted = deleted?.secrets ?? [];
  }

  /** @param {string} space */
  #follow(space) {
    this.#watch?.close();
    const watch = api.watch(space);
    this.#watch = watch;
    watch.addEventListener('change', (event) => this.#hear(JSON.parse(event.data)));
    watch.addEventListener('reset', () => void this.load());
    watch.addEventListener('open', () => {
      this.live = true;
      // What happened while nobody listened.
      void this.load();
    });
    watch.addEventListener('error', () => {
      this.live = false;
      if (watch.readyState !== watch.CLOSED) return;
      // The service ended it: a session or a membership is over, or it restarts. Asking says which.
      this.#after('follow', AGAIN, async () => {
        await this.load();
        if (this.problem?.status === 404) this.tell('space-changed');
        else if (this.#watch === watch) this.#follow(space);
      });
    });
  }

  /** @param {Change} change */
  #hear({ version, by, changed, removed }) {
    if (this.listing && version <= this.listing.version) return;
    this.fresh = new Set([...this.fresh, ...changed]);
    if (this.revealed && [...changed, ...removed].includes(this.revealed.key)) this.hide();
    const keys = [...changed, ...removed];
    this.#after('gather', GATHER, () => void this.load());
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
      void this.load();
      this.#follow(this.#space.id);
      return;
    }
    this.hide();
    clearTimeout(this.#timers.follow);
    this.#watch?.close();
  };

  /** @param {Event} event */
  async #toggleDeleted(event) {
    this.showDeleted = /** @type {HTMLInputElement} */ (event.target).checked;
    this.hide();
    await this.load();
  }

  get possible() {
    const { role } = this.#space;
    const canChange = role === 'owner' || role === 'editor';
    const canReveal = canChange || role === 'reader';
    return {
      canReveal,
      canExport: canReveal,
      canChange,
      canDestroy: role === 'owner',
      hasHistory: true,
    };
  }

  get fileName() {
    return this.#space.name;
  }

  render() {
    if (!this.space) return nothing;
    if (!this.listing) return this.renderProblem();
    return html`<div class="stack">
      ${this.#renderFacts(this.listing)}
      ${this.live ? nothing : html`<p class="note warning" role="status">${t('secrets.notLive')}</p>`}
      ${this.open ? nothing : this.renderProblem()}
      ${this.renderList(
        {
          secrets: this.showDeleted ? this.deleted : this.listing.secrets,
          deleted: this.showDeleted,
          fresh: this.fresh,
        },
        html`<label class="choice small">
          <input type="checkbox" .checked=${this.showDeleted} @change=${this.#toggleDeleted} />
          ${t('secrets.showDeleted')}
        </label>`,
      )}
      ${this.renderOpen()}
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
}

customElements.define('space-secrets', SpaceSecrets);
