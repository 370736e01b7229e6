'use strict';

/**
 * Every error of this package: `code` says what to do about it, `message` is for people and holds
 * neither a value nor a token.
 */
class SecretManagerError extends Error {
  /**
   * @param {string} code misconfigured, denied, throttled, unavailable, invalid, stopped, internal
   *   or native-missing; from the vault also those of the service's API
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'SecretManagerError';
    this.code = code;
  }
}

module.exports = { SecretManagerError };
