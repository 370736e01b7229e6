'use strict';

/* Pieces that flows under test are made of. */

/**
 * @typedef {Record<string, any>} FlowNode
 */

const TAB = 'tab';

/** @type {FlowNode} */
const tab = { id: TAB, type: 'tab', label: 'Test' };

/**
 * @param {{ url: string, token: string }} source
 * @param {FlowNode} [properties]
 */
function secretSource({ url, token }, properties) {
  return {
    id: 'source',
    type: 'secret-source',
    kind: 'service',
    url,
    tls: '',
    allowHttp: false,
    credentials: { token },
    ...properties,
  };
}

/** @param {FlowNode} [properties] */
function secretManager(properties) {
  return {
    id: 'manager',
    type: 'secret-manager',
    z: TAB,
    source: 'source',
    autosync: 3600,
    syncOnSave: true,
    live: true,
    contextKey: 'SECRETS',
    wires: [[]],
    ...properties,
  };
}

/**
 * An HTTP endpoint GET /<name> that answers with what `nodes` make of the message; the last of them
 * is wired to the answer.
 * @param {string} name
 * @param {FlowNode[]} nodes in a row
 */
function endpoint(name, ...nodes) {
  const ids = [...nodes.map((_node, index) => `${name}-${index}`), `${name}-answer`];
  return [
    {
      id: `${name}-in`,
      type: 'http in',
      z: TAB,
      url: `/${name}`,
      method: 'get',
      wires: [[ids[0]]],
    },
    ...nodes.map((node, index) => ({ id: ids[index], z: TAB, wires: [[ids[index + 1]]], ...node })),
    { id: `${name}-answer`, type: 'http response', z: TAB, wires: [] },
  ];
}

/**
 * @param {string} code
 * @param {FlowNode} [properties]
 */
function functionNode(code, properties) {
  return { type: 'function', func: code, outputs: 1, ...properties };
}

/** A function that answers with the value of an expression. @param {string} expression */
function expressionNode(expression) {
  return functionNode(`msg.payload = { value: ${expression} }; return msg;`);
}

/**
 * A Change node that sets the payload.
 * @param {string} to
 * @param {string} toType
 * @param {FlowNode} [rule]
 */
function setPayload(to, toType, rule) {
  return {
    type: 'change',
    rules: [{ t: 'set', p: 'payload', pt: 'msg', to, tot: toType, ...rule }],
  };
}

module.exports = {
  TAB,
  endpoint,
  expressionNode,
  functionNode,
  secretManager,
  secretSource,
  setPayload,
  tab,
};
