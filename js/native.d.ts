/** The core of one Node.js environment: makes engines and vaults, and tells which of them has news. */
export declare class Core {
  /** `onNews` is called with the id of an engine or a vault whose `drain` has something to tell. */
  constructor(onNews: (id: number) => void)
  /** A new engine that does nothing yet. */
  engine(): Engine
  /** A handle of the built-in vault, not opened yet. */
  vault(): Vault
}

/** Keeps the secrets of one space up to date. */
export declare class Engine {
  get id(): number
  /**
   * Starts, or starts anew with other settings, and syncs at once. Returns that sync's ticket. What
   * is published stays so. Throws an Error with the code "misconfigured".
   */
  start(settings: Settings): number
  /** Syncs now. Returns a ticket; `drain` tells when that sync is finished. */
  syncNow(): number
  /**
   * Blocks this thread until the sync with that ticket has ended, so many ms at most; says whether
   * it has. `drain` tells of its end all the same.
   */
  waitFor(ticket: number, limit: number): boolean
  /** Ends all activity. What is published stays so. */
  stop(): void
  /** Ends all activity for good, and forgets all values, also those in the cache. */
  clear(): void
  status(): Status
  names(): Array<string>
  /** What there is, without the values; sorted by key. */
  entries(): Array<Entry>
  has(name: string): boolean
  /** The secret's JSON text, or null. */
  read(name: string): string | null
  /** What happened since the last call. Names are listed only when asked for. */
  drain(withNames: boolean): News
}

/**
 * The masks of the process. From the first one on, what engines publish is masked; engines that were made
 * before aren't concerned. The settings of the first one count.
 */
export declare class Masks {
  constructor(settings: MaskSettings)
  /**
   * The text with ••• in the place of secrets, or null when there is none in it. Of a text whose end
   * may have been cut off, the beginning of a secret at its end is masked, too.
   */
  text(text: string, isCut: boolean): string | null
  /** The same for bytes. */
  bytes(bytes: Uint8Array): Buffer | null
}

/** Keeps the secrets of a Node-RED that has no service. */
export declare class Vault {
  get id(): number
  /** Opens the vault, makes it when there is none. Comes before everything else. */
  open(place: VaultPlace): number
  /** Secrets without their values; the deleted ones if asked for. */
  list(deleted: boolean): number
  reveal(key: string, version: number | undefined | null, user: VaultUser): number
  /** The value of a JSON secret is its document's text. */
  put(key: string, kind: 'text' | 'json', value: string, precondition: VaultPrecondition, user: VaultUser): number
  /** It can be restored. */
  remove(key: string, precondition: VaultPrecondition, user: VaultUser): number
  versions(key: string): number
  /** A new version with the content of an older one. */
  rollback(key: string, version: number, precondition: VaultPrecondition, user: VaultUser): number
  /** A deleted secret comes back. */
  restore(key: string, user: VaultUser): number
  /** The values of these older versions, or the secret with all its versions, for good. */
  destroy(key: string, versions: Array<number> | undefined | null, user: VaultUser): number
  /** All secrets of a file, or nothing of it. */
  import(format: 'env' | 'json', text: string, dryRun: boolean, user: VaultUser): number
  /** All secrets with their values. */
  export(format: 'env' | 'json', user: VaultUser): number
  /** Gives the vault up; it is closed when nobody else has it. What was begun is finished. */
  close(): void
  /** What has come of tickets since the last call. */
  drain(): Array<Answer>
}

/** What came of a ticket: at most one of the members. */
export interface Answer {
  ticket: number
  error?: VaultError
  key?: KeyInformation
  list?: VaultList
  revealed?: VaultValue
  written?: VaultWritten
  versions?: VaultVersions
  imported?: VaultImported
  text?: string
}

export interface Cache {
  /** Is made when it isn't there; may hold the caches of other engines as well. */
  directory: string
  /** Under which the secrets are published. */
  contextKey: string
  /** Mixed into the key of the cache: something that is not in the directory. */
  hostSecret?: string
}

/** How the published secrets differ from those at the last call. */
export interface Change {
  /** Of the space; absent when the values were withdrawn. */
  version?: number
  added: Array<string>
  changed: Array<string>
  removed: Array<string>
}

/** One published secret without its value. */
export interface Entry {
  key: string
  type: 'text' | 'json'
  /** Of the secret. */
  version: number
  /** RFC 3339. */
  updatedAt: string
}

export interface Finished {
  ticket: number
  error?: SyncError
}

/** What people should know of the vault's key. */
export interface KeyInformation {
  from: 'environment' | 'file'
  path?: string
  /** It was made by this process, so there is no copy of it yet. */
  created: boolean
}

export interface MaskSettings {
  /** Shorter values aren't masked; in characters, 4 unless set. */
  minimumLength?: number
  /** Values that aren't masked. */
  allow?: Array<string>
}

export interface News {
  /** The status looks other than at the last call. */
  stateChanged: boolean
  change?: Change
  finished: Array<Finished>
}

export interface Settings {
  /** The kind of source: "service" or "builtin". */
  kind: string
  /** Of a service. */
  url?: string
  token?: string
  /** Where the built-in vault is. */
  vault?: VaultPlace
  /** Seconds between two syncs, from 1 to 31 days. */
  autosync: number
  /** Whether to hear of changes as they are made, in between. */
  live?: boolean
  /** Allows plain HTTP to other machines. */
  allowHttp?: boolean
  /** PEM: certificate authorities to trust instead of the built-in ones. */
  ca?: string
  /** PEM: the client's certificate chain. */
  cert?: string
  /** PEM: the key of `cert`, not encrypted. */
  key?: string
  /**
   * Where what is published is kept for the next start of the process; nowhere when absent. Of no use
   * to the built-in vault, which is on the same disk.
   */
  cache?: Cache
}

export interface Status {
  state: 'idle' | 'syncing' | 'waiting' | 'synced' | 'stale' | 'unreachable' | 'denied'
  /**
   * Where the published secrets were read or, while there are none, what is asked; for people:
   * "service https://host:8200".
   */
  source: string
  spaceId?: string
  spaceName?: string
  /** Of the space. */
  version?: number
  /** RFC 3339. */
  createdAt?: string
  updatedAt?: string
  issuedAt?: string
  /** When the published secrets were fetched, in ms since 1970. */
  syncedAt?: number
  /** They come from the last-good cache, and the source has not confirmed them since the start. */
  cached: boolean
  /** When the source last confirmed them, in ms since 1970. */
  checkedAt?: number
  /** Changes are heard of as they are made. */
  live: boolean
  /** When the next sync is due, in ms since 1970. */
  nextAt?: number
  /** Why the last sync failed, if it did. */
  error?: SyncError
  /** What is wrong with the last-good cache. */
  cacheProblem?: string
  /** How many names came from the source and were left out because they break the rules. */
  refusedCount: number
  /** The first few of them. */
  refused: Array<string>
}

export interface SyncError {
  code: 'misconfigured' | 'denied' | 'throttled' | 'unavailable' | 'invalid' | 'stopped'
  message: string
}

export interface VaultError {
  code: string
  message: string
  /** With "precondition_failed": the version that there is now, absent when there is none. */
  current?: number
  /** With "import_invalid". */
  mistakes?: Array<VaultMistake>
}

/** The names of the secrets. */
export interface VaultImported {
  /** Of the space, now. */
  version: number
  added: Array<string>
  changed: Array<string>
  /** They hold the same value already. */
  unchanged: Array<string>
}

/** All secrets, by name, without their values. */
export interface VaultList {
  space: VaultSpace
  version: number
  createdAt: string
  updatedAt: string
  issuedAt: string
  secrets: Array<VaultSecret>
}

/** Something in a file that can't be imported. */
export interface VaultMistake {
  line?: number
  /** The name of the secret, where one is known. */
  key?: string
  reason: string
}

export interface VaultPlace {
  /** Is made when it isn't there. */
  directory: string
  /** 32 bytes in base64; comes before a file. */
  key?: string
  /** A file of 32 bytes, made when there is no vault yet; `key` in the directory when absent. */
  keyFile?: string
}

/** What has to hold for a change. At most one of these. */
export interface VaultPrecondition {
  /** The secret must have this version. */
  ifMatch?: number
  /** The secret must not exist. */
  ifNoneMatch?: boolean
}

export interface VaultSecret {
  key: string
  type: 'text' | 'json'
  version: number
  createdAt: string
  updatedAt: string
  updatedBy: string
  /** Of a deleted secret. */
  deletedAt?: string
  deletedBy?: string
}

export interface VaultSpace {
  id: string
  name: string
}

/** Who uses the editor. */
export interface VaultUser {
  /** As Node-RED knows them; absent where nobody has to sign in. */
  actor?: string
  /** The address they come from. */
  origin?: string
}

export interface VaultValue {
  key: string
  type: 'text' | 'json'
  /** The text of a text secret; the text of a JSON secret's document, with every digit. */
  value: string
  version: number
  createdAt: string
  updatedAt: string
  updatedBy: string
}

export interface VaultVersion {
  version: number
  type: 'text' | 'json'
  createdAt: string
  createdBy: string
  /** The older version whose content this one took. */
  rolledBackFrom?: number
  state: 'current' | 'kept' | 'destroyed'
}

export interface VaultVersions {
  key: string
  deletedAt?: string
  deletedBy?: string
  /** The newest first. */
  versions: Array<VaultVersion>
}

/** A secret as a change left it. */
export interface VaultWritten {
  key: string
  type: 'text' | 'json'
  version: number
  createdAt: string
  updatedAt: string
  updatedBy: string
  spaceVersion: number
  /** It wasn't there before. */
  created: boolean
}
