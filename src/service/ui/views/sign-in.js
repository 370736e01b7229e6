import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { signInAddress } from '../router.js';
import { t } from '../texts.js';

/** @import { Service } from '../types.js' */

/** Shown at any address while nobody is signed in, so that one gets where one wanted to go. */
export class SignIn extends Element {
  static properties = {
    ...Element.properties,
    service: { attribute: false },
    ended: { type: Boolean },
  };

  static styles = [
    ...Element.styles,
    css`
      .card {
        width: min(23rem, 100%);
        margin: 8vh auto 0;
      }
      .wide {
        width: 100%;
      }
      .or {
        text-align: center;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Service | undefined} */
    this.service = undefined;
    /** There was a session, and it is over. */
    this.ended = false;
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    const field = typed(event);
    const answer = await this.attempt(() => api.signIn(field('name'), field('password')));
    if (answer) this.tell('signed-in', answer.user);
  }

  render() {
    const provider = this.service?.openIdConnect;
    return html`<form class="card stack" @submit=${this.#submit}>
      <h1 tabindex="-1">${t('signIn')}</h1>
      ${
        this.service?.setupNeeded
          ? html`<p class="note">${t('signIn.setUp')} <a href="/setup">${t('setUp')}</a></p>`
          : nothing
      }
      ${this.ended ? html`<p class="note" role="status">${t('signIn.ended')}</p>` : nothing}
      <div class="field">
        <label for="name">${t('loginName')}</label>
        <input
          id="name"
          name="name"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
        />
      </div>
      <div class="field">
        <label for="password">${t('password')}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
      </div>
      ${this.renderProblem()}
      <button class="primary wide" ?disabled=${this.busy}>${t('signIn')}</button>
      ${
        provider
          ? html`<p class="or muted small">${t('signIn.or')}</p>
              <a class="button wide" href=${signInAddress(location.pathname)}
                >${t('signIn.with', { name: provider.name })}</a
              >`
          : nothing
      }
    </form>`;
  }
}

customElements.define('sign-in', SignIn);
