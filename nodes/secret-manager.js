'use strict';

const { serve } = require('./lib/admin');
const { whileInstalled } = require('./lib/installed');
const { keeperOf } = require('./lib/keeper');
const { installMasking } = require('./lib/masking');
const { contextKeyOf, isUsable, memberOf } = require('./lib/member');
const { SetupError, readable } = require('./lib/setup');
const { prepareStarts } = require('./lib/starts');

/**
 * @typedef {import('./lib/types').Red} Red
 * @typedef {import('./lib/types').RuntimeNode} RuntimeNode
 */

const TYPE = 'secret-manager';

/** @param {Red} RED */
module.exports = function (RED) {
  /**
   * @this {RuntimeNode & { syncNow(): Promise<void> }}
   * @param {Record<string, any>} config
   */
  function SecretManagerNode(config) {
    RED.nodes.createNode(this, config);
    const contextKey = contextKeyOf(config);
    const member = memberOf(RED, this, config);

    const keeper = isUsable(contextKey) ? keeperOf(contextKey) : null;
    let closed = false;

    this.syncNow = async () => {
      try {
        if (!keeper) throw new SetupError('contextKey');
        await keeper.syncNow();
      } catch (error) {
        throw readable(RED, error);
      }
    };

    this.on('input', (msg, send, done) => {
      this.syncNow()
        .then(() => {
          send(msg);
          done();
        })
        // A deploy in the middle of a sync is no failure of the flow that asked for it.
        .catch((error) => done(closed ? undefined : error));
    });

    this.on('close', (_removed, done) => {
      closed = true;
      keeper?.leave(member);
      this.status({});
      done();
    });

    if (keeper) keeper.join(member);
    else member.show({ key: 'setup.contextKey' });
  }

  RED.nodes.registerType(TYPE, SecretManagerNode);

  whileInstalled(RED, [
    () => installMasking(RED),
    () => prepareStarts(RED, TYPE, SecretManagerNode),
    () => serve(RED),
  ]);
};
