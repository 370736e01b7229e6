'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { temporaryDirectory } = require('./temporary');

/** A throw-away certificate authority. Needs the `openssl` command. */
class Authority {
  #directory = temporaryDirectory('authority-');

  constructor() {
    this.#openssl('req', '-x509', ...newKey('ca'), '-subj', '/CN=Test authority', '-days', '2');
  }

  get certificate() {
    return this.#read('ca.crt');
  }

  /**
   * @param {string} name
   * @param {string} [passphrase] encrypts the key
   */
  issue(name, passphrase) {
    fs.writeFileSync(path.join(this.#directory, 'ext'), 'subjectAltName=IP:127.0.0.1\n');
    this.#openssl('req', ...newKey(name, 'csr'), '-subj', `/CN=${name}`);
    this.#openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '2'],
      ...['-CAcreateserial', '-extfile', 'ext', '-out', `${name}.crt`],
    );
    if (passphrase) {
      this.#openssl('rsa', '-aes256', '-passout', `pass:${passphrase}`, ...files(name, 'locked'));
    }
    return {
      cert: this.#read(`${name}.crt`),
      key: this.#read(passphrase ? `${name}.locked` : `${name}.key`),
    };
  }

  remove() {
    fs.rmSync(this.#directory, { recursive: true });
  }

  /** @param {string[]} args */
  #openssl(...args) {
    execFileSync('openssl', args, { cwd: this.#directory, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** @param {string} file */
  #read(file) {
    return fs.readFileSync(path.join(this.#directory, file), 'utf8');
  }
}

/** @param {string} name */
function newKey(name, extension = 'crt') {
  return [
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.${extension}`,
  ];
}

/**
 * @param {string} name
 * @param {string} extension
 */
function files(name, extension) {
  return ['-in', `${name}.key`, '-out', `${name}.${extension}`];
}

module.exports = { Authority };
