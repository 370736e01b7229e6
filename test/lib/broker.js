'use strict';

const net = require('node:net');
const tls = require('node:tls');
const { listen } = require('./ports');

/** An MQTT broker with one account, whose password can be changed at any time. */
class Broker {
  /** @type {import('aedes').Aedes} */
  #aedes;
  /** @type {net.Server} */
  #server;
  #password;
  /** The passwords of all who have connected, or tried to, in order. @type {string[]} */
  offered = [];

  /**
   * @param {import('aedes').Aedes} aedes
   * @param {net.Server} server
   * @param {number} port
   * @param {string} password
   */
  constructor(aedes, server, port, password) {
    this.port = port;
    this.#aedes = aedes;
    this.#server = server;
    this.#password = password;
    aedes.authenticate = (_client, user, given, done) => {
      const offered = String(given);
      this.offered.push(offered);
      const wrong = Object.assign(new Error('Not authorized'), { returnCode: 5 });
      if (user === 'plant' && offered === this.#password) done(null, true);
      else done(/** @type {any} */ (wrong), false);
    };
  }

  /**
   * @param {string} password
   * @param {tls.TlsOptions} [options] for MQTT over TLS
   */
  static async start(password, options) {
    const { Aedes } = await import('aedes');
    const aedes = await Aedes.createBroker();
    const server = options
      ? tls.createServer(options, aedes.handle)
      : net.createServer(aedes.handle);
    return new Broker(aedes, server, await listen(server), password);
  }

  /**
   * From now on only the new one is accepted, and whoever came with the old one is sent away.
   * @param {string} password
   */
  changePassword(password) {
    this.#password = password;
    const clients = Object.values(/** @type {any} */ (this.#aedes).clients);
    for (const client of clients) client.close();
  }

  async stop() {
    this.#server.close();
    await new Promise((resolve) => this.#aedes.close(() => resolve(undefined)));
  }
}

module.exports = { Broker };
