/* The page. What is shown is decided by who is signed in and by the address. */

import { css, html, nothing } from 'lit';
import { api, session } from './api.js';
import { Element } from './element.js';
import { icons } from './icons.js';
import { chooseLanguage, findLanguage, languages } from './language.js';
import { Problem } from './problem.js';
import { currentRoute, followLink, navigate, router } from './router.js';
import { currentLanguage, t } from './texts.js';
import './views/activity-log.js';
import './views/first-password.js';
import './views/own-account.js';
import './views/sign-in.js';
import './views/space-list.js';
import './views/space-page.js';
import './views/user-list.js';

/** @import { Service, User } from './types.js' */

/** How long a short text is shown. */
const ANNOUNCED = 6_000;

class SecretManager extends Element {
  static properties = {
    ...Element.properties,
    service: { state: true },
    user: { state: true },
    ended: { state: true },
    route: { state: true },
    announced: { state: true },
    title: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      :host {
        min-height: 100dvh;
        display: flex;
        flex-direction: column;
      }
      header {
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .bar {
        max-width: 68rem;
        margin: 0 auto;
        padding: 0.5rem 1.25rem;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1.25rem;
        min-height: 3.5rem;
      }
      .brand {
        display: inline-flex;
        gap: 0.5rem;
        align-items: center;
        font-weight: 650;
        color: var(--text);
        text-decoration: none;
        white-space: nowrap;
      }
      .brand svg {
        color: var(--accent);
      }
      nav {
        display: flex;
        gap: 0.25rem;
        flex: 1;
      }
      nav a {
        color: var(--muted);
        text-decoration: none;
        font-weight: 550;
        padding: 0.35rem 0.6rem;
        border-radius: 8px;
      }
      nav a:hover {
        color: var(--text);
      }
      nav a[aria-current] {
        color: var(--accent);
        background: var(--accent-soft);
      }
      .me {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        margin-inline-start: auto;
      }
      .me select {
        width: auto;
        border-color: transparent;
        background-color: transparent;
      }
      .me a {
        color: var(--text);
        text-decoration: none;
        max-width: 10rem;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .me a:hover {
        text-decoration: underline;
      }
      main {
        width: 100%;
        max-width: 68rem;
        margin: 0 auto;
        padding: 1.5rem 1.25rem 4rem;
        flex: 1;
      }
      .announced {
        position: fixed;
        inset: auto 0 1.25rem;
        margin: 0 auto;
        width: fit-content;
        max-width: calc(100vw - 2rem);
        border: 0;
        padding: 0.6rem 1rem;
        border-radius: 10px;
        background: var(--text);
        color: var(--page);
        overflow-wrap: anywhere;
        box-shadow: 0 8px 24px rgb(0 0 0 / 25%);
      }
      .skip:not(:focus) {
        position: absolute;
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        overflow: hidden;
      }
      @media (max-width: 46rem) {
        .bar {
          padding: 0.5rem 0.9rem;
        }
        nav {
          order: 3;
          flex-basis: 100%;
          overflow-x: auto;
        }
        main {
          padding: 1rem 0.9rem 4rem;
        }
      }
      @media (max-width: 30rem) {
        .bar {
          column-gap: 0.5rem;
        }
        .me {
          gap: 0.2rem;
        }
        .me select {
          padding-inline: 0.2rem;
        }
        .me button {
          padding-inline: 0.5rem;
        }
        .signed-in .brand span {
          position: absolute;
          clip-path: inset(50%);
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Service | undefined} */
    this.service = undefined;
    /** Undefined until the service has said whether somebody is signed in. @type {User | null | undefined} */
    this.user = undefined;
    /** The session ended without being asked to. */
    this.ended = false;
    this.route = currentRoute();
    this.announced = '';
    /** What the space at this address is called. */
    this.title = '';
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  connectedCallback() {
    super.connectedCallback();
    router.addEventListener('change', () => this.#go());
    session.addEventListener('ended', () => {
      if (!this.user) return;
      this.user = null;
      this.ended = true;
    });
    document.addEventListener('click', followLink);
    this.addEventListener('announce', (event) =>
      this.#announce(/** @type {CustomEvent<string>} */ (event).detail),
    );
    this.addEventListener('signed-in', (event) =>
      this.#enter(/** @type {CustomEvent<User>} */ (event).detail),
    );
    this.addEventListener('signed-out', () => this.#leave());
    this.addEventListener('named', (event) => {
      this.title = /** @type {CustomEvent<string>} */ (event).detail;
    });
    void this.#start();
  }

  async #start() {
    await this.attempt(async () => {
      this.service = await api.service();
      try {
        this.user = (await api.session()).user;
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 401) throw error;
        this.user = null;
      }
    });
  }

  async #go() {
    const before = this.route;
    this.route = currentRoute();
    this.announced = '';
    const sameSpace =
      before.view === 'space' && this.route.view === 'space' && before.space === this.route.space;
    // A tab keeps the focus; a new page is begun at its heading.
    if (!sameSpace) {
      this.title = '';
      await this.updateComplete;
      await this.#focusHeading();
    }
  }

  async #focusHeading() {
    const view = this.renderRoot.querySelector('main > *');
    await /** @type {Partial<Element> | null} */ (view)?.updateComplete;
    const heading = view?.shadowRoot?.querySelector('h1') ?? this.renderRoot.querySelector('h1');
    if (heading) heading.focus();
    else this.renderRoot.querySelector('main')?.focus();
    window.scrollTo(0, 0);
  }

  /** @param {User} user */
  #enter(user) {
    this.user = user;
    this.ended = false;
    if (this.service) this.service = { ...this.service, setupNeeded: false };
    // The code in the address is used up.
    const { view } = this.route;
    if (view === 'setup' || view === 'invitation') navigate('/', { replace: true });
    else void this.updateComplete.then(() => this.#focusHeading());
  }

  async #signOut() {
    await this.attempt(() => api.signOut());
    if (!this.problem || this.problem.status === 401) this.#leave();
  }

  #leave() {
    this.user = null;
    this.ended = false;
    this.problem = null;
    navigate('/');
  }

  /** @param {string} text */
  #announce(text) {
    clearTimeout(this.#timer);
    this.announced = text;
    this.#timer = setTimeout(() => (this.announced = ''), ANNOUNCED);
  }

  updated() {
    document.documentElement.lang = currentLanguage();
    const view = this.user || this.#isLink ? t(`title.${this.route.view}`) : t('signIn');
    const name = this.route.view === 'space' && this.user && this.title ? this.title : view;
    document.title = `${name} · Secret Manager`;
    // Above dialogs, which are in the browser's top layer.
    const note = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('.announced'));
    if (note?.isConnected && this.announced) {
      note.hidePopover();
      note.showPopover();
    }
  }

  /** A link with a code works whoever is signed in here. */
  get #isLink() {
    return this.route.view === 'setup' || this.route.view === 'invitation';
  }

  render() {
    const { user } = this;
    return html`<header class=${user ? 'signed-in' : ''}>
        <a
          class="skip"
          href="#main"
          @click=${(/** @type {Event} */ event) => {
            event.preventDefault();
            void this.#focusHeading();
          }}
          >${t('skip')}</a
        >
        <div class="bar">
          <a class="brand" href="/">${icons.key} <span>Secret Manager</span></a>
          ${
            user
              ? html`<nav aria-label=${t('navigation')}>
                  ${this.#renderLink('/spaces', 'spaces')}
                  ${
                    user.administrator
                      ? html`${this.#renderLink('/users', 'users')}
                        ${this.#renderLink('/activity', 'activity')}`
                      : nothing
                  }
                </nav>`
              : nothing
          }
          <div class="me">
            ${this.#renderLanguages()}
            ${
              user
                ? html`<a href="/account" title=${t('account')}>${user.displayName || user.name}</a>
                    <button class="quiet" @click=${this.#signOut}>${t('signOut')}</button>`
                : nothing
            }
          </div>
        </div>
      </header>
      <main tabindex="-1">
        ${user === undefined || !this.service ? this.renderProblem() : this.#renderView()}
      </main>
      <div class="visually-hidden" role="status">${this.announced}</div>
      <div class="announced" popover="manual" aria-hidden="true" ?hidden=${!this.announced}>
        ${this.announced}
      </div>`;
  }

  /**
   * @param {string} address
   * @param {'spaces' | 'users' | 'activity'} name
   */
  #renderLink(address, name) {
    const { view } = this.route;
    const here = view === name || (name === 'spaces' && view === 'space');
    return html`<a href=${address} aria-current=${here ? 'page' : nothing}
      >${t(`title.${name}`)}</a
    >`;
  }

  #renderLanguages() {
    return html`<select
      aria-label=${t('language')}
      @change=${(/** @type {any} */ event) => chooseLanguage(event.target.value)}
    >
      ${Object.entries(languages).map(
        ([code, name]) =>
          html`<option value=${code} lang=${code} .selected=${code === currentLanguage()}>
            ${name}
          </option>`,
      )}
    </select>`;
  }

  #renderView() {
    const { route, user } = this;
    if (route.view === 'setup' || route.view === 'invitation') {
      return html`<first-password .kind=${route.view}></first-password>`;
    }
    if (!user) return html`<sign-in .service=${this.service} ?ended=${this.ended}></sign-in>`;
    switch (route.view) {
      case 'spaces':
        return html`<space-list .user=${user}></space-list>`;
      case 'space':
        return html`<space-page .id=${route.space} .tab=${route.tab} .user=${user}></space-page>`;
      case 'account':
        return html`<own-account .user=${user} .service=${this.service}></own-account>`;
      case 'users':
        return user.administrator
          ? html`<user-list .user=${user}></user-list>`
          : this.#renderMissing();
      case 'activity':
        return user.administrator
          ? html`<div class="stack">
              <h1 tabindex="-1">${t('title.activity')}</h1>
              <p class="muted">${t('activity.ofService')}</p>
              <activity-log></activity-log>
            </div>`
          : this.#renderMissing();
      default:
        return this.#renderMissing();
    }
  }

  #renderMissing() {
    return html`<div class="stack">
      <h1 tabindex="-1">${t('title.missing')}</h1>
      <p><a href="/">${t('spaces')}</a></p>
    </div>`;
  }
}

findLanguage();
customElements.define('secret-manager', SecretManager);
