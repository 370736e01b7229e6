/* The service's API, as this page uses it. Nothing else here sends a request. */

import { Problem } from './problem.js';
import { secretsAt, withQuery } from './wire.js';

/** @import * as Api from './types.js' */

/** Tells (`ended`) that the service no longer knows who we are. */
export const session = new EventTarget();

/** @typedef {import('./wire.js').Options & { body?: unknown }} Options the body becomes JSON */

/**
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 */
async function send(method, path, { body, text, type, headers, query } = {}) {
  const content = body === undefined ? text : JSON.stringify(body);
  const response = await fetch(address(path, query), {
    method,
    headers: {
      ...(content !== undefined && { 'Content-Type': type ?? 'application/json' }),
      ...headers,
    },
    body: content,
  }).catch(() => {
    throw new Problem(0, { code: 'unreachable' });
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.code === 'session_missing') session.dispatchEvent(new Event('ended'));
  throw problem;
}

/** @param {Response} response */
async function problemOf(response) {
  const wait = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body, Number.isNaN(wait) ? null : wait);
}

/**
 * @param {string} path
 * @param {Options['query']} [query]
 */
const address = (path, query) => withQuery(`/api/v1${path}`, query);

/** @type {(method: string, path: string, options?: Options) => Promise<any>} */
const ask = async (method, path, options) => (await send(method, path, options)).json();

/** @type {(method: string, path: string, options?: Options) => Promise<void>} */
const tell = async (method, path, options) => {
  await send(method, path, options);
};

/** @param {string} space */
const inSpace = (space) => `/spaces/${encodeURIComponent(space)}`;

export const api = {
  /** @returns {Promise<Api.Service>} */
  service: () => ask('GET', '/service'),

  // One's own account.
  /** @returns {Promise<{ user: Api.User }>} */
  session: () => ask('GET', '/session'),
  /** @type {(name: string, password: string) => Promise<{ user: Api.User }>} */
  signIn: (name, password) => ask('POST', '/session', { body: { name, password } }),
  signOut: () => tell('DELETE', '/session'),
  signOutEverywhere: () => tell('DELETE', '/sessions'),
  /** @type {(current: string, replacement: string) => Promise<void>} */
  changePassword: (current, replacement) =>
    tell('PUT', '/session/password', { body: { current, new: replacement } }),
  /** @type {(details: { code: string, name: string, displayName?: string, password: string }) => Promise<{ user: Api.User }>} */
  setUp: (details) => ask('POST', '/setup', { body: details }),
  /** @type {(code: string, password: string) => Promise<{ user: Api.User }>} */
  acceptInvitation: (code, password) =>
    ask('POST', '/invitations/accept', { body: { code, password } }),

  // Everybody's accounts.
  /** @returns {Promise<Api.Account[]>} */
  users: async () => (await ask('GET', '/users')).users,
  /** @type {(details: { name: string, displayName?: string, administrator: boolean }) => Promise<{ user: Api.Account, invitation: Api.Invitation }>} */
  createUser: (details) => ask('POST', '/users', { body: details }),
  /** @type {(user: string, changes: { displayName?: string, administrator?: boolean, disabled?: boolean }) => Promise<Api.Account>} */
  updateUser: (user, changes) => ask('PATCH', `/users/${user}`, { body: changes }),
  /** @type {(user: string) => Promise<void>} */
  deleteUser: (user) => tell('DELETE', `/users/${user}`),
  /** @type {(user: string) => Promise<any>} */
  invite: async (user) => {
    const answer = await ask('POST', `/users/${user}/invitation`);
    return answer.invitation ?? answer;
  },

  // Spaces.
  /** @returns {Promise<Api.Space[]>} */
  spaces: async () => (await ask('GET', '/spaces')).spaces,
  /** @type {(name: string) => Promise<Api.Space>} */
  createSpace: (name) => ask('POST', '/spaces', { body: { name } }),
  /** @type {(space: string) => Promise<Api.Space>} */
  space: (space) => ask('GET', inSpace(space)),
  /** @type {(space: string, changes: { name?: string, keptVersions?: number }) => Promise<unknown>} */
  updateSpace: (space, changes) => ask('PATCH', inSpace(space), { body: changes }),
  /** @type {(space: string) => Promise<void>} */
  deleteSpace: (space) => tell('DELETE', inSpace(space)),

  // Secrets; `secretsOf` has the rest.
  /** @type {(space: string) => EventSource} */
  watch: (space) => new EventSource(address(`${inSpace(space)}/watch`)),

  // Who and what else may read.
  /** @type {(space: string) => Promise<Api.Member[]>} */
  members: async (space) => (await ask('GET', `${inSpace(space)}/members`)).members,
  /** @type {(space: string, user: string, role: Api.Role) => Promise<Api.Member>} */
  putMember: (space, user, role) =>
    ask('PUT', `${inSpace(space)}/members/${encodeURIComponent(user)}`, { body: { role } }),
  /** @type {(space: string, user: string) => Promise<void>} */
  removeMember: (space, user) =>
    tell('DELETE', `${inSpace(space)}/members/${encodeURIComponent(user)}`),
  /** @type {(space: string) => Promise<Api.Token[]>} */
  tokens: async (space) => (await ask('GET', `${inSpace(space)}/tokens`)).tokens,
  /** @type {(space: string, details: { name: string, expiresAt?: string }) => Promise<Api.Token & { token: string }>} */
  createToken: (space, details) => ask('POST', `${inSpace(space)}/tokens`, { body: details }),
  /** @type {(space: string, token: string) => Promise<void>} */
  revokeToken: (space, token) => tell('DELETE', `${inSpace(space)}/tokens/${token}`),

  // What happened: in a space, or (null) in the whole service.
  /** @type {(space: string | null, filters: Api.Filters, before?: number) => Promise<{ records: Api.AuditRecord[], next: number | null }>} */
  audit: (space, filters, before) =>
    ask('GET', `${space === null ? '' : inSpace(space)}/audit`, {
      query: { ...filters, before, limit: 50 },
    }),
  /** @type {(space: string, filters: Api.Filters, format: 'csv' | 'json') => string} */
  auditExport: (space, filters, format) =>
    address(`${inSpace(space)}/audit/export`, { ...filters, format }),
};

/**
 * The secrets of a space.
 * @param {string} space
 */
export const secretsOf = (space) =>
  secretsAt(inSpace(space), async (...request) => (await send(...request)).text());
