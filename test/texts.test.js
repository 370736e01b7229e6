'use strict';

/*
 * What people read: complete in every language, and only from the catalogues. Looks at the files; the
 * editor's test looks at the editor.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { root } = require('./lib/node-red');

const nodes = path.join(root, 'nodes');
const locales = path.join(nodes, 'locales');
const languages = fs.readdirSync(locales);
const [REFERENCE, ...translations] = ['en-US', ...languages.filter((name) => name !== 'en-US')];

/** Names that are the same in every language. */
const NAMES = ['Secret Manager', 'Secrets', 'SECRETS', 'https://secrets.example.com:8200'];

/** @param {string} file */
function read(file) {
  return fs.readFileSync(file, 'utf8');
}

/**
 * The texts of a catalogue by their whole keys.
 * @param {string} language
 * @param {string} file
 * @returns {Map<string, string>}
 */
function catalogue(language, file) {
  /** @type {Map<string, string>} */
  const texts = new Map();
  const add = (/** @type {object} */ of, prefix = '') => {
    for (const [key, value] of Object.entries(of)) {
      if (typeof value === 'string') texts.set(prefix + key, value);
      else add(value, `${prefix}${key}.`);
    }
  };
  add(JSON.parse(read(path.join(locales, language, file))));
  return texts;
}

const catalogues = filesOf(REFERENCE, '.json');

/**
 * @param {string} language
 * @param {string} extension
 */
function filesOf(language, extension) {
  const files = fs.readdirSync(path.join(locales, language));
  return files.filter((file) => file.endsWith(extension)).sort();
}

for (const language of translations) {
  describe(`The language ${language}`, () => {
    test('has every file', () => {
      for (const extension of ['.json', '.html']) {
        assert.deepEqual(filesOf(language, extension), filesOf(REFERENCE, extension));
      }
    });

    for (const file of catalogues) {
      test(`has every text of ${file}, with the same values in it`, () => {
        const [original, translated] = [catalogue(REFERENCE, file), catalogue(language, file)];
        assert.deepEqual([...translated.keys()].sort(), [...original.keys()].sort());
        for (const [key, text] of original) {
          const translation = translated.get(key) ?? '';
          assert.notEqual(translation.trim(), '', key);
          assert.deepEqual(marks(translation), marks(text), key);
        }
      });
    }

    for (const file of filesOf(REFERENCE, '.html')) {
      test(`has the whole help of ${file}`, () => {
        const [original, translated] = [REFERENCE, language].map((name) =>
          read(path.join(locales, name, file)),
        );
        assert.deepEqual(outline(translated), outline(original));
        // What is code is the same everywhere, but for names that a person makes up.
        assert.equal(codes(translated).length, codes(original).length);
      });
    }
  });
}

describe('The texts', () => {
  const keys = new Set(catalogues.flatMap((file) => [...catalogue(REFERENCE, file).keys()]));
  const sources = sourceFiles(nodes).map((file) => ({ file, code: read(file) }));

  test('are all there that are asked for', () => {
    for (const { file, code } of sources) {
      for (const { key, whole } of asked(code)) {
        const known = whole ? keys.has(key) : [...keys].some((one) => one.startsWith(key));
        assert.ok(known, `${key} in ${path.relative(root, file)}`);
      }
    }
  });

  test('are all asked for that are there', () => {
    const uses = sources.flatMap(({ code }) => asked(code));
    const words = new Set(sources.flatMap(({ code }) => code.match(/\w+/g) ?? []));
    for (const key of keys) {
      const [last] = key.split('.').slice(-1);
      const used = uses.some((use) =>
        // Of a key that is put together, the end stands elsewhere.
        use.whole ? use.key === key : key.startsWith(use.key) && words.has(last),
      );
      assert.ok(used, key);
    }
  });

  test('of a status are there for every situation', () => {
    for (const { file, code } of sources) {
      for (const [, key] of code.matchAll(/new SetupError\('(\w+)'/g)) {
        assert.ok(keys.has(`secret-manager.status.setup.${key}`), `${key} in ${file}`);
      }
      if (path.basename(file) !== 'situation.js') continue;
      for (const [, key] of code.matchAll(/\{ key: '([\w.]+)'/g)) {
        assert.ok(keys.has(`secret-manager.status.${key}`), `${key} in ${file}`);
      }
    }
  });

  test('in the panels come from the catalogues', () => {
    for (const { file, code } of sources.filter((source) => source.file.endsWith('.html'))) {
      const where = path.relative(root, file);
      for (const [, template] of code.matchAll(/data-template-name=[^>]*>([\s\S]*?)<\/script>/g)) {
        assert.equal(template.replace(/<[^>]*>/g, '').trim(), '', where);
        for (const [tag] of template.matchAll(/<[^>]*>/g)) {
          const [, text] = /\s(?:placeholder|title|alt|aria-label)="([^"]*)"/.exec(tag) ?? [];
          if (text !== undefined) assert.ok(NAMES.includes(text), `${text} in ${where}`);
        }
      }
      for (const [, , text] of code.matchAll(
        /(notify\(|\.text\(|(?:text|label|title|paletteLabel): )'([^']*)'/g,
      )) {
        assert.ok(NAMES.includes(text), `${text} in ${where}`);
      }
    }
  });
});

/**
 * Code of the nodes and of the editor, without what is bundled or written for people.
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return place === locales ? [] : sourceFiles(place);
    return /\.(js|html)$/.test(entry.name) ? [place] : [];
  });
}

/**
 * The texts that code asks for; a key that is put together at run time counts by its beginning.
 * @param {string} code
 */
function asked(code) {
  const uses = [];
  for (const [, attribute] of code.matchAll(/data-i18n="([^"]*)"/g)) {
    for (const one of attribute.split(';')) {
      uses.push({ key: one.replace(/^\[\w+\]/, ''), whole: true });
    }
  }
  // Any literal that begins like a key, wherever it stands.
  const literal = /(['`])((?:secret-[a-z]+)\.[\w.-]*)(\$\{|\1(?:\s*\+)?)/g;
  for (const [, , key, end] of code.matchAll(literal)) {
    if (/\.(js|html|svg|json|node)$/.test(key)) continue;
    uses.push({ key, whole: !end.startsWith('$') && !end.endsWith('+') });
  }
  return uses;
}

/**
 * Where values are put into a text.
 * @param {string} text
 */
function marks(text) {
  return [...text.matchAll(/__\w+?__/g)].map(([mark]) => mark).sort();
}

/**
 * The structure of a help text.
 * @param {string} html
 */
function outline(html) {
  return [...html.matchAll(/<(h3|dl|dt|ul|table|pre)\b/g)].map(([, tag]) => tag);
}

/** @param {string} html */
function codes(html) {
  return [...html.matchAll(/<code>[^<]*<\/code>/g)].map(([code]) => code);
}
