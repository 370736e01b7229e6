'use strict';

/*
 * What has to hold for a change (RFC 9110, section 13.1): `If-Match: "3"` (the version is still 3) or
 * `If-None-Match: *` (there is none). What isn't understood is refused and never ignored.
 */

const { Problem } = require('./problem');

/**
 * @param {import('node:http').IncomingHttpHeaders} headers
 * @returns {{ ifMatch?: number, ifNoneMatch?: boolean }}
 */
function preconditionOf(headers) {
  const match = headers['if-match'];
  const none = headers['if-none-match'];
  if (match !== undefined && none !== undefined) throw invalid('preconditions');
  if (match !== undefined) return { ifMatch: versionOf(match) };
  if (none === undefined) return {};
  if (none !== '*') throw invalid('ifNoneMatch');
  return { ifNoneMatch: true };
}

/**
 * For what is there or isn't: only a version makes sense.
 * @param {import('node:http').IncomingHttpHeaders} headers
 */
function expectedVersion(headers) {
  const { ifMatch, ifNoneMatch } = preconditionOf(headers);
  if (ifNoneMatch) throw invalid('ifNoneMatch');
  return ifMatch;
}

/** @param {string} header */
function versionOf(header) {
  const [, version] = /^"([0-9]{1,15})"$/.exec(header) ?? [];
  if (version === undefined) throw invalid('ifMatch');
  return Number(version);
}

/** @param {string} key */
function invalid(key) {
  return new Problem('header_invalid', key);
}

module.exports = { expectedVersion, preconditionOf };
