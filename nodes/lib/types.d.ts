/** The parts of Node-RED that this package uses. Node-RED itself ships no type declarations. */
import type { EventEmitter } from 'node:events';
import type { Change, Status } from '../../js/native';
import type { Settings } from '../../js/settings';

export type Engine = InstanceType<typeof import('../../js').Engine>;

/** Global context, from any node. */
export interface GlobalContext {
  get(key: string, store?: string): unknown;
  set(key: string, value: unknown, store?: string): void;
  /** Where that is, when it isn't the default store. */
  store?: string;
}

export interface NodeStatus {
  fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape?: 'ring' | 'dot';
  text?: string;
}

export interface Message {
  [property: string]: unknown;
}

export type Done = (error?: Error) => void;

export interface RuntimeNode {
  id: string;
  name?: string;
  wires: string[][];
  credentials?: Record<string, string | undefined>;
  context(): { global: GlobalContext };
  status(status: NodeStatus): void;
  send(message: Message): void;
  warn(text: string): void;
  on(
    event: 'input',
    listener: (message: Message, send: (message: Message) => void, done: Done) => void,
  ): void;
  on(event: 'close', listener: (removed: boolean, done: Done) => void): void;
}

/** What `flows:starting` and `flows:started` carry. */
export interface FlowsEvent {
  config: { flows: Array<Record<string, any>> };
  type?: 'full' | 'flows' | 'nodes';
  /** Set for a deploy only: a process start and "Restart flows" have none. */
  diff?: object;
}

export interface Red {
  _(key: string, values?: object): string;
  auth: { needsPermission(permission: string): any };
  comms: { publish(topic: string, data: object, retain: boolean): void };
  events: EventEmitter;
  hooks: { add(name: string, hook: Function): void; remove(name: string): void };
  /** An Express application, or a stand-in for it that does nothing when there is no admin API. */
  httpAdmin: object;
  log: {
    addHandler: Function;
    audit(what: object, request: object): void;
    error(text: string): void;
    info(text: string): void;
    warn(text: string): void;
  };
  nodes: {
    createNode(node: RuntimeNode, config: object): void;
    getCredentials(id: string): any;
    getNode(id: string): any;
    registerType(type: string, constructor: Function, options?: object): void;
  };
  settings: Record<string, any>;
  util: {
    cloneMessage<T>(message: T): T;
    encodeObject: Function;
    evaluateNodeProperty(value: any, type: string, node: object): any;
    getObjectProperty(object: object, expression: string): unknown;
  };
}

/** A node that takes part in keeping a context key: one of them does the work, the others stand by. */
export interface Member {
  id: string;
  /** It stands for a node that isn't there yet. */
  early: boolean;
  global: GlobalContext;
  syncOnSave: boolean;
  about(): MemberFacts;
  /** Throws a SetupError when something has to be set up first. */
  settings(): Settings;
  show(situation: Situation): void;
  /** The settings file has something of its own under the context key. */
  seeded: boolean;
  warn(what: Warning): void;
  wantsNames(): boolean;
  changed(change: Change): void;
}

/** A text for people, a text of the catalogue under "warning", or the names that a sync left out. */
export type Warning = string | Situation | string[];

/** What a node's status says: a key of the catalogue under "status" and the values in its text. */
export interface Situation {
  key: string;
  values?: Record<string, string | number>;
}

/** What people set up on a node. */
export interface MemberFacts {
  name: string;
  settings: { autosync: number; syncOnSave: boolean; live: boolean };
  source: SourceFacts | null;
}

/** A source node, as far as there is one. */
export interface SourceFacts {
  id: string;
  name: string | null;
  kind: string | null;
}

/** How it is going with one context key. */
export interface KeeperFacts {
  contextKey: string;
  active: Member | null;
  standby: Member[];
  /** Of the source that is asked. */
  kind: string | null;
  situation: Situation | null;
  held: boolean;
  status: Status | undefined;
  /** Why the engine could not be started. */
  fault: Error | null;
  warnings: Warning[];
  unresolved: Unresolved[];
  references: Reference[];
}

/** How it is with the secrets of one context key in properties of nodes. */
export interface PropertiesFacts {
  /** Nodes run with earlier secrets and can't be restarted. */
  pending: boolean;
  unresolved: Unresolved[];
  references: Reference[];
}

/** A secret that properties or credentials name, whether it is there or not. */
export interface Reference {
  /** As it is written between the braces. */
  reference: string;
  /** Ids, also of flows and groups whose environment has it. */
  nodes: string[];
}

/** A secret that properties name and that isn't there. */
export interface Unresolved {
  /** As it is written between the braces. */
  reference: string;
  nodes: Array<{ id: string; name: string; type: string }>;
}
