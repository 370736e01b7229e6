'use strict';

/* What a view must be for everybody: read without seeing it, used without a mouse, and not cut off. */

const assert = require('node:assert/strict');
const fs = require('node:fs');

/** @import { Locator, Page } from 'playwright-core' */

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * axe finds nothing.
 * @param {Page} page
 * @param {string} view
 * @param {object} [options]
 * @param {string} [options.within] the part that is ours, when it isn't the whole page
 * @param {string[]} [options.rules] tags of more than WCAG's
 */
async function isAccessible(page, view, { within, rules = [] } = {}) {
  if (await page.evaluate('!window.axe')) await page.evaluate(axe);
  const where = within ? JSON.stringify(within) : 'document';
  const options = JSON.stringify({ runOnly: [...WCAG, ...rules] });
  const { violations } = /** @type {any} */ (await page.evaluate(`axe.run(${where}, ${options})`));
  const told = violations.map(
    (/** @type {any} */ { id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((/** @type {any} */ node) => `${node.html.slice(0, 200)} ${node.failureSummary}`).join('\n')}`,
  );
  assert.deepEqual(told, [], view);
}

/**
 * What is in a box isn't wider than it.
 * @param {Locator} box
 * @param {string} view
 */
async function fits(box, view) {
  const [needed, there] = await box.evaluate((/** @type {any} */ element) => [
    element.scrollWidth,
    element.clientWidth,
  ]);
  assert.ok(needed <= there, `${view} needs ${needed} of ${there} pixels`);
}

module.exports = { fits, isAccessible };
