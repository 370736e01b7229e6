/* What the service answers instead of what was asked for, and how that is told to a person. */

import { hasText, t } from './texts.js';

/** @import * as Api from './types.js' */

/** An answer that is not the one that was hoped for (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status 0 when there was no answer at all
   * @param {Record<string, any>} body
   * @param {number | null} retryAfter seconds
   */
  constructor(status, body, retryAfter = null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.status = status;
    /** @type {string} */
    this.code = body.code ?? 'unknown';
    /** @type {string | undefined} */
    this.requestId = body.requestId;
    /** What is wrong with a file. @type {Api.Mistake[]} */
    this.mistakes = body.mistakes ?? [];
    /** The version that is there instead of the expected one. @type {number | null} */
    this.current = body.current ?? null;
    this.retryAfter = retryAfter;
  }
}

/** @param {Problem} problem */
export function explain(problem) {
  const { code, retryAfter, requestId } = problem;
  if (retryAfter !== null && hasText(`problem.${code}.wait`)) {
    return t(`problem.${code}.wait`, { seconds: retryAfter });
  }
  if (hasText(`problem.${code}`)) return t(`problem.${code}`, { request: requestId });
  return t('problem.other', { detail: problem.message });
}

/** @param {Api.Mistake} mistake */
export function place({ line, key, reason }) {
  if (line !== undefined) return t('import.line', { line, reason });
  return key === undefined ? reason : `${key}: ${reason}`;
}
