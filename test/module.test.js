'use strict';

/* The node's file as Node-RED's palette manager treats it: loaded, removed and loaded again. */

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');

test('loaded again after an uninstall, it holds messages once and forgets its former self', () => {
  const events = new EventEmitter();
  /** @type {string[]} */
  const hooks = [];
  /** What Node-RED was given, for good. @type {Map<string, Function>} */
  const routes = new Map();
  const taking =
    (/** @type {string} */ method) =>
    (/** @type {string} */ path, /** @type {Function} */ handler) => {
      const route = `${method} ${path}`;
      assert.ok(!routes.has(route), `${route} is there already`);
      routes.set(route, handler);
    };
  let outcome = '';
  const asked = (/** @type {string} */ route) => {
    outcome = '';
    routes.get(route)?.({}, {}, () => (outcome = 'not ours'));
    return outcome;
  };
  const encodeObject = () => {};
  const node = {
    context: () => ({ global: { get() {}, set() {} } }),
  };
  const red = {
    events,
    hooks: {
      add(/** @type {string} */ name) {
        assert.ok(!hooks.includes(name), `${name} is there already`);
        hooks.push(name);
      },
      remove: (/** @type {string} */ name) => hooks.splice(hooks.indexOf(name), 1),
    },
    auth: { needsPermission: () => () => (outcome = 'answered') },
    comms: { publish() {} },
    httpAdmin: Object.fromEntries(
      ['get', 'post', 'put', 'delete'].map((method) => [method, taking(method)]),
    ),
    log: { addHandler() {}, audit() {}, error() {}, info() {}, warn() {} },
    nodes: {
      createNode: (/** @type {object} */ created) => Object.assign(created, node),
      getCredentials: () => undefined,
      getNode: () => null,
      registerType() {},
    },
    settings: {},
    util: {
      cloneMessage: (/** @type {any} */ message) => message,
      encodeObject,
      evaluateNodeProperty: () => '',
      getObjectProperty: () => undefined,
    },
    _: (/** @type {string} */ key) => key,
  };
  const starting = { config: { flows: [{ id: 'n', type: 'secret-manager' }] } };

  for (let load = 0; load < 3; load++) {
    require('../nodes/secret-manager')(red);
    events.emit('flows:starting', starting);
    assert.deepEqual(hooks, ['preDeliver.secret-manager']);
    assert.equal(events.listenerCount('flows:started'), 1);
    assert.equal(events.listenerCount('runtime-event'), 1);
    assert.equal(events.listenerCount('node-status'), 1);
    assert.notEqual(red.util.encodeObject, encodeObject);
  }
  const given = routes.size;
  // Of another package's removal nothing changes here.
  events.emit('runtime-event', { id: 'node/removed', payload: [{ types: ['other'] }] });
  assert.equal(asked('get /secret-manager/status'), 'answered');
  events.emit('runtime-event', { id: 'node/removed', payload: [{ types: ['secret-manager'] }] });
  for (const route of routes.keys()) assert.equal(asked(route), 'not ours', route);
  assert.equal(events.listenerCount('node-status'), 0);
  assert.equal(red.util.encodeObject, encodeObject);
  require('../nodes/secret-manager')(red);
  for (const route of routes.keys()) assert.equal(asked(route), 'answered', route);
  assert.equal(routes.size, given);
});
