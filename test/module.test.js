'use strict';

/* The node's file as Node-RED's palette manager treats it: loaded, removed and loaded again. */

const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { test } = require('node:test');

test('loaded again after an uninstall, it holds messages once and forgets its former self', () => {
  const events = new EventEmitter();
  /** @type {string[]} */
  const hooks = [];
  /** @type {string[]} */
  const routes = [];
  const route = (/** @type {string} */ path) => routes.push(path);
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
    auth: { needsPermission: () => () => {} },
    comms: { publish() {} },
    httpAdmin: { get: route, post: route, put: route, delete: route },
    log: { audit() {}, error() {} },
    nodes: {
      createNode: (/** @type {object} */ created) => Object.assign(created, node),
      getNode: () => null,
      registerType() {},
    },
    settings: {},
    _: (/** @type {string} */ key) => key,
  };
  const starting = { config: { flows: [{ id: 'n', type: 'secret-manager' }] } };

  for (let load = 0; load < 3; load++) {
    require('../nodes/secret-manager')(red);
    events.emit('flows:starting', starting);
    assert.deepEqual(hooks, ['preDeliver.secret-manager']);
    assert.equal(events.listenerCount('flows:started'), 1);
    assert.equal(events.listenerCount('runtime-event'), 1);
  }
  const given = routes.length;
  require('../nodes/secret-manager')(red);
  assert.equal(routes.length, given, 'Node-RED keeps every route that it was ever given');
});
