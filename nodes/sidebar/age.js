/* How long ago something was, or how soon it will be, in plain words. */

/** @type {Array<[unit: Intl.RelativeTimeFormatUnit, seconds: number]>} */
const UNITS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/**
 * @param {string} time ISO 8601
 * @param {number} now in ms
 * @param {string} language
 */
export function age(time, now, language) {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  return format.format(Math.trunc(seconds / length), unit);
}
