/** The core of one Node.js environment: makes engines and tells which of them has news. */
export declare class Core {
  /** `onNews` is called with an engine's id when that engine's `drain` has something to tell. */
  constructor(onNews: (engineId: number) => void)
  /** A new engine that does nothing yet. */
  engine(): Engine
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

export interface News {
  /** The status looks other than at the last call. */
  stateChanged: boolean
  change?: Change
  finished: Array<Finished>
}

export interface Settings {
  /** The kind of source: "service". */
  kind: string
  url: string
  token: string
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
  /** Where what is published is kept for the next start of the process; nowhere when absent. */
  cache?: Cache
}

export interface Status {
  state: 'idle' | 'syncing' | 'synced' | 'stale' | 'unreachable' | 'denied'
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
