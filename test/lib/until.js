'use strict';

/**
 * Waits for a condition, as short as possible and not forever.
 * @param {() => unknown} condition may be async
 * @param {() => string} [describe] what to say when it never comes true
 */
async function until(condition, describe = () => String(condition), limit = 15_000) {
  const deadline = Date.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Never came true: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

module.exports = { until };
