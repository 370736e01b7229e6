'use strict';

/** What goes out. Nothing of it is to be kept anywhere on its way. */
class Answer {
  #status;
  #type;
  #text;

  /**
   * @param {number} status
   * @param {string} [type]
   * @param {string} [text]
   */
  constructor(status, type, text) {
    this.#status = status;
    this.#type = type;
    this.#text = text;
  }

  /**
   * @param {unknown} content becomes JSON
   * @param {number} [status]
   */
  static json(content, status = 200) {
    return new Answer(status, 'application/json', JSON.stringify(content));
  }

  /**
   * With a value as it is written: JavaScript's numbers would lose digits of it.
   * @param {object} facts
   * @param {string} value JSON
   */
  static revealed(facts, value) {
    const members = Object.entries(facts).map(
      ([name, fact]) => `${JSON.stringify(name)}:${JSON.stringify(fact)}`,
    );
    return new Answer(200, 'application/json', `{${[...members, `"value":${value}`].join(',')}}`);
  }

  /** @param {any} response */
  send(response) {
    response.status(this.#status).set('Cache-Control', 'no-store');
    if (this.#type) response.set('Content-Type', `${this.#type}; charset=utf-8`);
    response.end(this.#text);
  }
}

module.exports = { Answer };
