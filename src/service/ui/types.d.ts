/* What the service's API says; docs/service.md describes it. Times are RFC 3339. */

export type Role = 'owner' | 'editor' | 'reader' | 'viewer';
export type Kind = 'text' | 'json';

export interface User {
  id: string;
  name: string;
  displayName: string | null;
  administrator: boolean;
}

export interface Account extends User {
  state: 'active' | 'invited' | 'locked' | 'disabled';
  createdAt: string;
  lastSignInAt: string | null;
}

export interface Invitation {
  code: string;
  url: string;
  expiresAt: string;
}

export interface Service {
  name: string;
  version: string;
  setupNeeded: boolean;
  openIdConnect: { name: string } | null;
}

export interface Space {
  id: string;
  name: string;
  version: number;
  createdAt: string;
  updatedAt: string;
  issuedAt?: string;
  /** How many there are. */
  secrets: number;
  role: Role;
  keptVersions?: number;
}

export interface Secret {
  key: string;
  type: Kind;
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Null where nobody signs in. */
  updatedBy: string | null;
  deletedAt?: string;
  deletedBy?: string | null;
}

export interface SecretsOfSpace {
  version: number;
  createdAt: string;
  updatedAt: string;
  issuedAt: string;
  secrets: Secret[];
}

/** A value as a person edits it: a text, or the JSON document as it was written. */
export interface Value {
  key: string;
  type: Kind;
  version: number;
  text: string;
  updatedAt: string;
  updatedBy: string | null;
}

export interface Version {
  version: number;
  type: Kind;
  createdAt: string;
  createdBy: string | null;
  rolledBackFrom: number | null;
  state: 'current' | 'kept' | 'destroyed';
}

export interface Change {
  version: number;
  updatedAt: string;
  by: string;
  changed: string[];
  removed: string[];
}

export interface Imported {
  version: number;
  added: string[];
  changed: string[];
  unchanged: string[];
}

/** Something in a file that can't be imported. */
export interface Mistake {
  line?: number;
  key?: string;
  reason: string;
}

/** The secrets of one place, which the parts show and change without knowing where it is. */
export interface Secrets {
  list(which?: { deleted: boolean }): Promise<SecretsOfSpace>;
  reveal(key: string, version?: number): Promise<Value>;
  /** @param expected the version that must be there; null when there must be none */
  put(key: string, type: Kind, text: string, expected: number | null): Promise<Secret>;
  delete(key: string, expected?: number): Promise<void>;
  versions(key: string): Promise<{ versions: Version[]; deletedAt?: string | null }>;
  rollBack(key: string, version: number, expected?: number): Promise<Secret>;
  restore(key: string): Promise<Secret>;
  /** All of it, or the values of some versions. */
  destroy(key: string, versions?: number[]): Promise<void>;
  import(format: 'env' | 'json', text: string, dryRun: boolean): Promise<Imported>;
  export(format: 'env' | 'json'): Promise<Blob>;
}

export interface Member {
  user: { id: string; name: string; displayName: string | null };
  role: Role;
  addedAt: string;
}

export interface Token {
  id: string;
  name: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export interface AuditRecord {
  sequence: number;
  at: string;
  actor: { kind: string; name: string | null };
  action: string;
  result: 'ok' | 'denied' | 'failed';
  origin: string | null;
  requestId: string | null;
  /** What it was done to, when that is no secret. */
  subject: string | null;
  keys: string[];
  /** How many secrets; there may be more than keys. */
  count: number;
}

export interface Filters {
  from?: string;
  to?: string;
  actor?: string;
  action?: string;
  result?: string;
}
