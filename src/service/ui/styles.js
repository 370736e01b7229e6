/* What the page's components look alike in. */

import { css } from 'lit';

export const shared = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ul,
  ol {
    margin: 0;
    padding: 0;
  }
  h1 {
    font-size: 1.55rem;
    line-height: 1.25;
    font-weight: 650;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.1rem;
    font-weight: 650;
  }
  h1:focus {
    outline: none;
  }
  a {
    color: var(--accent);
    text-underline-offset: 0.15em;
  }
  code,
  pre,
  .mono {
    font-family: var(--mono);
    font-size: 0.92em;
    overflow-wrap: anywhere;
  }
  input.mono {
    font-family: var(--mono) !important;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 0.87rem;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 0.6rem;
    align-items: center;
  }
  .apart {
    justify-content: space-between;
  }
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 1rem;
    align-content: start;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: 12px;
    padding: 1.25rem;
  }

  /* Buttons */
  button,
  .button {
    font: inherit;
    font-weight: 550;
    color: var(--text);
    background: var(--surface);
    border: 1px solid var(--field-line);
    border-radius: 8px;
    padding: 0.4rem 0.85rem;
    min-height: 2.35rem;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4rem;
    cursor: pointer;
    text-decoration: none;
  }
  button:hover:not(:disabled),
  .button:hover {
    border-color: var(--accent);
    color: var(--accent);
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
  }
  button.primary:hover:not(:disabled) {
    color: var(--on-accent);
    filter: brightness(1.08);
  }
  button.danger {
    color: var(--danger);
    border-color: var(--danger);
  }
  button.quiet,
  button.icon {
    background: none;
    border-color: transparent;
  }
  button.icon {
    padding: 0;
    width: 2.2rem;
    min-height: 2.2rem;
    color: var(--muted);
  }
  button.icon:hover:not(:disabled) {
    background: var(--accent-soft);
    border-color: transparent;
  }
  button.link {
    border: 0;
    background: none;
    padding: 0;
    min-height: 0;
    color: var(--accent);
    text-decoration: underline;
    text-underline-offset: 0.15em;
    font-weight: inherit;
    display: inline;
  }
  button:disabled {
    opacity: 0.55;
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }

  /* Fields */
  label,
  legend {
    font-weight: 550;
    font-size: 0.92rem;
    padding: 0;
  }
  fieldset {
    border: 0;
    margin: 0;
    padding: 0;
    min-width: 0;
  }
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.3rem;
    align-content: start;
  }
  input:not([type='radio'], [type='checkbox'], [type='file']),
  select,
  textarea {
    font: inherit;
    color: var(--text);
    background: var(--surface);
    border: 1px solid var(--field-line);
    border-radius: 8px;
    padding: 0.4rem 0.65rem;
    min-height: 2.35rem;
    width: 100%;
    min-width: 0;
  }
  textarea {
    font-family: var(--mono);
    font-size: 0.9rem;
    min-height: 7.5rem;
    resize: vertical;
    tab-size: 2;
  }
  input[type='radio'],
  input[type='checkbox'] {
    accent-color: var(--accent);
    width: 1.05rem;
    height: 1.05rem;
    margin: 0;
    flex: none;
  }
  [aria-invalid='true'] {
    border-color: var(--danger) !important;
  }
  .choice {
    display: inline-flex;
    gap: 0.45rem;
    align-items: center;
    font-weight: 450;
    min-height: 1.7rem;
  }
  .hint {
    color: var(--muted);
    font-size: 0.87rem;
  }
  .mistake {
    color: var(--danger);
    font-size: 0.87rem;
  }

  /* Notes */
  .note {
    border-radius: 8px;
    padding: 0.7rem 0.9rem;
    background: var(--accent-soft);
  }
  .note ul {
    padding-inline-start: 1.2rem;
  }
  .note.warning {
    background: var(--warning-soft);
    color: var(--warning);
  }
  .note.danger {
    background: var(--danger-soft);
    color: var(--danger);
  }
  .badge {
    display: inline-block;
    border-radius: 999px;
    padding: 0.05rem 0.6rem;
    font-size: 0.8rem;
    font-weight: 550;
    background: var(--accent-soft);
    color: var(--accent);
    white-space: nowrap;
  }
  .badge.off {
    background: none;
    color: var(--muted);
    box-shadow: inset 0 0 0 1px var(--line);
  }

  /* Dialogs */
  dialog {
    width: min(34rem, calc(100vw - 1.5rem));
    max-width: none;
    max-height: calc(100dvh - 1.5rem);
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--surface);
    color: var(--text);
    box-shadow: 0 20px 60px rgb(0 0 0 / 30%);
    overflow: hidden;
  }
  dialog[open] {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
  }
  dialog.wide {
    width: min(52rem, calc(100vw - 1.5rem));
  }
  dialog::backdrop {
    background: rgb(10 14 22 / 45%);
  }
  dialog > header {
    display: flex;
    justify-content: space-between;
    align-items: start;
    gap: 1rem;
    padding: 0.9rem 0.9rem 0.5rem 1.25rem;
  }
  dialog h2 {
    padding-top: 0.25rem;
    overflow-wrap: anywhere;
  }
  dialog > .body {
    padding: 0.5rem 1.25rem 1.25rem;
    overflow: auto;
  }

  /* Tables, which become lists where there is no room. */
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th {
    text-align: start;
    font-size: 0.8rem;
    font-weight: 550;
    color: var(--muted);
    padding: 0.5rem 0.75rem;
    white-space: nowrap;
  }
  td {
    padding: 0.6rem 0.75rem;
    border-top: 1px solid var(--line);
    vertical-align: middle;
    overflow-wrap: anywhere;
  }
  .table {
    container-type: inline-size;
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: 12px;
    overflow: hidden;
  }
  .nowrap {
    white-space: nowrap;
  }
  .end {
    text-align: end;
    justify-content: end;
  }
  .empty {
    padding: 2.5rem 1rem;
    text-align: center;
    color: var(--muted);
  }
  .visually-hidden {
    position: absolute !important;
    width: 1px !important;
    height: 1px !important;
    min-height: 0 !important;
    padding: 0 !important;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  @container (max-width: 44rem) {
    thead {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
    table,
    tbody,
    tr,
    td {
      display: block;
    }
    tr {
      padding: 0.7rem 0.9rem;
      border-top: 1px solid var(--line);
    }
    tbody tr:first-child {
      border-top: 0;
    }
    td {
      border: 0;
      padding: 0.15rem 0;
    }
    td[data-label] {
      display: inline-block;
      margin-inline-end: 1rem;
      font-size: 0.87rem;
    }
    td[data-label]::before {
      content: attr(data-label) ': ';
      color: var(--muted);
    }
    td .quiet {
      margin-inline-start: -0.85rem;
      margin-inline-end: 0.85rem;
    }
    td.end,
    td .end {
      text-align: start;
      justify-content: start;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    button {
      transition:
        background-color 120ms,
        border-color 120ms,
        color 120ms;
    }
  }
`;
