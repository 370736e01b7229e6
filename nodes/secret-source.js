'use strict';

/** @param {import('./lib/types').Red} RED */
module.exports = function (RED) {
  /**
   * Where secrets are read from. It only holds what people set up; the nodes that use it sync.
   * @this {any}
   * @param {Record<string, any>} config
   */
  function SecretSourceNode(config) {
    RED.nodes.createNode(this, config);
    this.kind = config.kind;
    this.url = config.url;
    this.tls = config.tls;
    this.allowHttp = config.allowHttp === true;
  }

  RED.nodes.registerType('secret-source', SecretSourceNode, {
    credentials: { token: { type: 'password' } },
  });
};
