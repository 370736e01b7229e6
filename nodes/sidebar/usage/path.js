/* Paths in context, as people write them: `SECRETS.DB.password`, `SECRETS["mqtt.user"]`. */

/**
 * @param {string} text also with the name of a store, as Node-RED writes it
 * @returns {{ root: string, path: string[] | null }} null when the path isn't known or is empty
 */
export function contextPath(text) {
  const bare = text.replace(/^#:\([^)]*\)::/, '').trim();
  const [root = ''] = /^[^.[\]\s]+/.exec(bare) ?? [];
  const step = /\.([^.[\]\s]+)|\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\d+))\s*\]/y;
  step.lastIndex = root.length;
  const path = [];
  for (let found = step.exec(bare); found; found = step.exec(bare)) {
    const [, plain, double, single, index] = found;
    path.push(plain ?? index ?? unescaped(double ?? single));
  }
  return { root, path: path.length > 0 ? path : null };
}

/** @param {string} text between its quotes */
export function unescaped(text) {
  return text.replace(/\\(.)/g, '$1');
}
