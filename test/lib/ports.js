'use strict';

const { once } = require('node:events');
const net = require('node:net');

/**
 * Lets a server listen on loopback, and answers on which port.
 * @param {net.Server} server
 */
async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/** A port that nobody uses, for who has to know it before it listens. */
async function freePort() {
  const server = net.createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { freePort, listen };
