'use strict';

/*
 * Texts without secrets. Which values are secrets is known on the native side, and nothing of them ever
 * crosses. As long as this environment has no engine there are none, and nothing is loaded.
 */

const native = require('./native');

/** @typedef {import('./native').MaskSettings} MaskSettings */

/** @type {MaskSettings | undefined} */
let settings;

/** There is an engine, or a vault. */
let begun = false;

/** @type {import('./native').Masks | undefined} */
let masks;

/**
 * From now on, what engines publish is masked in what `mask` returns. To be called before the first
 * engine is made; the first call in a process counts.
 * @param {MaskSettings} [wanted]
 */
function startMasking(wanted = {}) {
  settings = wanted;
  if (begun) load();
}

/** Called when the native side is used for the first time in this environment. */
function begin() {
  begun = true;
  if (settings) load();
}

function load() {
  masks ??= new native.Masks(settings ?? {});
}

/**
 * The text with ••• in the place of secrets. The same string when there is none in it.
 * @param {string} text
 * @param {{ isCut?: boolean }} [options] isCut: the end of the text may be missing, and the beginning of
 *   a secret that is there is masked, too
 */
function mask(text, { isCut = false } = {}) {
  return masks?.text(text, isCut) ?? text;
}

/**
 * The bytes with ••• (in UTF-8) in the place of secrets. The same object when there is none in it.
 * @template {Uint8Array} Bytes
 * @param {Bytes} bytes
 * @returns {Bytes | Buffer}
 */
function maskBytes(bytes) {
  return masks?.bytes(bytes) ?? bytes;
}

/** Whether there can be anything to mask. */
function isMasking() {
  return masks !== undefined;
}

module.exports = { begin, isMasking, mask, maskBytes, startMasking };
