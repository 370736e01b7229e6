import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { navigate, spaceAddress, tabs } from '../router.js';
import { t } from '../texts.js';
import { closeDialog, dialog } from '../parts/dialog.js';
import '../parts/confirm-dialog.js';
import './activity-log.js';
import './space-members.js';
import './space-secrets.js';
import './space-tokens.js';

/** @import { Space, User } from '../types.js' */
/** @import { Tab } from '../router.js' */

/** A space: its name, and a tab for each side of it that one's role lets one see. */
export class SpacePage extends Element {
  static properties = {
    ...Element.properties,
    id: {},
    tab: {},
    user: { attribute: false },
    space: { state: true },
    open: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      [role='tablist'] {
        display: flex;
        gap: 0.25rem;
        border-bottom: 1px solid var(--line);
        overflow-x: auto;
        scrollbar-width: none;
      }
      [role='tab'] {
        padding: 0.55rem 0.8rem;
        color: var(--muted);
        text-decoration: none;
        font-weight: 550;
        white-space: nowrap;
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
        border-radius: 6px 6px 0 0;
      }
      [role='tab']:focus-visible {
        outline-offset: -3px;
      }
      [role='tab']:hover {
        color: var(--text);
      }
      [role='tab'][aria-selected='true'] {
        color: var(--accent);
        border-color: var(--accent);
      }
    `,
  ];

  constructor() {
    super();
    this.id = '';
    /** @type {Tab} */
    this.tab = 'secrets';
    /** @type {User | undefined} */
    this.user = undefined;
    /** @type {Space | null} */
    this.space = null;
    /** @type {'settings' | 'delete' | null} */
    this.open = null;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('id')) {
      this.space = null;
      void this.#load();
    }
  }

  async #load() {
    const { id } = this;
    await this.attempt(async () => {
      const space = await api.space(id);
      if (this.id === id) this.space = space;
    });
    if (this.problem?.status === 404) this.space = null;
    if (this.space) this.tell('named', this.space.name);
  }

  get #tabs() {
    return tabs.filter(
      (tab) => this.space?.role === 'owner' || tab === 'secrets' || tab === 'members',
    );
  }

  /** Arrow keys move between tabs, as screen readers tell people. @param {KeyboardEvent} event */
  #moveTab(event) {
    const all = this.#tabs;
    const here = all.indexOf(this.tab);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    navigate(spaceAddress(this.id, all[(to + all.length) % all.length]));
  }

  /** The focus goes with the choice. @param {Map<string, unknown>} changed */
  updated(changed) {
    if (!changed.has('tab') || !this.shadowRoot?.activeElement?.matches('[role="tab"]')) return;
    const chosen = this.renderRoot.querySelector('[role="tab"][aria-selected="true"]');
    /** @type {HTMLElement | null} */ (chosen)?.focus();
  }

  render() {
    const { space } = this;
    if (!space) return html`<div class="stack">${this.#renderMissing()}</div>`;
    const tab = this.#tabs.includes(this.tab) ? this.tab : 'secrets';
    return html`<div class="stack">
      <div class="small"><a href="/spaces">${t('spaces')}</a> <span class="muted">/</span></div>
      <div class="row apart">
        <div class="row">
          <h1 tabindex="-1">${space.name}</h1>
          <span class="badge">${t(`role.${space.role}`)}</span>
        </div>
        ${
          space.role === 'owner'
            ? html`<button @click=${() => (this.open = 'settings')}>${t('settings')}</button>`
            : nothing
        }
      </div>
      <div role="tablist" aria-label=${space.name} @keydown=${this.#moveTab}>
        ${this.#tabs.map(
          (name) =>
            html`<a
              role="tab"
              id="tab-${name}"
              href=${spaceAddress(space.id, name)}
              aria-selected=${name === tab}
              aria-controls="panel"
              tabindex=${name === tab ? 0 : -1}
              >${t(`tab.${name}`)}</a
            >`,
        )}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby="tab-${tab}">
        ${this.#renderTab(tab, space)}
      </div>
      ${this.#renderOpen(space)}
    </div>`;
  }

  #renderMissing() {
    if (this.problem?.status !== 404) return this.renderProblem();
    return html`<h1 tabindex="-1">${t('space.missing')}</h1>
      <p class="muted">${t('space.missingText')}</p>
      <p><a href="/spaces">${t('spaces')}</a></p>`;
  }

  /**
   * @param {Tab} tab
   * @param {Space} space
   */
  #renderTab(tab, space) {
    switch (tab) {
      case 'members':
        return html`<space-members
          .space=${space}
          .user=${this.user}
          @space-changed=${this.#load}
        ></space-members>`;
      case 'tokens':
        return html`<space-tokens .space=${space}></space-tokens>`;
      case 'activity':
        return html`<activity-log .space=${space}></activity-log>`;
      default:
        return html`<space-secrets
          .space=${space}
          .user=${this.user}
          @space-changed=${this.#load}
        ></space-secrets>`;
    }
  }

  /** @param {Space} space */
  #renderOpen(space) {
    const close = () => {
      this.open = null;
      this.problem = null;
    };
    if (this.open === 'settings') return this.#renderSettings(space, close);
    if (this.open !== 'delete') return nothing;
    const question = {
      heading: t('space.delete', { name: space.name }),
      text: t('space.deleteText'),
      confirm: t('space.deleteConfirm'),
      dangerous: true,
      action: async () => {
        await api.deleteSpace(space.id);
        navigate('/spaces', { replace: true });
      },
    };
    return html`<confirm-dialog .question=${question} @close=${close}></confirm-dialog>`;
  }

  /**
   * @param {Space} space
   * @param {() => void} close
   */
  #renderSettings(space, close) {
    return dialog(
      { heading: t('settings'), close },
      html`
        <form class="stack" @submit=${this.#saveSettings}>
          <div class="field">
            <label for="name">${t('name')}</label>
            <input
              id="name"
              name="name"
              .value=${space.name}
              maxlength="100"
              autocomplete="off"
              autofocus
              required
            />
          </div>
          <div class="field">
            <label for="kept">${t('space.kept')}</label>
            <input
              id="kept"
              name="kept"
              type="number"
              min="1"
              max="1000"
              .value=${String(space.keptVersions ?? '')}
              aria-describedby="kept-hint"
              required
            />
            <p class="hint" id="kept-hint">${t('space.keptHint')}</p>
          </div>
          ${this.renderProblem()}
          <div class="row apart">
            <button type="button" class="danger" @click=${() => (this.open = 'delete')}>
              ${t('space.deleteConfirm')}
            </button>
            <button class="primary" ?disabled=${this.busy}>${t('save')}</button>
          </div>
        </form>
      `,
    );
  }

  /** @param {SubmitEvent} event */
  async #saveSettings(event) {
    const field = typed(event);
    const changes = { name: field('name').trim(), keptVersions: Number(field('kept')) };
    await this.attempt(() => api.updateSpace(this.id, changes));
    if (this.problem) return;
    this.announce(t('saved'));
    closeDialog(this);
    await this.#load();
  }
}

customElements.define('space-page', SpacePage);
