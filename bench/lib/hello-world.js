'use strict';

/* An axum server that answers with a body of a given size, and nothing else: what HTTP itself costs. */

const path = require('node:path');
const { ServerProcess } = require('./processes');

const EXECUTABLE = path.join(__dirname, '../../target/release/examples/hello_world');

class HelloWorld {
  /** @param {number} bytes of the body */
  static async start(bytes) {
    const server = new ServerProcess(EXECUTABLE, [String(bytes)]);
    return new HelloWorld(server, await server.says(/http:\/\/(\S+)\n/));
  }

  /**
   * @param {ServerProcess} server
   * @param {string} address
   */
  constructor(server, address) {
    this.server = server;
    this.address = address;
  }

  /** @returns {import('./load').Target} */
  get target() {
    return { server: this.server, address: this.address, path: '/', statuses: [200] };
  }

  stop() {
    return this.server.stop();
  }
}

module.exports = { HelloWorld };
