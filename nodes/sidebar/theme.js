/*
 * The editor's looks for the parts that were made for a page. Only its variables are used, so that
 * every theme fits; where one of its colours would be hard to read, it is mixed with that of texts.
 */

import { css } from 'lit';

export const theme = css`
  :host {
    --page: var(--red-ui-tertiary-background);
    --surface: var(--red-ui-secondary-background);
    --text: var(--red-ui-primary-text-color);
    --muted: color-mix(in srgb, var(--text) 88%, var(--surface));
    --line: var(--red-ui-secondary-border-color);
    --field-line: color-mix(in srgb, var(--text) 45%, var(--surface));
    --accent: color-mix(in srgb, var(--red-ui-text-color-link) 62%, var(--text));
    --on-accent: var(--surface);
    --accent-soft: color-mix(in srgb, var(--red-ui-text-color-link) 10%, var(--surface));
    --danger: color-mix(in srgb, var(--red-ui-text-color-error) 80%, var(--text));
    --danger-soft: color-mix(in srgb, var(--red-ui-text-color-error) 9%, var(--surface));
    --warning: color-mix(in srgb, var(--red-ui-text-color-warning) 30%, var(--text));
    --warning-soft: color-mix(in srgb, var(--red-ui-text-color-warning) 14%, var(--surface));
    --mono: var(--red-ui-monospace-font);
    /* The parts measure in rem, and one rem is 16px here; the editor's sidebars have 13px. */
    zoom: 0.8125;
    font: 1rem/1.45 var(--red-ui-primary-font);
    color: var(--text);
    background: var(--surface);
    height: 100%;
    overflow: auto;
  }
`;
