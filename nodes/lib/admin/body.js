'use strict';

/* Bodies of requests: bounded, and told of by line and column only. */

const { TextDecoder } = require('node:util');
const { Unreadable, memberTexts } = require('./json');
const { Problem } = require('./problem');

const KIB = 1024;
/** For what stands beside a value. */
const FORM = 64 * KIB;
/** For one value of 1 MiB: each byte of it may be written as an escape of six. */
const VALUE = 6 * 1024 * KIB + FORM;
/** For all secrets of a space. */
const SPACE = 32 * 1024 * KIB;

/**
 * Each member of a JSON object by its name, as it is written.
 * @param {any} request
 * @param {number} limit in bytes
 */
async function members(request, limit) {
  const text = await textOf(request, limit);
  try {
    return memberTexts(text);
  } catch (error) {
    if (error instanceof Unreadable) throw new Problem('body_invalid', 'json', place(text, error));
    throw error;
  }
}

/**
 * One member as it is written.
 * @param {Map<string, string>} all
 * @param {string} name
 */
function written(all, name) {
  const text = all.get(name);
  if (text === undefined) throw new Problem('body_invalid', 'memberMissing', { member: name });
  return text;
}

/**
 * The value of one member that is written as JSON.
 * @param {Map<string, string>} all
 * @param {string} name
 * @param {(value: any) => boolean} isExpected
 */
function member(all, name, isExpected) {
  const text = written(all, name);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isExpected(value)) throw new Problem('body_invalid', 'memberInvalid', { member: name });
  return value;
}

/**
 * @param {any} request
 * @param {number} limit in bytes
 * @returns {Promise<string>}
 */
async function textOf(request, limit) {
  refuseUnsuitable(request.headers, request._body === true);
  const tooLarge = () => new Problem('body_too_large', 'body_too_large', { limit });
  if (Number(request.headers['content-length']) > limit) throw tooLarge();
  const bytes = await collect(request, limit);
  if (bytes === null) {
    // Read to its end, so that who sends it gets to the answer.
    request.resume();
    throw tooLarge();
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('body_invalid', 'utf8');
  } finally {
    bytes.fill(0);
  }
}

/**
 * Node-RED reads two types of bodies itself before we are asked. Of what it makes of JSON the digits
 * of large numbers are gone, and where there is a mistake it quotes the body in its log.
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @param {boolean} taken by Node-RED
 */
function refuseUnsuitable(headers, taken) {
  const encoded = (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';
  if (taken || encoded) throw new Problem('media_type_unsupported');
}

/**
 * @param {any} request
 * @param {number} limit
 * @returns {Promise<Buffer | null>} null when there is more
 */
async function collect(request, limit) {
  const pieces = [];
  let length = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      length += piece.length;
      if (length > limit) return null;
      pieces.push(piece);
    }
  } catch {
    throw new Problem('body_invalid', 'bodyEnded');
  }
  const bytes = Buffer.concat(pieces);
  for (const piece of pieces) piece.fill(0);
  return bytes;
}

/**
 * @param {string} text
 * @param {InstanceType<typeof Unreadable>} mistake
 */
function place(text, { at }) {
  const lines = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}

module.exports = { FORM, SPACE, VALUE, member, members, textOf, written };
