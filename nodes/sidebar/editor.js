/* Node-RED's editor, as the sidebar uses it. The only file that knows it. */

/** @import { Manager, Place } from './types.js' */

const TYPE = 'secret-manager';
const TOPIC = 'secret-manager/changed';

/** Where the texts are that a node's status is made of. */
const CATALOGUE = '@secret-manager/node-red/secret-manager';

/** What may change which secrets are read, or what a node of ours is like. */
const CHANGES = [
  ...['nodes:add', 'nodes:change', 'nodes:remove', 'groups:change', 'groups:remove'],
  ...['subflows:change', 'subflows:remove', 'flows:change', 'flows:remove', 'workspace:dirty'],
  ...['flows:loaded', 'workspace:clear', 'editor:save', 'deploy'],
];

/** @returns {string} the tag of a language */
export const language = () => RED.i18n.lang();

/** Whether this user could deploy a change. */
export const mayDeploy = () => RED.user.hasPermission('flows.write');

/**
 * @param {string} text
 * @param {'success' | 'error'} [type]
 */
export const notify = (text, type = 'success') =>
  RED.notify(text.replace(/[&<>]/g, escaped), { type });

/** @param {string} character */
const escaped = (character) => `&#${character.charCodeAt(0)};`;

/**
 * The text of a situation as the node shows it, in the language of the editor.
 * @param {{ key: string, values: Record<string, unknown>, text: string }} situation
 * @returns {string}
 */
export function situationText({ key, values, text }) {
  const path = `secret-manager.status.${key}`;
  const own = RED._(`${CATALOGUE}:${path}`, { ...values, interpolation: { escapeValue: false } });
  return own.endsWith(path) ? text : own;
}

/**
 * Calls whenever flows were changed in the editor.
 * @param {() => void} changed
 */
export function onChanges(changed) {
  for (const event of CHANGES) RED.events.on(event, changed);
}

/**
 * Calls when the runtime has something new to tell, also because flows were deployed.
 * @param {(contextKey: string | null) => void} told
 */
export function onNews(told) {
  RED.comms.subscribe(TOPIC, (/** @type {string} */ _topic, /** @type {any} */ payload) =>
    told(payload?.contextKey ?? null),
  );
  RED.events.on('deploy', () => told(null));
}

/** All nodes, configuration, flows and groups, as they would be deployed. @returns {Array<Record<string, any>>} */
export const nodes = () => RED.nodes.createCompleteNodeSet({ credentials: false });

/** @returns {Manager[]} */
export function managers() {
  return RED.nodes.filterNodes({ type: TYPE }).map((/** @type {any} */ node) => ({
    id: node.id,
    name: RED.utils.getNodeLabel(node, TYPE),
    contextKey: node.contextKey || 'SECRETS',
    autosync: node.autosync || 60,
    syncOnSave: node.syncOnSave !== false,
    changed: node.changed === true,
    locked: Boolean(RED.workspaces.isLocked(node.z)),
  }));
}

/**
 * Whether something is in the editor as it was deployed.
 * @param {string} id
 */
export function isDeployed(id) {
  const found =
    RED.nodes.node(id) ?? RED.nodes.group(id) ?? RED.nodes.workspace(id) ?? RED.nodes.subflow(id);
  return Boolean(found) && !found.changed;
}

/**
 * Sets a property of a node as its panel would: it can be undone, and waits to be deployed.
 * @param {string} id
 * @param {'autosync' | 'syncOnSave'} property
 * @param {unknown} value
 */
export function setProperty(id, property, value) {
  const node = RED.nodes.node(id);
  const { changed = false, [property]: old } = node;
  if (old === value) return;
  const dirty = RED.nodes.dirty();
  node[property] = value;
  node.changed = true;
  node.dirty = true;
  RED.history.push({ t: 'edit', node, changes: { [property]: old }, changed, dirty });
  RED.editor.validateNode(node);
  RED.events.emit('nodes:change', node);
  RED.nodes.dirty(true);
  RED.view.redraw();
}

/**
 * What a person knows a node by.
 * @param {string} id
 * @returns {Place | null} null when it isn't in the editor
 */
export function place(id) {
  const container = RED.nodes.workspace(id) ?? RED.nodes.subflow(id);
  if (container) return { id, label: container.label || container.name || id, flow: null };
  const node = RED.nodes.node(id) ?? RED.nodes.group(id);
  if (!node) return null;
  const flow = RED.nodes.workspace(node.z)?.label ?? RED.nodes.subflow(node.z)?.name ?? null;
  return { id, label: RED.utils.getNodeLabel(node, node.type), flow };
}

/** @param {string} id */
export const reveal = (id) => RED.view.reveal(id);

/** Puts a Secret Manager node where the person is looking; it can be undone, and waits to be deployed. */
export function addManager() {
  const flow = openFlow();
  const chart = document.querySelector('#red-ui-workspace-chart');
  const scale = RED.view.scale();
  const x = (chart?.scrollLeft ?? 0) / scale + 160;
  let y = (chart?.scrollTop ?? 0) / scale + 80;
  /** @type {Array<{ x: number, y: number }>} */
  const others = RED.nodes.filterNodes({ z: flow });
  while (others.some((node) => Math.abs(node.x - x) < 200 && Math.abs(node.y - y) < 40)) y += 40;

  const { node, historyEvent } = RED.view.createNode(TYPE, x, y, flow);
  RED.nodes.add(node);
  RED.editor.validateNode(node);
  RED.history.push(historyEvent);
  RED.nodes.dirty(true);
  RED.view.select({ nodes: [node] });
  RED.view.redraw(true);
  RED.view.reveal(node.id);
}

/** The flow that is shown, or another one where there is none that takes the node. @returns {string} */
function openFlow() {
  const takes = (/** @type {string} */ id) =>
    RED.nodes.workspace(id) && !RED.workspaces.isLocked(id);
  const active = RED.workspaces.active();
  if (takes(active)) return active;
  let flow = RED.nodes.getWorkspaceOrder().find(takes);
  if (!flow) {
    RED.actions.invoke('core:add-flow');
    flow = RED.workspaces.active();
  }
  RED.workspaces.show(flow);
  return flow;
}
