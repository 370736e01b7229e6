'use strict';

/* From what was found in different places to secrets with names that a space takes. */

/**
 * @typedef {object} Found a value that a flow reads
 * @property {string} path as the flow names it: `TOKEN`, `db.password`, `list[0]`
 * @property {unknown} value
 * @property {string} place where it is kept, for people
 * @property {string} [label] tells values of the same path apart
 *
 * @typedef {object} LeftOut
 * @property {string} path
 * @property {string} place
 * @property {string} reason
 *
 * @typedef {object} Secret
 * @property {string} name
 * @property {unknown} value
 * @property {string[]} was how flows name it so far, and where, when that isn't the name
 * @property {string[]} places
 */

/** As in the Secret Manager's rules. */
const RESERVED = new Set(
  [
    '__defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__ __proto__ constructor',
    'hasOwnProperty inspect isPrototypeOf propertyIsEnumerable prototype then toJSON',
    'toLocaleString toString valueOf',
  ].flatMap((line) => line.split(' ')),
);
const NAME_LENGTH = 256;
const VALUE_BYTES = 1024 * 1024;

/**
 * A path becomes a secret of its first part; what follows is inside of a JSON secret. So a flow reads
 * `SECRETS.db.password` where it has read `db.password`.
 * @param {Found[]} found
 * @returns {{ secrets: Secret[], leftOut: LeftOut[] }}
 */
function toSecrets(found) {
  /** @type {LeftOut[]} */
  const leftOut = [];
  /** @type {Map<string, Array<Found & { parts: string[] }>>} */
  const roots = new Map();
  for (const one of found) {
    const parts = partsOf(one.path);
    const reason = parts ? reasonAgainst(one.value) : 'this path is not understood';
    if (!parts || reason) {
      leftOut.push({ path: one.path, place: one.place, reason: String(reason) });
      continue;
    }
    roots.set(parts[0], [...(roots.get(parts[0]) ?? []), { ...one, parts }]);
  }

  /** @type {Map<string, Secret>} */
  const secrets = new Map();
  const add = (
    /** @type {string} */ wanted,
    /** @type {Array<Found & {parts: string[]}>} */ of,
  ) => {
    const name = freeName(wanted, (taken) => secrets.has(taken));
    const places = [...new Set(of.map(({ place }) => place))];
    const was = name === of[0].parts[0] ? [] : [...new Set(of.map(({ path }) => path))];
    secrets.set(name, { name, value: merged(of), was, places });
  };
  for (const [root, group] of roots) {
    if (agree(group)) {
      add(root, group);
      continue;
    }
    // The same name for different things: each gets its place into the name.
    for (const place of new Set(group.map((one) => one.place))) {
      const own = group.filter((one) => one.place === place);
      add(own[0].label ? `${own[0].label}_${root}` : root, own);
    }
  }
  return { secrets: [...secrets.values()].sort(byName), leftOut };
}

/**
 * @param {string} path
 * @returns {string[] | undefined} undefined for what isn't a path
 */
function partsOf(path) {
  const part = /(?:^|\.)([^.[\]"']+)|\[(\d+)\]|\["([^"]+)"\]|\['([^']+)'\]/y;
  /** @type {string[]} */
  const parts = [];
  while (part.lastIndex < path.length) {
    const [, plain, index, double, single] = part.exec(path) ?? [];
    const name = plain ?? index ?? double ?? single;
    if (name === undefined) return undefined;
    parts.push(name);
  }
  return parts.length > 0 ? parts : undefined;
}

/** @param {unknown} value */
function reasonAgainst(value) {
  if (value === undefined || value === '') return 'it has no value';
  const text = JSON.stringify(value);
  if (text === undefined) return 'it is not data';
  return Buffer.byteLength(text) > VALUE_BYTES ? 'it is larger than a secret may be' : undefined;
}

/**
 * Whether values of one name can be one secret: none contradicts another.
 * @param {Array<{ parts: string[], value: unknown }>} group
 */
function agree(group) {
  return group.every((a, index) =>
    group.slice(index + 1).every((b) => {
      const [short, long] = a.parts.length <= b.parts.length ? [a, b] : [b, a];
      if (!short.parts.every((part, at) => part === long.parts[at])) return true;
      return (
        short.parts.length === long.parts.length &&
        JSON.stringify(short.value) === JSON.stringify(long.value)
      );
    }),
  );
}

/**
 * One value of all; of two for the same path the later one counts, as it does when a flow runs.
 * @param {Array<{ parts: string[], value: unknown }>} group
 */
function merged(group) {
  const whole = Object.create(null);
  for (const { parts, value } of group) {
    let at = whole;
    for (const [depth, part] of parts.slice(0, -1).entries()) {
      if (typeof at[part] !== 'object' || at[part] === null) {
        at[part] = /^\d+$/.test(parts[depth + 1]) ? [] : Object.create(null);
      }
      at = at[part];
    }
    at[/** @type {string} */ (parts.at(-1))] = value;
  }
  return whole[group[0].parts[0]];
}

/**
 * @param {string} wanted
 * @param {(name: string) => boolean} taken
 */
function freeName(wanted, taken) {
  const allowed = wanted.replace(/[^A-Za-z0-9_-]/g, '_').replace(/^(?=[\d-])/, '_');
  const base = RESERVED.has(allowed) ? `${allowed}_` : allowed.slice(0, NAME_LENGTH - 5);
  let name = base;
  for (let number = 2; taken(name); number += 1) name = `${base}_${number}`;
  return name;
}

/**
 * @param {Secret} a
 * @param {Secret} b
 */
function byName(a, b) {
  return a.name < b.name ? -1 : 1;
}

module.exports = { toSecrets };
