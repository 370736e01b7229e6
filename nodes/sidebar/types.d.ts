/* What the runtime tells, and what the editor has. docs/node-red.md describes the admin API. */

import type { Kind } from '../../src/service/ui/types.js';

export interface Named {
  id: string;
  name: string | null;
}

/** How it is going with one context key. Times are ISO 8601. */
export interface Keeper {
  contextKey: string;
  /** The node that is active. */
  node: Named | null;
  standby: Named[];
  source: {
    id: string | null;
    name: string | null;
    kind: string | null;
    address: string | null;
  } | null;
  situation: { key: string; values: Record<string, unknown>; text: string; fill?: string } | null;
  space: { id: string; name: string } | null;
  version: number | null;
  createdAt: string | null;
  updatedAt: string | null;
  issuedAt: string | null;
  syncedAt: string | null;
  checkedAt: string | null;
  nextAt: string | null;
  live: boolean;
  error: { code: string; message: string } | null;
  warnings: string[];
  /** `${…}` in what is deployed, also in passwords. */
  references: Array<{ reference: string; nodes: string[] }>;
}

export interface Status {
  permissions: { reveal: boolean; write: boolean };
  active: Keeper[];
}

/** Of what is published: no authors, and no older versions. */
export interface Published {
  contextKey: string;
  version: number | null;
  secrets: Array<{ key: string; type: Kind; version: number; updatedAt: string }>;
}

/** Where the key is that opens the vault. */
export interface VaultInformation {
  key: { from: 'environment' | 'file'; path?: string; created: boolean };
}

/** A Secret Manager node in the editor, as it would be deployed. */
export interface Manager {
  id: string;
  name: string;
  contextKey: string;
  autosync: number | string;
  syncOnSave: boolean;
  /** Something of it isn't deployed yet. */
  changed: boolean;
  /** Its flow can't be changed. */
  locked: boolean;
}

/** A node as a person finds it. */
export interface Place {
  id: string;
  label: string;
  /** The flow that it is in. */
  flow: string | null;
}
