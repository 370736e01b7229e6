'use strict';

const { Problem } = require('./problem');

/**
 * No page of another site may change or reveal anything in the name of somebody whose browser can
 * reach this Node-RED: without adminAuth that would be all it takes.
 * @param {import('node:http').IncomingMessage} request
 */
function refuseCrossSite({ headers }) {
  if (isCrossSite(headers)) throw new Problem('cross_site');
}

/**
 * Browsers say where a request comes from; programs that are none don't. `Sec-Fetch-Site` can't be
 * set by a page. A browser leaves it out over plain HTTP to other machines; then `Origin` has to name
 * the host that was asked, also by the name that a reverse proxy was asked for.
 * @param {import('node:http').IncomingHttpHeaders} headers
 */
function isCrossSite(headers) {
  // A page can't send these to another site without asking there first, and Node-RED says yes to such
  // questions only if its owner wants that (httpAdminCors).
  if (headers.authorization || headers['x-requested-with']) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (headers.origin === undefined) return false;
  const [, host] = /^[a-z]+:\/\/(.+)$/i.exec(headers.origin) ?? [];
  const asked = [headers.host, headers['x-forwarded-host']].map((name) =>
    String(name).toLowerCase(),
  );
  return !host || !asked.includes(host.toLowerCase());
}

module.exports = { refuseCrossSite };
