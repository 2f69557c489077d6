// Times, numbers and durations as people here write them, whatever the machine is set to.
// All times are milliseconds since 1970 (UTC) unless a name says otherwise.

import { midnight } from './times.js';

/** Of Vietnam, which has no summer time: Intl would take many times as long, and a list that is scrolled writes many. */
const ZONE_MS = 7 * 3_600_000;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;

const WEEKDAYS = [
  'weekday.sun', 'weekday.mon', 'weekday.tue', 'weekday.wed', 'weekday.thu', 'weekday.fri', 'weekday.sat',
];

/** A time as the province's clocks show it: its UTC parts are theirs. */
function local(ms) {
  return new Date(ms + ZONE_MS);
}

function two(n) {
  return String(n).padStart(2, '0');
}

/** 14:05:09 */
export function clockTime(ms) {
  return local(ms).toISOString().slice(11, 19);
}

/** 22/11/2026 */
export function date(ms) {
  const at = local(ms);
  return `${dayMonth(at)}/${at.getUTCFullYear()}`;
}

/** 22/11/2026 14:05:09 */
export function dateTime(ms) {
  return `${date(ms)} ${clockTime(ms)}`;
}

/** 14:05 for today, 21/11 14:05 for another day. */
export function shortTime(ms, nowMs) {
  const time = clockTime(ms).slice(0, 5);
  return midnight(ms) === midnight(nowMs) ? time : `${dayMonth(local(ms))} ${time}`;
}

/** The catalogue key of the weekday: CN, T2 … T7. */
export function weekday(ms) {
  return WEEKDAYS[local(ms).getUTCDay()];
}

function dayMonth(at) {
  return `${two(at.getUTCDate())}/${two(at.getUTCMonth() + 1)}`;
}

/** Whole seconds from one moment to another, never negative (clocks of two machines may differ). */
export function secondsBetween(fromMs, toMs) {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000));
}

/** 00:01:42 below a day; from 24 h on `days` says it ("2 ngày 03 giờ"). */
export function running(seconds, say) {
  if (seconds >= DAY_S) {
    return say('alarm.days', {
      d: Math.floor(seconds / DAY_S), h: two(Math.floor((seconds % DAY_S) / HOUR_S)),
    });
  }
  const hours = Math.floor(seconds / HOUR_S);
  const minutes = Math.floor((seconds % HOUR_S) / MINUTE_S);
  return `${two(hours)}:${two(minutes)}:${two(seconds % MINUTE_S)}`;
}

/** The same for whoever hears it: "1 phút 42 giây"; seconds are left out from an hour on. */
export function spokenRunning(seconds, say) {
  if (seconds >= DAY_S) return running(seconds, say);
  const [h, m, s] = [Math.floor(seconds / HOUR_S), Math.floor((seconds % HOUR_S) / MINUTE_S), seconds % MINUTE_S];
  if (h > 0) return say('alarm.for_hours', { h, m });
  return m > 0 ? say('alarm.for_minutes', { m, s }) : say('alarm.for_seconds', { s });
}

/** A function that writes numbers (1.284; 0,4 with one digit) and says "—" for what is not known. */
export function numberWriter(lang, say, digits = 0) {
  const format = new Intl.NumberFormat(lang === 'vi' ? 'vi-VN' : 'en-GB', {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return (n) => (Number.isFinite(n) ? format.format(n).replace('-', '\u2212') : say('page.unknown'));
}

/** A share of 1 in percent, to be written with so many digits: what is not all is not rounded up to 100. */
export function percentOf(share, digits = 2) {
  const most = 100 - 10 ** -digits;
  return share < 1 && share * 100 > most ? most : share * 100;
}

/** A function that writes a share of 1 in percent (99,68%; with no digits 80%), "—" when it is not known. */
export function percentWriter(lang, say) {
  const writers = [0, 1, 2].map((digits) => numberWriter(lang, say, digits));
  return (share, digits = 2) => (Number.isFinite(share)
    ? say('figure.percent', { n: writers[digits](percentOf(share, digits)) }) : say('page.unknown'));
}

/** Milliseconds of an RFC 3339 time, or null when there is none or it cannot be read. */
export function instant(text) {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}
