'use strict';

/* Node-RED's user directory as Node-RED itself reads it: settings, flows and their credentials. */

const { createDecipheriv, createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** What the person who runs the command can mend; shown without a stack. */
class CollectError extends Error {}

class UserDirectory {
  /** @type {Record<string, any>} */
  settings;
  /** @type {string} */
  flowFile;
  /** @type {string} */
  #credentialsFile;
  /** @type {string | false | undefined} */
  #credentialSecret;

  /**
   * @param {string} directory
   * @param {string} [flowFile] when it isn't the one that the settings name
   */
  constructor(directory, flowFile) {
    this.directory = path.resolve(directory);
    if (!fs.existsSync(this.directory)) throw new CollectError(`There is no ${this.directory}`);
    this.settings = this.#readSettings();
    const project = flowFile ? undefined : this.#activeProject();
    this.#credentialSecret =
      project?.credentialSecret ?? this.settings.credentialSecret ?? this.#generatedSecret();
    this.flowFile = project?.flowFile ?? this.#findFlowFile(flowFile);
    this.#credentialsFile = project?.credentialsFile ?? this.#findCredentialsFile();
  }

  /** @returns {Array<Record<string, any>>} the nodes of all flows */
  flows() {
    if (!fs.existsSync(this.flowFile)) throw new CollectError(`There is no ${this.flowFile}`);
    const flows = readJson(this.flowFile);
    return Array.isArray(flows) ? flows : (flows.flows ?? []);
  }

  /** @returns {Record<string, Record<string, any>>} by the nodes' ids */
  credentials() {
    if (!fs.existsSync(this.#credentialsFile)) return {};
    const content = readJson(this.#credentialsFile);
    if (typeof content.$ !== 'string') return content;
    try {
      return decrypt(content.$, String(this.#credentialSecret));
    } catch {
      throw new CollectError(
        `${this.#credentialsFile} can't be decrypted: its key is not the credentialSecret that ` +
          `Node-RED's settings have here. If they take it from the environment, set that first.`,
      );
    }
  }

  #readSettings() {
    const file = path.join(this.directory, 'settings.js');
    if (!fs.existsSync(file)) return {};
    try {
      return require(file);
    } catch (error) {
      throw new CollectError(`${file} can't be loaded: ${error.message}`);
    }
  }

  /** Node-RED makes a key of its own where the settings have none. */
  #generatedSecret() {
    for (const name of ['.config.runtime.json', '.config.json']) {
      const file = path.join(this.directory, name);
      const secret = fs.existsSync(file) && readJson(file)._credentialSecret;
      if (secret) return secret;
    }
    return undefined;
  }

  #activeProject() {
    const file = path.join(this.directory, '.config.projects.json');
    if (!this.settings.editorTheme?.projects?.enabled || !fs.existsSync(file)) return undefined;
    const { activeProject, projects = {} } = readJson(file);
    if (!activeProject) return undefined;
    const folder = path.join(this.directory, 'projects', activeProject);
    const { flowFile, credentialsFile } =
      readJson(path.join(folder, 'package.json'))['node-red']?.settings ?? {};
    if (!flowFile || !credentialsFile) return undefined;
    return {
      credentialSecret: projects[activeProject]?.credentialSecret,
      flowFile: path.join(folder, flowFile),
      credentialsFile: path.join(folder, credentialsFile),
    };
  }

  /** @param {string} [named] */
  #findFlowFile(named) {
    const file = named ?? this.settings.flowFile;
    if (file) {
      const here = path.resolve(file);
      return fs.existsSync(here) ? here : path.resolve(this.directory, file);
    }
    const host = path.join(this.directory, `flows_${os.hostname()}.json`);
    return fs.existsSync(host) ? host : path.join(this.directory, 'flows.json');
  }

  #findCredentialsFile() {
    const { name, ext, dir } = path.parse(this.flowFile);
    const file = `${name}_cred${ext}`;
    const here = path.join(this.directory, file);
    return fs.existsSync(here) ? here : path.join(dir, file);
  }
}

/**
 * AES-256-CTR under the SHA-256 of the secret; the first 32 characters are the counter block.
 * @param {string} text
 * @param {string} secret
 */
function decrypt(text, secret) {
  const key = createHash('sha256').update(secret).digest();
  const decipher = createDecipheriv('aes-256-ctr', key, Buffer.from(text.slice(0, 32), 'hex'));
  return JSON.parse(decipher.update(text.slice(32), 'base64', 'utf8') + decipher.final('utf8'));
}

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser's message quotes the document.
    const why = error instanceof SyntaxError ? 'it is not JSON' : error.message;
    throw new CollectError(`${file} can't be read: ${why}`);
  }
}

module.exports = { CollectError, UserDirectory, readJson };
