import { html, nothing } from 'lit';
import { t } from '../../src/service/ui/texts.js';
import * as editor from './editor.js';

/**
 * A node by its name, which leads to it in the editor.
 * @param {string} id
 * @param {string | null} [name] where the editor doesn't have it, as inside a subflow's instance
 */
export function nodeLink(id, name) {
  const place = editor.place(id);
  if (!place) return name ? html`<span>${name}</span>` : nothing;
  const { label, flow } = place;
  const where = flow === null ? label : t('usage.in', { label, flow });
  return html`<button
    class="link"
    data-node=${id}
    title=${where}
    aria-label=${t('status.go', { label: where })}
    @click=${() => editor.reveal(id)}
  >
    ${label}
  </button>`;
}
