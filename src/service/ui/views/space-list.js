import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { icons } from '../icons.js';
import { navigate, spaceAddress } from '../router.js';
import { counted, formatTime, t } from '../texts.js';
import { dialog } from '../parts/dialog.js';

/** @import { Space, User } from '../types.js' */

/** The spaces one is a member of. */
export class SpaceList extends Element {
  static properties = {
    ...Element.properties,
    user: { attribute: false },
    spaces: { state: true },
    creating: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      ul {
        list-style: none;
        display: grid;
        gap: 0.9rem;
        grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr));
      }
      li a {
        display: grid;
        gap: 0.35rem;
        height: 100%;
        color: inherit;
        text-decoration: none;
      }
      li a:hover {
        border-color: var(--accent);
      }
      h2 {
        overflow-wrap: anywhere;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {User | undefined} */
    this.user = undefined;
    /** @type {Space[] | null} */
    this.spaces = null;
    this.creating = false;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.attempt(async () => {
      this.spaces = await api.spaces();
    });
  }

  /** @param {SubmitEvent} event */
  async #create(event) {
    const name = typed(event)('name').trim();
    const space = await this.attempt(() => api.createSpace(name));
    if (space) navigate(spaceAddress(space.id));
  }

  render() {
    const administrator = this.user?.administrator;
    return html`<div class="stack">
      <div class="row apart">
        <h1 tabindex="-1">${t('spaces')}</h1>
        ${
          administrator
            ? html`<button class="primary" @click=${() => (this.creating = true)}>
                ${icons.plus} ${t('spaces.create')}
              </button>`
            : nothing
        }
      </div>
      ${this.creating ? nothing : this.renderProblem()}
      ${
        this.spaces?.length === 0
          ? html`<p class="card empty">${t(administrator ? 'spaces.first' : 'spaces.none')}</p>`
          : html`<ul role="list">
              ${this.spaces?.map((space) => this.#renderSpace(space))}
            </ul>`
      }
      ${this.creating ? this.#renderCreate() : nothing}
    </div>`;
  }

  /** @param {Space} space */
  #renderSpace({ id, name, role, secrets, version, updatedAt }) {
    return html`<li>
      <a class="card" href=${spaceAddress(id)}>
        <span class="row apart">
          <h2>${name}</h2>
          <span class="badge">${t(`role.${role}`)}</span>
        </span>
        <span>${counted('spaces.secrets', secrets)} · ${t('spaces.version', { version })}</span>
        <span class="muted small">${t('spaces.updated', { at: formatTime(updatedAt) })}</span>
      </a>
    </li>`;
  }

  #renderCreate() {
    const close = () => {
      this.creating = false;
      this.problem = null;
    };
    return dialog(
      { heading: t('spaces.create'), close },
      html`
        <form class="stack" @submit=${this.#create}>
          <div class="field">
            <label for="name">${t('name')}</label>
            <input id="name" name="name" maxlength="100" autocomplete="off" autofocus required />
            <p class="hint">${t('spaces.nameHint')}</p>
          </div>
          ${this.renderProblem()}
          <div class="row end">
            <button class="primary" ?disabled=${this.busy}>${t('create')}</button>
          </div>
        </form>
      `,
    );
  }
}

customElements.define('space-list', SpaceList);
