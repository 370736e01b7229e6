/* What all components of the page have in common. */

import { LitElement, html, nothing } from 'lit';
import { Problem, explain, place } from './problem.js';
import { shared } from './styles.js';
import { language, t } from './texts.js';

export class Element extends LitElement {
  static styles = [shared];

  static properties = {
    problem: { state: true },
    busy: { state: true },
  };

  constructor() {
    super();
    /** What went wrong last. @type {Problem | null} */
    this.problem = null;
    /** Something is being done that isn't to be done twice. */
    this.busy = false;
  }

  #translate = () => this.requestUpdate();

  connectedCallback() {
    super.connectedCallback();
    language.addEventListener('change', this.#translate);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    language.removeEventListener('change', this.#translate);
  }

  /**
   * Does something that the service may refuse; what it says is then in `problem`.
   * @template Result
   * @param {() => Promise<Result>} action
   * @returns {Promise<Result | undefined>}
   */
  async attempt(action) {
    this.busy = true;
    try {
      return await this.#explained(action);
    } finally {
      this.busy = false;
    }
  }

  #questions = 0;

  /**
   * Asks for something that may be asked for again at any time. An answer is none when there was a newer
   * question: its answer may be there already. People can go on meanwhile, so nothing is busy.
   * @template Result
   * @param {() => Promise<Result>} question
   * @returns {Promise<Result | undefined>}
   */
  async attemptNewest(question) {
    const number = ++this.#questions;
    const answer = await this.#explained(question);
    return number === this.#questions ? answer : undefined;
  }

  /**
   * @template Result
   * @param {() => Promise<Result>} action
   * @returns {Promise<Result | undefined>}
   */
  async #explained(action) {
    this.problem = null;
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      // Somebody has changed our role meanwhile: what is offered has to follow.
      if (error.code === 'role_insufficient') this.tell('space-changed');
      return undefined;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} [detail]
   */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /** Shows a short text for a while, and has screen readers say it. @param {string} text */
  announce(text) {
    this.tell('announce', text);
  }

  /**
   * @param {string} text
   * @param {string} done what is said then
   */
  async copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.announce(done);
    } catch {
      // Browsers may ask the person, or allow it on secure pages only.
      this.announce(t('copy.failed'));
    }
  }

  /** @param {Record<string, string>} [texts] for codes that mean something special here */
  renderProblem(texts = {}) {
    const { problem } = this;
    if (!problem) return nothing;
    const special = texts[problem.code];
    return html`<div class="note danger" role="alert">
      <p>${special ? t(special) : explain(problem)}</p>
      ${
        problem.mistakes.length > 0
          ? html`<ul>
              ${problem.mistakes.map((mistake) => html`<li>${place(mistake)}</li>`)}
            </ul>`
          : nothing
      }
    </div>`;
  }
}

/**
 * What was typed into a form.
 * @param {SubmitEvent} event
 */
export function typed(event) {
  event.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
  /** @param {string} name */
  return (name) => String(data.get(name) ?? '');
}
