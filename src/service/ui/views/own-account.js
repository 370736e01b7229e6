import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { signInAddress } from '../router.js';
import { t } from '../texts.js';
import { PASSWORD_LENGTH } from './first-password.js';

/** @import { Service, User } from '../types.js' */

/** One's own password and sessions. */
export class OwnAccount extends Element {
  static properties = {
    ...Element.properties,
    user: { attribute: false },
    service: { attribute: false },
    differ: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      .stack {
        max-width: 30rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {User | undefined} */
    this.user = undefined;
    /** @type {Service | undefined} */
    this.service = undefined;
    this.differ = false;
  }

  /** @param {SubmitEvent} event */
  async #change(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const field = typed(event);
    this.differ = field('new') !== field('again');
    if (this.differ) return;
    await this.attempt(() => api.changePassword(field('current'), field('new')));
    if (this.problem) return;
    form.reset();
    this.announce(t('account.changed'));
  }

  async #signOutEverywhere() {
    await this.attempt(() => api.signOutEverywhere());
    if (!this.problem) this.tell('signed-out');
  }

  render() {
    return html`<div class="stack">
      <h1 tabindex="-1">${this.user?.displayName || this.user?.name}</h1>
      <p class="muted">${t('account.signedInAs', { name: this.user?.name })}</p>
      <form class="card stack" @submit=${this.#change}>
        <h2>${t('account.changePassword')}</h2>
        <input
          class="visually-hidden"
          autocomplete="username"
          aria-hidden="true"
          tabindex="-1"
          readonly
          .value=${this.user?.name ?? ''}
        />
        ${this.#renderPassword('current', 'account.current', 'current-password')}
        ${this.#renderPassword('new', 'account.new', 'new-password')}
        ${this.#renderPassword('again', 'account.again', 'new-password')}
        ${this.differ ? html`<p class="mistake" role="alert">${t('account.differ')}</p>` : ''}
        <p class="hint">
          ${t('password.hint', { length: PASSWORD_LENGTH })} ${t('account.others')}
        </p>
        ${this.renderProblem({ value_invalid: 'password.refused' })}
        <div class="row end">
          <button class="primary" ?disabled=${this.busy}>${t('account.changePassword')}</button>
        </div>
      </form>
      ${this.#renderProvider()}
      <section class="card stack">
        <h2>${t('account.everywhere')}</h2>
        <p class="muted">${t('account.everywhereText')}</p>
        <div>
          <button class="danger" @click=${this.#signOutEverywhere}>
            ${t('account.everywhere')}
          </button>
        </div>
      </section>
    </div>`;
  }

  #renderProvider() {
    const provider = this.service?.openIdConnect;
    if (!provider) return nothing;
    return html`<section class="card stack">
      <h2>${t('account.provider', { name: provider.name })}</h2>
      <p class="muted">${t('account.providerText')}</p>
      <div>
        <a class="button" href=${signInAddress('/account')}>
          ${t('account.connect', { name: provider.name })}
        </a>
      </div>
    </section>`;
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {'current-password' | 'new-password'} kind
   */
  #renderPassword(name, label, kind) {
    return html`<div class="field">
      <label for=${name}>${t(label)}</label>
      <input
        id=${name}
        name=${name}
        type="password"
        autocomplete=${kind}
        minlength=${kind === 'new-password' ? PASSWORD_LENGTH : 1}
        required
      />
    </div>`;
  }
}

customElements.define('own-account', OwnAccount);
