'use strict';

/*
 * What somebody may do, to show only what will work. Whether it does is up to Node-RED: each route
 * asks `RED.auth.needsPermission`, which doesn't tell in advance. So these are its rules again; a test
 * compares the two.
 */

/**
 * @param {any} request that Node-RED has let in
 * @param {string} permission
 */
function mayDo(request, permission) {
  // Without adminAuth everybody may do everything.
  const scope = request.authInfo?.scope;
  return scope === undefined || covers(scope, permission);
}

/**
 * @param {unknown} scope
 * @param {string} permission
 * @returns {boolean}
 */
function covers(scope, permission) {
  if (Array.isArray(scope)) return scope.some((part) => covers(part, permission));
  if (scope === '*' || scope === permission) return true;
  const [, right] = /^(?:\*\.)?(read|write)$/.exec(String(scope)) ?? [];
  return right !== undefined && permission.endsWith(`.${right}`);
}

module.exports = { mayDo };
