'use strict';

/* What goes wrong with a request, as the editor and scripts are told. */

const { readable } = require('../setup');

/** Codes are part of the API: they stay when the texts change. Whatever isn't here is a 500. */
const STATUSES = {
  body_invalid: 400,
  query_invalid: 400,
  header_invalid: 400,
  cross_site: 403,
  not_found: 404,
  misconfigured: 409,
  value_destroyed: 410,
  precondition_failed: 412,
  body_too_large: 413,
  media_type_unsupported: 415,
  name_invalid: 422,
  value_invalid: 422,
  import_invalid: 422,
  limit_exceeded: 422,
  // Of a source that was asked.
  denied: 502,
  throttled: 502,
  invalid: 502,
  unavailable: 502,
  busy: 503,
  'native-missing': 503,
  stopped: 503,
  storage_full: 507,
};

/** An error with a text of the catalogue; `code` decides the status. */
class Problem extends Error {
  /**
   * @param {keyof typeof STATUSES} code
   * @param {string} [key] of the catalogue, under "problem"; the code by default
   * @param {Record<string, string | number>} [values]
   */
  constructor(code, key = code, values = {}) {
    super(code);
    this.code = code;
    this.key = key;
    this.values = values;
  }
}

/**
 * @param {import('../types').Red} RED
 * @param {any} error
 * @returns {{ status: number, body: { code: string, message: string, [member: string]: unknown } }}
 */
function described(RED, error) {
  const text = (/** @type {string} */ key, /** @type {object} */ values) =>
    RED._(`secret-manager.problem.${key}`, values);
  const { code, current, mistakes } = error;
  const status = statusOf(error);
  if (status === undefined) {
    reportMistake(RED, error);
    return { status: 500, body: { code: 'internal', message: text('internal', {}) } };
  }
  const message =
    error instanceof Problem ? text(error.key, error.values) : readable(RED, error).message;
  return {
    status,
    body: {
      code,
      message,
      ...(current !== undefined && { current }),
      ...(mistakes !== undefined && { mistakes }),
    },
  };
}

/**
 * @param {{ code?: string, status?: number }} error
 * @returns {number | undefined}
 */
function statusOf({ code = '', status }) {
  if (!Object.hasOwn(STATUSES, code)) return undefined;
  return status ?? STATUSES[/** @type {keyof typeof STATUSES} */ (code)];
}

/**
 * A mistake of this program's. What the error says may quote what it was about, so only its kind and
 * the place are logged.
 * @param {import('../types').Red} RED
 * @param {any} error
 */
function reportMistake(RED, error) {
  const places = String(error?.stack)
    .split('\n')
    .filter((line) => /^\s+at /.test(line));
  const kind = error?.code ?? error?.name;
  RED.log.error([`${RED._('secret-manager.problem.internal')} (${kind})`, ...places].join('\n'));
}

module.exports = { Problem, described };
