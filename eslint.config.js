'use strict';

const html = require('eslint-plugin-html');

const node = {
  ...Object.fromEntries(
    [
      'AbortController AbortSignal Buffer URL URLSearchParams WebSocket clearImmediate clearInterval',
      'clearTimeout console fetch module performance process queueMicrotask require setImmediate',
      'setInterval setTimeout structuredClone __dirname __filename',
    ]
      .join(' ')
      .split(' ')
      .map((name) => [name, 'readonly']),
  ),
};

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
  // The service's own page has its own runtime; what is generated is not ours to style.
  { ignores: ['target/', 'test-results/', 'demo-data/', 'src/service/src/', 'docs/'] },
  {
    files: ['**/*.js'],
    languageOptions: { ecmaVersion: 2024, sourceType: 'commonjs', globals: node },
    rules: { ...rules, strict: ['error', 'global'] },
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
