import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { navigate } from '../router.js';
import { formatDay, t } from '../texts.js';
import '../parts/confirm-dialog.js';

/** @import { Member, Role, Space, User } from '../types.js' */
/** @import { Question } from '../parts/confirm-dialog.js' */

/** @type {Role[]} */
const roles = ['owner', 'editor', 'reader', 'viewer'];

/** The tab Members: who may do what in a space. */
export class SpaceMembers extends Element {
  static properties = {
    ...Element.properties,
    space: { attribute: false },
    user: { attribute: false },
    members: { state: true },
    question: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      form {
        display: grid;
        grid-template-columns: 1fr minmax(9rem, auto) auto;
        gap: 0.75rem;
        align-items: end;
      }
      .roles {
        list-style: none;
      }
      td select {
        width: auto;
      }
      @media (max-width: 32rem) {
        form {
          grid-template-columns: 1fr;
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
    /** @type {Member[]} */
    this.members = [];
    /** @type {Question | null} */
    this.question = null;
  }

  get #space() {
    return /** @type {Space} */ (this.space);
  }

  firstUpdated() {
    void this.attempt(() => this.#load());
  }

  async #load() {
    this.members = await api.members(this.#space.id);
  }

  /** @param {SubmitEvent} event */
  async #add(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const field = typed(event);
    const name = field('name').trim();
    const done = await this.attempt(async () => {
      await api.putMember(this.#space.id, name, /** @type {Role} */ (field('role')));
      await this.#load();
      return true;
    });
    if (!done) return;
    form.reset();
    this.announce(t('members.added', { name }));
  }

  /**
   * @param {Member} member
   * @param {Event} event
   */
  async #change({ user, role }, event) {
    const select = /** @type {HTMLSelectElement} */ (event.target);
    const wanted = /** @type {Role} */ (select.value);
    await this.attempt(async () => {
      await api.putMember(this.#space.id, user.id, wanted);
      await this.#load();
    });
    if (this.problem) select.value = role;
    else {
      this.announce(t('members.changed', { name: user.name, role: t(`role.${wanted}`) }));
      if (user.id === this.user?.id) this.tell('space-changed');
    }
  }

  /** @param {Member} member */
  #remove({ user }) {
    const self = user.id === this.user?.id;
    const space = this.#space;
    this.question = {
      heading: t(self ? 'members.leaveHeading' : 'members.removeHeading', {
        name: user.name,
        space: space.name,
      }),
      text: t(self ? 'members.leaveText' : 'members.removeText'),
      confirm: t(self ? 'members.leave' : 'members.remove'),
      dangerous: true,
      action: async () => {
        await api.removeMember(space.id, user.id);
        if (self) navigate('/spaces', { replace: true });
        else await this.#load();
      },
    };
  }

  render() {
    const owner = this.space?.role === 'owner';
    return html`<div class="stack">
      ${owner ? this.#renderAdd() : nothing} ${this.renderProblem()}
      <div class="table">
        <table role="table" aria-label=${t('tab.members')}>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader">${t('name')}</th>
              <th role="columnheader">${t('role')}</th>
              <th role="columnheader">${t('members.since')}</th>
              <th role="columnheader"><span class="visually-hidden">${t('actions')}</span></th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${this.members.map((member) => this.#renderMember(member, owner))}
          </tbody>
        </table>
      </div>
      <ul class="small muted roles">
        ${roles.map(
          (role) =>
            html`<li><strong>${t(`role.${role}`)}</strong> – ${t(`role.${role}.means`)}</li>`,
        )}
      </ul>
      ${
        this.question
          ? html`<confirm-dialog
              .question=${this.question}
              @close=${() => (this.question = null)}
            ></confirm-dialog>`
          : nothing
      }
    </div>`;
  }

  #renderAdd() {
    return html`<form class="card" @submit=${this.#add}>
      <div class="field">
        <label for="name">${t('members.add')}</label>
        <input
          id="name"
          name="name"
          placeholder=${t('loginName')}
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          required
        />
      </div>
      <div class="field">
        <label for="role">${t('role')}</label>
        <select id="role" name="role">
          ${roles.map(
            (role) =>
              html`<option value=${role} ?selected=${role === 'reader'}>
                ${t(`role.${role}`)}
              </option>`,
          )}
        </select>
      </div>
      <button class="primary" ?disabled=${this.busy}>${t('add')}</button>
    </form>`;
  }

  /**
   * @param {Member} member
   * @param {boolean} owner
   */
  #renderMember(member, owner) {
    const { user, role, addedAt } = member;
    const self = user.id === this.user?.id;
    return html`<tr role="row" data-member=${user.name}>
      <td role="cell">
        <strong>${user.displayName || user.name}</strong>
        <span class="muted mono">${user.name}</span>
        ${self ? html`<span class="badge off">${t('members.you')}</span>` : nothing}
      </td>
      <td role="cell" data-label=${t('role')}>
        ${
          owner
            ? html`<select
                aria-label=${t('members.roleOf', { name: user.name })}
                @change=${(/** @type {Event} */ event) => this.#change(member, event)}
              >
                ${roles.map(
                  (one) =>
                    html`<option value=${one} .selected=${one === role}>
                      ${t(`role.${one}`)}
                    </option>`,
                )}
              </select>`
            : t(`role.${role}`)
        }
      </td>
      <td role="cell" data-label=${t('members.since')} class="small">${formatDay(addedAt)}</td>
      <td role="cell" class="end">
        ${
          owner || self
            ? html`<button
                class="quiet danger"
                aria-label=${self ? t('members.leave') : t('members.removeName', { name: user.name })}
                @click=${() => this.#remove(member)}
              >
                ${t(self ? 'members.leave' : 'members.remove')}
              </button>`
            : nothing
        }
      </td>
    </tr>`;
  }
}

customElements.define('space-members', SpaceMembers);
