'use strict';

/*
 * Secrets show as ••• on screens and in logs, while flows have the real values. Node-RED has no hook for
 * it, so one function of its utilities and one of its log are wrapped (all in this file), and one event is
 * heard before the editor hears it.
 */

const { isMasking, mask, startMasking } = require('../../js');
const { maskedCopy } = require('./masked-copy');
const { loaded } = require('./runtime');

/**
 * @typedef {import('./types').Red} Red
 *
 * @typedef {object} MaskingSettings `secretManagerMasking` of the settings file
 * @property {string[]} [allow] values that aren't masked
 * @property {number} [minimumLength] shorter values aren't masked
 */

/** What Node-RED shows of a text unless Debug is set otherwise. */
const SHOWN = 1000;

const LOG_FILE = /[\\/]@node-red[\\/]util[\\/]lib[\\/]log\.js$/;

/**
 * Masks from now on.
 * @param {Red} RED
 * @returns {() => void} ends it
 */
function installMasking(RED) {
  const settings = RED.settings.secretManagerMasking;
  if (settings === false) return () => {};
  startMasking(checked(RED, settings));

  const log = logOf(RED);
  if (!log) RED.log.warn(RED._('secret-manager.warning.logNotMasked'));
  const undo = [wrap(RED.util, 'encodeObject', maskingEncoder), wrap(log, 'log', maskingLogger)];
  RED.events.prependListener('node-status', onStatus);
  return () => {
    RED.events.off('node-status', onStatus);
    for (const unwrap of undo) unwrap();
  };
}

/**
 * @param {Red} RED
 * @param {any} settings
 * @returns {MaskingSettings}
 */
function checked(RED, settings) {
  const { allow = [], minimumLength = 4 } = settings ?? {};
  const fine =
    Array.isArray(allow) &&
    allow.every((text) => typeof text === 'string') &&
    Number.isInteger(minimumLength) &&
    minimumLength > 0;
  if (fine) return { allow, minimumLength };
  RED.log.warn(RED._('secret-manager.warning.maskingSettings'));
  return {};
}

/**
 * The module that all log lines of nodes and of the runtime go through. `RED.log` is a copy of it.
 * @param {Red} RED
 */
function logOf(RED) {
  return loaded(
    LOG_FILE,
    (log) => log?.addHandler === RED.log.addHandler && typeof log?.log === 'function',
  );
}

/**
 * @param {any} object
 * @param {string} name of one of its functions
 * @param {(original: Function) => Function} masking
 * @returns {() => void} puts the original back
 */
function wrap(object, name, masking) {
  const original = object?.[name];
  if (typeof original !== 'function') return () => {};
  const wrapper = masking(original);
  object[name] = wrapper;
  return () => {
    // Somebody else may have wrapped it since; what is inside of that stays, and does no harm.
    if (object[name] === wrapper) object[name] = original;
  };
}

/**
 * What Debug shows, and what the context sidebar and API answer. A long text is cut by it: what is cut can't
 * be recognized any more, so masking comes first.
 * @param {Function} encodeObject
 */
function maskingEncoder(encodeObject) {
  return (/** @type {any} */ message, /** @type {any} */ options) => {
    if (!isMasking()) return encodeObject(message, options);
    const wasObject = typeof message.msg === 'object';
    if (typeof message.topic === 'string') message.topic = mask(message.topic);
    let understood = true;
    try {
      message.msg = maskedCopy(message.msg, options?.maxLength ?? SHOWN);
    } catch {
      // An object that can't be looked into: one of its functions throws.
      understood = false;
    }
    const encoded = encodeObject(message, options);
    // Of some objects it shows what their toString says.
    const isText = typeof encoded.msg === 'string' && wasObject && !/^[[{]/.test(encoded.msg);
    if (isText || !understood) encoded.msg = maskedCopy(encoded.msg);
    return encoded;
  };
}

/** @param {Function} log a function of log messages, such as a handler */
function maskingLogger(log) {
  return (/** @type {any} */ message) => log(isMasking() ? maskedLogMessage(message) : message);
}

/**
 * @param {any} message as log handlers get it
 */
function maskedLogMessage(message) {
  try {
    return maskedCopy(message);
  } catch {
    // An object that can't be looked into: its text is what the log shows.
    return { ...message, msg: mask(String(message.msg)) };
  }
}

/**
 * Heard before the editor's listener. The status itself belongs to the flow, and Status nodes get it.
 * @param {{ status?: { text?: unknown } }} event
 */
function onStatus(event) {
  const text = event.status?.text;
  if (typeof text !== 'string' || !isMasking()) return;
  // Debug shows the beginning of a long text in the status, and three dots.
  const masked = mask(text, { isCut: /(\.\.\.|…)$/.test(text) });
  if (masked !== text) event.status = { ...event.status, text: masked };
}

module.exports = { installMasking, maskingLogger };
