'use strict';

/* Somebody with a browser, as far as cookies and redirects go. */

class Visitor {
  /** @type {Map<string, Map<string, string>>} */
  #cookies = new Map();

  /**
   * One request; redirects are not followed.
   * @param {string | URL} url
   * @param {RequestInit} [options]
   */
  async request(url, options = {}) {
    const { origin } = new URL(url);
    const jar = this.#cookies.get(origin) ?? new Map();
    this.#cookies.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...options,
      headers: { ...options.headers, cookie },
      redirect: 'manual',
    });
    for (const text of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      if (/max-age=0(;|$)/i.test(text) || value === '') jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /**
   * Follows redirects until `stop` says so or there is an answer.
   * @param {string | URL} url
   * @param {RequestInit} [options]
   * @param {(url: URL) => boolean} [stop]
   * @returns {Promise<{ url: URL, response?: Response }>}
   */
  async follow(url, options, stop = () => false) {
    let next = new URL(url);
    let response = await this.request(next, options);
    for (let steps = 0; steps < 20; steps += 1) {
      const location = response.headers.get('location');
      if (!location) return { url: next, response };
      next = new URL(location, next);
      if (stop(next)) return { url: next };
      response = await this.request(next);
    }
    throw new Error('too many redirects');
  }

  /**
   * @param {string} origin
   * @param {string} name
   */
  cookie(origin, name) {
    return this.#cookies.get(origin)?.get(name);
  }

  /**
   * @param {string} origin
   * @param {string} name
   * @param {string} value
   */
  setCookie(origin, name, value) {
    this.#cookies.get(origin)?.set(name, value);
  }
}

module.exports = { Visitor };
