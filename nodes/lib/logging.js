'use strict';

/*
 * A log handler for the settings file that prints what Node-RED's own prints, masked:
 *
 *   logging: { console: { level: 'info', handler: require('@secret-manager/node-red/logging') } }
 *
 * and `masked(handler)` for a handler of one's own.
 */

const { inspect } = require('node:util');
const { maskingLogger } = require('./masking');

/**
 * @typedef {(message: any) => void} Handler
 * @typedef {(settings: any) => Handler} HandlerMaker as `logging.….handler` of the settings file
 */

/** @type {Record<number, string>} */
const NAMES = {
  10: 'fatal',
  20: 'error',
  30: 'warn',
  40: 'info',
  50: 'debug',
  60: 'trace',
  98: 'audit',
  99: 'metric',
};

/** @type {Record<number, number>} */
const COLOURS = { 10: 31, 20: 31, 30: 33, 50: 36, 60: 90 };

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/**
 * The handler hears the same messages, with ••• in the place of secrets.
 * @param {HandlerMaker} make
 * @returns {HandlerMaker}
 */
function masked(make) {
  return (settings) => maskingLogger(make(settings));
}

/** Prints like Node-RED's own handler. @type {HandlerMaker} */
const consoleHandler = (settings) => {
  const verbose = settings?.verbose ?? process.argv.some((word) => /^(-v|--verbose)$/.test(word));
  return (message) => print(message.level, textOf(message, verbose));
};

/**
 * @param {any} message
 * @param {boolean} verbose errors with their stack
 */
function textOf(message, verbose) {
  const { level, type, name, id, msg } = message;
  const label = `[${NAMES[level]}] `;
  if (NAMES[level] === 'audit' || NAMES[level] === 'metric') return label + JSON.stringify(message);
  const from = type ? `[${type}:${name || id}] ` : '';
  return label + from + (verbose && msg?.stack ? msg.stack : plain(msg));
}

/** @param {any} msg */
function plain(msg) {
  try {
    const isPlainObject = typeof msg === 'object' && String(msg) === '[object Object]';
    return isPlainObject && msg.message ? msg.message : String(msg);
  } catch {
    return `Exception trying to log: ${inspect(msg)}`;
  }
}

/**
 * @param {number} level
 * @param {string} text
 */
function print(level, text) {
  const now = new Date();
  const line = `${now.getDate()} ${MONTHS[now.getMonth()]} ${now.toTimeString().slice(0, 8)} - ${text}`;
  const colour = process.stdout.hasColors?.() ? COLOURS[level] : undefined;
  console.log(colour ? `\u001b[${colour}m${line}\u001b[39m` : line);
}

module.exports = Object.assign(masked(consoleHandler), { masked });
