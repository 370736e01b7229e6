'use strict';

/* The parts of the service's page that need no browser: texts, JSON as it is typed, names. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { root } = require('./lib/node-red');
const { areInUse, areThere, areTranslated } = require('./lib/texts');

const page = path.join(root, 'src/service/ui');
const load = (/** @type {string} */ file) => import(path.join(page, file));

/**
 * The page's own code.
 * @param {string[]} folders
 */
function sources(...folders) {
  const files = folders.flatMap((folder) =>
    fs.readdirSync(path.join(page, folder)).map((name) => path.join(page, folder, name)),
  );
  const code = files.filter((file) => file.endsWith('.js'));
  return code.map((file) => fs.readFileSync(file, 'utf8')).join('\n');
}

const everything = sources('.', 'parts', 'views');

describe('The texts of the page', () => {
  test('are there in both languages, with the same values in them', async () => {
    const { en } = await load('texts/en.js');
    const { de } = await load('texts/de.js');
    areTranslated(en, de);
  });

  test('are there for every key that the code asks for', async () => {
    const { en } = await load('texts/en.js');
    areThere(en, everything, 150);
  });

  test('come with the parts, which Node-RED’s sidebar shows as well', async () => {
    const { parts } = await load('texts/parts-en.js');
    areThere(parts, sources('parts'), 80);
  });

  test('are all in use', async () => {
    const { en } = await load('texts/en.js');
    areInUse(Object.keys(en), everything);
  });
});

describe('The activity', () => {
  test('has a name and a filter for everything that is recorded', async () => {
    const { en } = await load('texts/en.js');
    const rust = fs.readFileSync(path.join(root, 'src/manager/src/audit/mod.rs'), 'utf8');
    const recorded = [...rust.matchAll(/^ {4}\w+ = "([a-z_.]+)",$/gm)].map(([, name]) => name);
    assert.ok(recorded.length > 25, String(recorded.length));
    const view = fs.readFileSync(path.join(page, 'views/activity-log.js'), 'utf8');
    for (const action of recorded) {
      assert.ok(`audit.${action}` in en, action);
      assert.ok(view.includes(`'${action}'`), action);
    }
  });
});

describe('JSON as it is typed', () => {
  /** @type {Array<[text: string, line: number, column: number, reason: string]>} */
  const mistakes = [
    ['', 1, 1, 'json.ended'],
    ['{', 1, 2, 'json.ended'],
    ['{"a":1', 1, 7, 'json.ended'],
    ['"text', 1, 6, 'json.ended'],
    ['{a:1}', 1, 2, 'json.name'],
    ["{'a':1}", 1, 2, 'json.name'],
    ['{"a":1,}', 1, 8, 'json.name'],
    ['{"a" 1}', 1, 6, 'json.colon'],
    ['{"a":}', 1, 6, 'json.value'],
    ['{"a":1 "b":2}', 1, 8, 'json.commaOrBrace'],
    ['[1 2]', 1, 4, 'json.commaOrBracket'],
    ['[1,]', 1, 4, 'json.value'],
    ['tru', 1, 1, 'json.value'],
    ['trues', 1, 1, 'json.value'],
    ['NaN', 1, 1, 'json.value'],
    ['01', 1, 2, 'json.zero'],
    ['-', 1, 2, 'json.ended'],
    ['1.x', 1, 3, 'json.digit'],
    ['1e', 1, 3, 'json.ended'],
    ['1 2', 1, 3, 'json.after'],
    ['"\\x"', 1, 2, 'json.escape'],
    ['"\\u12G4"', 1, 2, 'json.escape'],
    ['"a\nb"', 1, 3, 'json.control'],
    ['{\n  "a": 1,\r\n  "b": oops\n}', 3, 8, 'json.value'],
    ['{"🔑🔑": x}', 1, 8, 'json.value'],
    ['[\r\r  x]', 3, 3, 'json.value'],
    [`${'['.repeat(2000)}`, 1, 1001, 'json.depth'],
  ];

  test('is told the place of its first mistake', async () => {
    const { firstMistake } = await load('json.js');
    for (const [text, line, column, reason] of mistakes) {
      const { found, ...place } = firstMistake(text);
      assert.deepEqual(place, { line, column, reason }, text);
      assert.equal(typeof found, 'string');
    }
  });

  test('is right exactly when JavaScript takes it', async () => {
    const { firstMistake } = await load('json.js');
    const good = ['{"a":[1,-0.5e+10,"\\u00e9\\n",true,false,null,{}]," ":[[]]}', ' \t\n1\r ', '""'];
    for (const text of good) assert.equal(firstMistake(text), null, text);
    // Every way to leave out or double one character of a document that has everything.
    for (let at = 0; at < good[0].length; at += 1) {
      for (const text of [
        good[0].slice(0, at) + good[0].slice(at + 1),
        good[0].slice(0, at) + good[0][at] + good[0].slice(at),
        good[0].slice(0, at),
      ]) {
        assert.equal(firstMistake(text) === null, parses(text), text);
      }
    }
  });

  test('is written out with a line for each member', async () => {
    const { formatted } = await load('json.js');
    const text = '{"a":[1.10,{"b":"{,}\\\\\\"[:]"}],"c":{},"d":[ ],"e":null}';
    assert.equal(formatted(text).split('\n')[2], '    1.10,');
    assert.deepEqual(JSON.parse(formatted(text)), JSON.parse(text));
    assert.equal(
      formatted(text),
      JSON.stringify(JSON.parse(text), null, 2).replace('1.1,', '1.10,'),
    );
    assert.equal(formatted(formatted(text)), formatted(text));
    assert.equal(formatted(' "x" '), '"x"');
  });

  test('keeps every digit', async () => {
    const { memberTexts } = await load('json.js');
    const answer = '{"key":"A","value": {"n": 1.10, "big": 12345678901234567890} ,"version":1}';
    const members = memberTexts(answer);
    assert.equal(members.get('value'), '{"n": 1.10, "big": 12345678901234567890}');
    assert.equal(members.get('version'), '1');
  });
});

/** @param {string} text */
function parses(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('Names of secrets', () => {
  test('are refused where the service refuses them, with the reason', async () => {
    const { nameMistake } = await load('names.js');
    for (const name of ['A', '_', 'a.b-c_1', 'x'.repeat(256)]) {
      assert.equal(nameMistake(name), null, name);
    }
    const reasons = {
      '': 'name.empty',
      '1A': 'name.first',
      Ä: 'name.first',
      '.a': 'name.first',
      'a b': 'name.space',
      aé: 'name.character',
      'a/b': 'name.character',
      constructor: 'name.reserved',
      toJSON: 'name.reserved',
      ['x'.repeat(257)]: 'name.long',
    };
    for (const [name, reason] of Object.entries(reasons)) {
      assert.equal(nameMistake(name)?.[0], reason, name);
    }
  });

  test('that the page refuses as JavaScript’s own are those of the service', async () => {
    const { nameMistake } = await load('names.js');
    const rust = fs.readFileSync(path.join(root, 'src/model/src/name.rs'), 'utf8');
    const [, list] = /const RESERVED[^=]*= \[([^\]]*)\]/.exec(rust) ?? [];
    const names = [...(list ?? '').matchAll(/"(\w+)"/g)].map(([, name]) => name);
    assert.ok(names.length > 10);
    for (const name of names) assert.equal(nameMistake(name)?.[0], 'name.reserved', name);
  });

  test('get a better one proposed', async () => {
    const { betterName } = await load('names.js');
    assert.equal(betterName('PRODUCT_A_API_KEY'), null);
    assert.equal(betterName('db password'), 'DB_PASSWORD');
    assert.equal(betterName('dbPassword'), 'DB_PASSWORD');
    assert.equal(betterName('HTTPServer.url'), 'HTTP_SERVER_URL');
    assert.equal(betterName('größe'), 'GROSSE');
    assert.equal(betterName('1st'), '_1ST');
    assert.equal(betterName('!'), null);
  });

  test('become what a flow writes', async () => {
    const { flowPath } = await load('names.js');
    assert.equal(flowPath('DB'), 'global.SECRETS.DB');
    assert.equal(flowPath('mqtt.user'), 'global.SECRETS["mqtt.user"]');
    assert.equal(flowPath('a-b', 'global.OTHER'), 'global.OTHER["a-b"]');
  });
});
