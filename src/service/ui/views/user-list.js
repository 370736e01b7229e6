import { css, html, nothing } from 'lit';
import { api } from '../api.js';
import { Element, typed } from '../element.js';
import { icons } from '../icons.js';
import { formatTime, t } from '../texts.js';
import { closeDialog, dialog } from '../parts/dialog.js';
import '../parts/confirm-dialog.js';
import '../parts/one-time.js';

/** @import { Account, Invitation, User } from '../types.js' */
/** @import { Question } from '../parts/confirm-dialog.js' */

/** @typedef {{ kind: 'new' } | { kind: 'edit', account: Account } | { kind: 'link', name: string, invitation: Invitation } | { kind: 'ask', question: Question }} Open */

/** Everybody's accounts, for administrators. */
export class UserList extends Element {
  static properties = {
    ...Element.properties,
    user: { attribute: false },
    accounts: { state: true },
    open: { state: true },
  };

  static styles = [
    ...Element.styles,
    css`
      td .row {
        gap: 0.3rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {User | undefined} */
    this.user = undefined;
    /** @type {Account[]} */
    this.accounts = [];
    /** @type {Open | null} */
    this.open = null;
  }

  /** What opens when the dialog that is open has closed. @type {Open | null} */
  #next = null;

  connectedCallback() {
    super.connectedCallback();
    void this.attempt(() => this.#load());
  }

  async #load() {
    this.accounts = await api.users();
  }

  /** @param {SubmitEvent} event */
  async #create(event) {
    const field = typed(event);
    await this.attempt(async () => {
      const { user, invitation } = await api.createUser({
        name: field('name').trim(),
        administrator: field('administrator') === 'on',
        ...(field('displayName') && { displayName: field('displayName') }),
      });
      this.open = { kind: 'link', name: user.name, invitation };
      await this.#load();
    });
  }

  /**
   * @param {Account} account
   * @param {SubmitEvent} event
   */
  async #save(account, event) {
    const field = typed(event);
    await this.attempt(async () => {
      await api.updateUser(account.id, {
        displayName: field('displayName'),
        administrator: field('administrator') === 'on',
        disabled: field('disabled') === 'on',
      });
      await this.#load();
    });
    if (!this.problem) this.#close();
  }

  /** @param {Account} account */
  #invite({ id, name }) {
    this.#ask({
      heading: t('users.inviteHeading', { name }),
      text: t('users.inviteText'),
      confirm: t('users.invite'),
      action: async () => {
        const invitation = await api.invite(id);
        await this.#load();
        this.#next = { kind: 'link', name, invitation };
      },
    });
  }

  /** @param {Account} account */
  #delete({ id, name }) {
    this.#ask({
      heading: t('users.deleteHeading', { name }),
      text: t('users.deleteText'),
      confirm: t('users.delete'),
      dangerous: true,
      action: async () => {
        await api.deleteUser(id);
        await this.#load();
      },
    });
  }

  /** @param {Question} question */
  #ask(question) {
    this.open = { kind: 'ask', question };
  }

  #close() {
    closeDialog(this);
  }

  render() {
    return html`<div class="stack">
      <div class="row apart">
        <h1 tabindex="-1">${t('users')}</h1>
        <button class="primary" @click=${() => (this.open = { kind: 'new' })}>
          ${icons.plus} ${t('users.create')}
        </button>
      </div>
      ${this.open ? nothing : this.renderProblem()}
      <div class="table">
        <table role="table" aria-label=${t('users')}>
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader">${t('name')}</th>
              <th role="columnheader">${t('users.state')}</th>
              <th role="columnheader">${t('users.lastSignIn')}</th>
              <th role="columnheader"><span class="visually-hidden">${t('actions')}</span></th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            ${this.accounts.map((account) => this.#renderAccount(account))}
          </tbody>
        </table>
      </div>
      ${this.#renderOpen()}
    </div>`;
  }

  /** @param {Account} account */
  #renderAccount(account) {
    const { id, name, displayName, administrator, state, lastSignInAt } = account;
    return html`<tr role="row" data-user=${name}>
      <td role="cell">
        <strong>${displayName || name}</strong> <span class="muted mono">${name}</span>
        ${administrator ? html`<span class="badge">${t('administrator')}</span>` : nothing}
      </td>
      <td role="cell" data-label=${t('users.state')}>${t(`users.state.${state}`)}</td>
      <td role="cell" class="small" data-label=${t('users.lastSignIn')}>
        ${lastSignInAt ? formatTime(lastSignInAt) : t('never')}
      </td>
      <td role="cell">
        <div class="row end">
          <button
            class="quiet"
            aria-label=${t('users.editName', { name })}
            @click=${() => (this.open = { kind: 'edit', account })}
          >
            ${t('edit')}
          </button>
          <button
            class="quiet"
            aria-label=${t('users.inviteName', { name })}
            @click=${() => this.#invite(account)}
          >
            ${t('users.link')}
          </button>
          ${
            id === this.user?.id
              ? nothing
              : html`<button
                  class="quiet danger"
                  aria-label=${t('users.deleteName', { name })}
                  @click=${() => this.#delete(account)}
                >
                  ${t('delete')}
                </button>`
          }
        </div>
      </td>
    </tr>`;
  }

  #renderOpen() {
    const { open } = this;
    const close = () => {
      this.open = this.#next;
      this.#next = null;
      this.problem = null;
    };
    switch (open?.kind) {
      case 'new':
        return dialog({ heading: t('users.create'), close }, this.#renderForm(null));
      case 'edit':
        return dialog(
          { heading: t('users.editName', { name: open.account.name }), close },
          this.#renderForm(open.account),
        );
      case 'link':
        return dialog(
          { heading: t('users.linkHeading', { name: open.name }), close },
          html`
            <one-time
              .label=${t('users.linkLabel')}
              .value=${new URL(open.invitation.url, location.origin).href}
              .hint=${t('users.linkHint', { at: formatTime(open.invitation.expiresAt) })}
            ></one-time>
          `,
        );
      case 'ask':
        return html`<confirm-dialog .question=${open.question} @close=${close}></confirm-dialog>`;
      default:
        return nothing;
    }
  }

  /** @param {Account | null} account */
  #renderForm(account) {
    const submit = account
      ? (/** @type {SubmitEvent} */ event) => this.#save(account, event)
      : this.#create;
    return html`<form class="stack" @submit=${submit}>
      ${
        account
          ? nothing
          : html`<div class="field">
              <label for="name">${t('loginName')}</label>
              <input
                id="name"
                name="name"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                autofocus
                required
              />
            </div>`
      }
      <div class="field">
        <label for="displayName">${t('displayName')}</label>
        <input
          id="displayName"
          name="displayName"
          .value=${account?.displayName ?? ''}
          autocomplete="off"
          ?autofocus=${account !== null}
        />
      </div>
      <label class="choice">
        <input type="checkbox" name="administrator" .checked=${account?.administrator ?? false} />
        ${t('users.isAdministrator')}
      </label>
      ${
        account
          ? html`<label class="choice">
              <input type="checkbox" name="disabled" .checked=${account.state === 'disabled'} />
              ${t('users.isDisabled')}
            </label>`
          : nothing
      }
      ${this.renderProblem()}
      <div class="row end">
        <button type="button" @click=${this.#close}>${t('cancel')}</button>
        <button class="primary" ?disabled=${this.busy}>
          ${t(account ? 'save' : 'users.createConfirm')}
        </button>
      </div>
    </form>`;
  }
}

customElements.define('user-list', UserList);
