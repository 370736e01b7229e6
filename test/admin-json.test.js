'use strict';

/* Members of JSON objects, as they are written. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Unreadable, memberTexts } = require('../nodes/lib/admin/json');

test('each member is as it is written', () => {
  for (const [text, members] of /** @type {Array<[string, Record<string, string>]>} */ ([
    ['{}', {}],
    [' {\r\n\t} ', {}],
    ['{"a":1}', { a: '1' }],
    ['{ "a" : 1.000 , "b" : "x, }" }', { a: '1.000', b: '"x, }"' }],
    ['{"a":12345678901234567890.10}', { a: '12345678901234567890.10' }],
    ['{"a":{"b":[1, {"c":"]}"}]} ,"d":[]}', { a: '{"b":[1, {"c":"]}"}]}', d: '[]' }],
    ['{"a":"\\"","b\\u0041":"\\\\"}', { a: '"\\""', bA: '"\\\\"' }],
    ['{"a":1,"a":2}', { a: '2' }],
    ['{"__proto__":null}', JSON.parse('{"__proto__":"null"}')],
    ['{"":true}', { '': 'true' }],
  ])) {
    assert.deepEqual([...memberTexts(text)], Object.entries(members), text);
  }
});

test('what is no object of members is told by its place', () => {
  for (const [text, at] of /** @type {Array<[string, number]>} */ ([
    ['', 0],
    ['  ', 2],
    ['[]', 0],
    ['"a"', 0],
    ['{', 1],
    ['{a:1}', 1],
    ['{"a"}', 4],
    ['{"a":}', 5],
    ['{"a":1', 6],
    ['{"a":1,}', 7],
    ['{"a":1 "b":2}', 7],
    ['{"a":"', 6],
    ['{"a":"\\', 7],
    ['{"a":[1}', 8],
    ['{"a":{"b":1}', 12],
    ['{"a":1} x', 8],
    ['{"a\n":1}', 1],
    ['{"\\x":1}', 1],
  ])) {
    assert.throws(
      () => memberTexts(text),
      (error) => error instanceof Unreadable && error.at === at,
      `${text} at ${at}`,
    );
  }
});

test('deep and large ones are read as well', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const large = JSON.stringify('x"\\'.repeat(1_000_000));
  const members = memberTexts(`{"deep":${deep},"large":${large}}`);
  assert.equal(members.get('deep'), deep);
  assert.equal(members.get('large'), large);
});

test('whatever JSON.stringify writes is taken apart as it was put together', () => {
  const values = [
    0,
    -1.5e300,
    'ünï "cödé" \\ \n',
    null,
    true,
    [],
    {},
    [[{ a: ['}'] }]],
    { b: '{' },
  ];
  for (const one of values) {
    for (const other of values) {
      for (const space of [0, 2, '\t']) {
        const text = JSON.stringify({ one, 'o"t}h:e,r': other }, null, space);
        const members = memberTexts(text);
        assert.deepEqual(JSON.parse(members.get('one') ?? ''), one);
        assert.deepEqual(JSON.parse(members.get('o"t}h:e,r') ?? ''), other);
      }
    }
  }
});
