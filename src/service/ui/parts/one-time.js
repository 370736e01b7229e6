import { css, html } from 'lit';
import { Element } from '../element.js';
import { icons } from '../icons.js';
import { t } from '../texts.js';

/** Something that is shown this once: a link or an access token, with a button that copies it. */
export class OneTime extends Element {
  static properties = { ...Element.properties, label: {}, value: {}, hint: {} };

  static styles = [
    ...Element.styles,
    css`
      .value {
        display: flex;
        gap: 0.5rem;
      }
      input {
        font-family: var(--mono);
        font-size: 0.87rem;
      }
    `,
  ];

  constructor() {
    super();
    this.label = '';
    this.value = '';
    this.hint = '';
  }

  render() {
    return html`<div class="field">
      <label for="value">${this.label}</label>
      <div class="value">
        <input
          id="value"
          readonly
          .value=${this.value}
          aria-describedby="hint"
          @focus=${(/** @type {any} */ event) => event.target.select()}
        />
        <button @click=${() => this.copy(this.value, t('copied'))}>
          ${icons.copy} ${t('copy')}
        </button>
      </div>
      <p class="hint" id="hint">${this.hint}</p>
    </div>`;
  }
}

customElements.define('one-time', OneTime);
