'use strict';

/* The parts of the sidebar that need no browser: texts and ages. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { root } = require('./lib/node-red');
const { areInUse, areThere, areTranslated } = require('./lib/texts');

const sidebar = path.join(root, 'nodes/sidebar');
const load = (/** @type {string} */ file) => import(path.join(sidebar, file));

const code = fs
  .readdirSync(sidebar)
  .filter((name) => name.endsWith('.js'))
  .map((name) => fs.readFileSync(path.join(sidebar, name), 'utf8'))
  .join('\n');

describe('The texts of the sidebar', () => {
  test('are there in both languages, with the same values in them', async () => {
    const { en } = await load('texts/en.js');
    const { de } = await load('texts/de.js');
    areTranslated(en, de);
  });

  test('are there for every key that the code asks for', async () => {
    const { en } = await load('texts/en.js');
    areThere(en, code, 40);
  });

  test('are all in use', async () => {
    const { en } = await load('texts/en.js');
    const { parts } = await import(path.join(root, 'src/service/ui/texts/parts-en.js'));
    // Those that replace a text of the parts, or say what a code means, aren't named here.
    const own = Object.keys(en).filter((key) => !(key in parts) && !key.startsWith('problem.'));
    areInUse(own, code);
  });
});

test('Ages are told in plain words', async () => {
  const { age } = await load('age.js');
  const now = Date.parse('2026-03-10T12:00:00Z');
  /** @type {Array<[time: string, language: string, text: string]>} */
  const ages = [
    ['2026-03-10T12:00:00.400Z', 'en', 'now'],
    ['2026-03-10T11:59:59Z', 'en', '1 second ago'],
    ['2026-03-10T11:59:00Z', 'en', '1 minute ago'],
    ['2026-03-10T11:58:01Z', 'en', '1 minute ago'],
    ['2026-03-10T09:30:00Z', 'en', '2 hours ago'],
    ['2026-03-09T12:00:00Z', 'en', 'yesterday'],
    ['2026-02-01T12:00:00Z', 'en', 'last month'],
    ['2020-03-10T12:00:00Z', 'en', '5 years ago'],
    ['2026-03-10T12:00:42Z', 'en', 'in 42 seconds'],
    ['2026-03-10T12:30:00Z', 'de', 'in 30 Minuten'],
    ['2026-03-10T11:00:00Z', 'de', 'vor 1 Stunde'],
  ];
  for (const [time, language, text] of ages) assert.equal(age(time, now, language), text);
});
