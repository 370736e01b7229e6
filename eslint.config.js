'use strict';

const html = require('eslint-plugin-html');

const node = globals(
  'AbortController AbortSignal Buffer URL URLSearchParams WebSocket clearImmediate clearInterval',
  'clearTimeout console fetch module performance process queueMicrotask require setImmediate',
  'setInterval setTimeout structuredClone __dirname __filename',
);

const browser = globals(
  'Blob CustomEvent Event EventSource EventTarget FormData HTMLAnchorElement HTMLDialogElement',
  'HTMLElement Intl URL URLSearchParams clearTimeout customElements document fetch history',
  'localStorage location navigator queueMicrotask setTimeout window',
);

/** @param {string[]} names */
function globals(...names) {
  return Object.fromEntries(
    names
      .join(' ')
      .split(' ')
      .map((name) => [name, 'readonly']),
  );
}

const rules = {
  ...require('@eslint/js').configs.recommended.rules,
  curly: ['error', 'multi-line'],
  eqeqeq: 'error',
  'no-implicit-globals': 'error',
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
  'no-var': 'error',
  'prefer-const': 'error',
};

module.exports = [
  // What is generated is not ours to style.
  {
    ignores: [
      'target/',
      'test-results/',
      'demo-data/',
      'resources/',
      'src/service/ui/dist/',
      'docs/',
    ],
  },
  {
    files: ['**/*.js'],
    ignores: ['src/service/ui/', 'nodes/sidebar/'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'commonjs', globals: node },
    rules: { ...rules, strict: ['error', 'global'] },
  },
  {
    files: ['src/service/ui/**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'module', globals: browser },
    rules,
  },
  {
    files: ['nodes/sidebar/**/*.js'],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: 'module',
      globals: {
        ...browser,
        $: 'readonly',
        IntersectionObserver: 'readonly',
        RED: 'readonly',
      },
    },
    rules,
  },
  {
    files: ['nodes/*.html'],
    plugins: { html },
    settings: { 'html/javascript-mime-types': ['text/javascript'] },
    languageOptions: {
      ecmaVersion: 2020,
      sourceType: 'script',
      globals: { $: 'readonly', RED: 'readonly', document: 'readonly', window: 'readonly' },
    },
    rules,
  },
];
