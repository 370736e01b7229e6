'use strict';

/* An axum server that sends events on many streams, and nothing else. */

const path = require('node:path');
const { ServerProcess } = require('./processes');

const EXECUTABLE = path.join(__dirname, '../../target/release/examples/hello_streams');

class HelloStreams {
  static async start() {
    const server = new ServerProcess(EXECUTABLE, [], { processors: 'all' });
    return new HelloStreams(server, await server.says(/http:\/\/(\S+)\n/));
  }

  /**
   * @param {ServerProcess} server
   * @param {string} address
   */
  constructor(server, address) {
    this.server = server;
    this.address = address;
  }

  /** @param {number} number */
  async change(number) {
    const { status } = await fetch(`http://${this.address}/change/${number}`, { method: 'POST' });
    if (status !== 200) throw new Error(`A change was answered ${status}`);
  }

  stop() {
    return this.server.stop();
  }
}

module.exports = { HelloStreams };
