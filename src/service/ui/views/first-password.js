import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { t } from '../texts.js';

/** The shortest password that the service takes. */
export const PASSWORD_LENGTH = 15;

/**
 * The ways into an account by a link: the first administrator's, and an invitation. The code stands
 * behind the `#` of the address, which browsers send nowhere; it leaves the address once it is used.
 */
export class FirstPassword extends Element {
  static properties = { ...Element.properties, kind: {} };

  static styles = [
    ...Element.styles,
    css`
      .card {
        width: min(26rem, 100%);
        margin: 6vh auto 0;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {'setup' | 'invitation'} */
    this.kind = 'setup';
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    const field = typed(event);
    const code = field('code').trim();
    const password = field('password');
    const answer = await this.attempt(() =>
      this.kind === 'setup'
        ? api.setUp({
            code,
            name: field('name'),
            password,
            ...(field('displayName') && { displayName: field('displayName') }),
          })
        : api.acceptInvitation(code, password),
    );
    if (answer) this.tell('signed-in', answer.user);
  }

  render() {
    const code = location.hash.slice(1);
    return html`<form class="card stack" @submit=${this.#submit}>
      <h1 tabindex="-1">${t(`${this.kind}.heading`)}</h1>
      <p class="muted">${t(`${this.kind}.text`)}</p>
      ${
        code
          ? html`<input type="hidden" name="code" .value=${code} />`
          : html`<div class="field">
              <label for="code">${t(`${this.kind}.code`)}</label>
              <input
                id="code"
                name="code"
                class="mono"
                autocomplete="off"
                spellcheck="false"
                required
              />
            </div>`
      }
      ${this.kind === 'setup' ? this.#renderNames() : nothing}
      <div class="field">
        <label for="password">${t('password')}</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength=${PASSWORD_LENGTH}
          aria-describedby="hint"
          required
        />
        <p class="hint" id="hint">${t('password.hint', { length: PASSWORD_LENGTH })}</p>
      </div>
      ${this.renderProblem({ value_invalid: 'password.refused' })}
      <button class="primary" ?disabled=${this.busy}>${t(`${this.kind}.confirm`)}</button>
    </form>`;
  }

  #renderNames() {
    return html`<div class="field">
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
        <label for="displayName">${t('displayName')}</label>
        <input id="displayName" name="displayName" autocomplete="name" />
      </div>`;
  }
}

customElements.define('first-password', FirstPassword);
