'use strict';

/* Somebody who uses the service's API: what a test needs to be there before it begins. */

const { until } = require('./until');

const password = 'a sentence that nobody guesses';

class Person {
  /** @type {string} */
  #url;
  #cookie = '';
  /** @type {any} */
  user = null;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
  }

  /**
   * The first administrator, made with the link that the service printed.
   * @param {InstanceType<typeof import('./service').Service>} service
   * @param {string} name
   * @param {string} [displayName]
   */
  static async first(service, name, displayName) {
    await until(() => service.setUpLink);
    const code = new URL(service.setUpLink).hash.slice(1);
    const person = new Person(service.url);
    await person.#begin('/setup', { code, name, displayName, password });
    return person;
  }

  /**
   * @param {string} url
   * @param {string} name
   */
  static async signIn(url, name) {
    const person = new Person(url);
    await person.#begin('/session', { name, password });
    return person;
  }

  /**
   * Invites somebody, who accepts.
   * @param {string} name
   * @param {string} [displayName]
   */
  async invite(name, displayName) {
    const { invitation } = await this.request('POST', '/users', { name, displayName });
    const person = new Person(this.#url);
    await person.#begin('/invitations/accept', { code: invitation.code, password });
    return person;
  }

  /**
   * @param {string} path
   * @param {unknown} body
   */
  async #begin(path, body) {
    const response = await this.#send('POST', path, body);
    const answer = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    this.#cookie = response.headers.getSetCookie()[0].split(';')[0];
    this.user = answer.user;
  }

  /** For a browser, so that it is signed in. */
  get cookie() {
    const [name, value] = this.#cookie.split('=');
    // Set by hand, a cookie for secure connections only must seem to come from one.
    const url = this.#url.replace('http:', 'https:');
    return { name, value, url, secure: true, httpOnly: true, sameSite: 'Strict' };
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async request(method, path, body) {
    const response = await this.#send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} body
   */
  #send(method, path, body) {
    return fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(this.#cookie !== '' && { Cookie: this.#cookie }),
      },
      body: JSON.stringify(body),
    });
  }

  /**
   * A space with these secrets; strings are text secrets, everything else is JSON.
   * @param {string} name
   * @param {Record<string, unknown>} secrets
   */
  async space(name, secrets = {}) {
    const space = await this.request('POST', '/spaces', { name });
    for (const [key, value] of Object.entries(secrets)) await this.put(space.id, key, value);
    return space;
  }

  /**
   * @param {string} space
   * @param {string} key
   * @param {unknown} value
   */
  put(space, key, value) {
    const type = typeof value === 'string' ? 'text' : 'json';
    return this.request('PUT', `/spaces/${space}/secrets/${key}`, { type, value });
  }
}

module.exports = { Person, password };
