/*
 * Addresses inside the page. The service answers each with the page itself (`src/page.rs` has the
 * same list).
 */

/** @typedef {'secrets' | 'members' | 'tokens' | 'activity'} Tab */
/** @typedef {{ view: 'spaces' | 'setup' | 'invitation' | 'users' | 'activity' | 'account' | 'missing' } | { view: 'space', space: string, tab: Tab }} Route */

/** @type {readonly Tab[]} */
export const tabs = ['secrets', 'members', 'tokens', 'activity'];

/** Tells (`change`) that the page is at another address. */
export const router = new EventTarget();

/** @returns {Route} */
export function currentRoute() {
  const [first = '', space, tab = 'secrets', ...more] = location.pathname.split('/').slice(1);
  if (first === 'spaces' && space && more.length === 0) {
    const known = tabs.find((name) => name === tab);
    return known
      ? { view: 'space', space: decodeURIComponent(space), tab: known }
      : { view: 'missing' };
  }
  if (space !== undefined && space !== '') return { view: 'missing' };
  switch (first) {
    case '':
    case 'spaces':
      return { view: 'spaces' };
    case 'setup':
    case 'invitation':
    case 'users':
    case 'activity':
    case 'account':
      return { view: first };
    default:
      return { view: 'missing' };
  }
}

/**
 * @param {string} space
 * @param {Tab} [tab]
 */
export function spaceAddress(space, tab = 'secrets') {
  return `/spaces/${encodeURIComponent(space)}${tab === 'secrets' ? '' : `/${tab}`}`;
}

/**
 * Where one signs in at the OpenID provider, or connects it with the account one has.
 * @param {string} next where that leads in the end
 */
export function signInAddress(next) {
  return `/auth/openid/start?next=${encodeURIComponent(next)}`;
}

/** @param {string} address */
export function navigate(address, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  router.dispatchEvent(new Event('change'));
}

window.addEventListener('popstate', () => router.dispatchEvent(new Event('change')));

/** Makes links to the page's own addresses work without loading it again. @param {MouseEvent} event */
export function followLink(event) {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return;
  const ours = link.origin === location.origin && !/^\/(api|auth)\//.test(link.pathname);
  if (!ours) return;
  event.preventDefault();
  if (link.pathname !== location.pathname) navigate(link.pathname);
}
