'use strict';

/**
 * Waits for a condition, as short as possible and not forever.
 * @param {() => unknown} condition may be async
 * @param {() => string} [describe] what to say when it never comes true
 */
async function until(condition, describe = () => String(condition), limit = 10_000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Never came true: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * The error that a promise is expected to reject with.
 * @param {Promise<unknown>} promise
 * @returns {Promise<any>}
 */
function failureOf(promise) {
  return promise.then(
    () => {
      throw new Error('This should have failed');
    },
    (error) => error,
  );
}

module.exports = { failureOf, until };
