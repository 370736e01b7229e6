'use strict';

/*
 * What the editor asks this package for, below `secret-manager/`. `routes` is all there is: the list
 * that is served is the one that the tests walk.
 *
 * Node-RED can't take a route back. So what it is given only looks up whether the package is there,
 * and with which code: not after it was removed, and with its present one after another install.
 */

const { changes } = require('../keeper');
const { Announcer } = require('./announcer');
const { Answer } = require('./answer');
const { refuseCrossSite } = require('./origin');
const { described } = require('./problem');
const published = require('./published');
const vault = require('./vault');

/**
 * @typedef {import('../types').Red} Red
 *
 * @typedef {object} Call
 * @property {Red} RED
 * @property {any} request
 * @property {string | null} actor the name of the user, where there are users
 * @property {Record<string, string>} audited what the audit log is to say about it
 *
 * @typedef {object} Route
 * @property {'get' | 'post' | 'put' | 'delete'} method
 * @property {string} path below `/secret-manager`
 * @property {'secrets.read' | 'secrets.reveal' | 'secrets.write'} permission
 * @property {string} [event] how it is called in Node-RED's audit log; what only lists isn't logged
 * @property {(call: Call) => unknown} answer what goes out as JSON, an `Answer`, or nothing
 *
 * @typedef {object} Slot what survives this file being loaded again
 * @property {Set<string>} known what Node-RED was given
 * @property {Map<string, (request: any, response: any) => void>} handlers
 */

const TYPE = 'secret-manager';
const TOPIC = 'secret-manager/changed';
const SLOT = Symbol.for('@secret-manager/node-red/admin');

/** @type {Route[]} */
const routes = [...published.routes, ...vault.routes];

/**
 * @param {Red} RED
 * @returns {() => void} ends it
 */
function serve(RED) {
  const app = /** @type {any} */ (RED.httpAdmin);
  const slot = /** @type {Slot} */ (app[SLOT] ??= { known: new Set(), handlers: new Map() });
  for (const route of routes) {
    const name = `${route.method} ${route.path}`;
    slot.handlers.set(name, guarded(RED, route));
    if (slot.known.has(name)) continue;
    slot.known.add(name);
    app[route.method](
      `/secret-manager${route.path}`,
      (/** @type {any} */ request, /** @type {any} */ response, /** @type {() => void} */ next) => {
        const handler = slot.handlers.get(name);
        if (handler) handler(request, response);
        else next();
      },
    );
  }
  const quiet = announce(RED);
  return () => {
    quiet();
    slot.handlers.clear();
  };
}

/**
 * Editors are told that there is something new, and under which context key; they ask for it.
 * @param {Red} RED
 */
function announce(RED) {
  const announcer = new Announcer((contextKey) => RED.comms.publish(TOPIC, { contextKey }, false));
  const onChanged = (/** @type {string | null} */ contextKey) => announcer.tell(contextKey);
  changes.on('changed', onChanged);
  return () => {
    changes.off('changed', onChanged);
    announcer.stop();
  };
}

/**
 * @param {Red} RED
 * @param {Route} route
 */
function guarded(RED, route) {
  const guard = RED.auth.needsPermission(route.permission);
  return (/** @type {any} */ request, /** @type {any} */ response) =>
    guard(request, response, () => respond(RED, route, request, response));
}

/** @param {unknown} content */
function answerOf(content) {
  if (content instanceof Answer) return content;
  return content === undefined ? new Answer(204) : Answer.json(content);
}

/**
 * @param {Red} RED
 * @param {Route} route
 * @param {any} request
 * @param {any} response
 */
async function respond(RED, route, request, response) {
  // Node-RED also lets in whom it failed to check.
  if (RED.settings.adminAuth && !request.user) {
    response.status(401).end();
    return;
  }
  const { event, permission } = route;
  /** @type {Call} */
  const call = { RED, request, actor: request.user?.username ?? null, audited: {} };
  const audit = (/** @type {object} */ outcome) => {
    if (event) RED.log.audit({ event: `${TYPE}.${event}`, ...call.audited, ...outcome }, request);
  };
  try {
    if (permission !== 'secrets.read') refuseCrossSite(request);
    const content = await route.answer(call);
    audit({});
    answerOf(content).send(response);
  } catch (error) {
    const { status, body } = described(RED, error);
    audit({ error: body.code });
    new Answer(status, 'application/problem+json', JSON.stringify(body)).send(response);
  }
}

module.exports = { routes, serve };
