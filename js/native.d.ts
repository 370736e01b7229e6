/** The core of one Node.js environment: makes engines and tells which of them has news. */
export declare class Core {
  /** `onNews` is called with an engine's id when `drain` of that engine has something to tell. */
  constructor(onNews: (engineId: number) => void)
  /** A new engine that does nothing yet. */
  engine(): Engine
}

/** Keeps the secrets of one space up to date. */
export declare class Engine {
  get id(): number
  /** Starts, or starts anew with other settings, and syncs at once. Returns that sync's ticket. What is published stays so. Throws an Error with `code` "misconfigured". */
  start(settings: Settings): number
  /** Syncs now. Returns a ticket; `drain` tells when that sync is finished. */
  syncNow(): number
  /** Ends all activity. What is published stays so. */
  stop(): void
  /** Stops and forgets all values. */
  clear(): void
  status(): Status
  names(): string[]
  has(name: string): boolean
  /** The secret's JSON text, or null. */
  read(name: string): string | null
  /** What happened since the last call. Names are listed only when asked for. */
  drain(withNames: boolean): News
}

export interface Settings {
  kind: string
  url: string
  token: string
  /** Seconds between syncs. */
  autosync: number
  allowHttp?: boolean
  /** PEM: certificate authorities to trust besides the usual ones. */
  ca?: string
  /** PEM: the client's certificate chain and its key (PKCS#8, not encrypted). */
  cert?: string
  key?: string
}

export interface Status {
  /** idle, syncing (before any result), synced, stale (published, but the last sync failed), unreachable (nothing published and the last sync failed), denied (values withdrawn) */
  state: string
  /** What is read, for people: "service https://host:8200". */
  source: string
  spaceId?: string
  spaceName?: string
  version?: number
  createdAt?: string
  updatedAt?: string
  issuedAt?: string
  /** When the published secrets were fetched, in ms since 1970. */
  syncedAt?: number
  /** When the source last confirmed them, in ms since 1970. */
  checkedAt?: number
  /** When the next sync is due, in ms since 1970. */
  nextAt?: number
  error?: Failure
  /** Names that came from the source and were left out because they break the rules. */
  refused: string[]
}

export interface Failure {
  /** misconfigured, denied, throttled, unavailable, invalid, stopped, internal */
  code: string
  message: string
}

export interface News {
  /** The status differs from the one of the last drain in more than its times. */
  stateChanged: boolean
  change?: Change
  finished: Finished[]
}

export interface Change {
  version: number
  added: string[]
  changed: string[]
  removed: string[]
}

export interface Finished {
  ticket: number
  error?: Failure
}
