// Ranges of time as people ask for them: days and moments of the province (UTC+7 all year). No DOM.

import { midnight } from './times.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SHIFT_MS = 7 * HOUR_MS;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** 2026-11-22, the day of the province that a moment is in. */
export function localDay(ms) {
  return new Date(ms + SHIFT_MS).toISOString().slice(0, 10);
}

/** 2026-11-22T14:05+07:00, to the minute: what stands in an address. */
export function localMoment(ms) {
  return `${new Date(ms + SHIFT_MS).toISOString().slice(0, 16)}+07:00`;
}

/** 2026-11-22T14:05:09+07:00: what stands in a file; null for none. */
export function localStamp(ms) {
  return ms === null ? null : `${new Date(ms + SHIFT_MS).toISOString().slice(0, 19)}+07:00`;
}

/** The moment that an address says: a day is its first one, what says no zone is of the province; null: none. */
export function momentOf(text) {
  if (typeof text !== 'string' || text === '') return null;
  const whole = DATE.test(text) ? `${text}T00:00+07:00` : /(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}+07:00`;
  const ms = Date.parse(whole);
  return Number.isNaN(ms) ? null : ms;
}

/** Ranges of whole days, by name: from and to in milliseconds, `to` null: up to now. */
const DAY_SPANS = {
  today: (now) => ({ from: midnight(now), to: null }),
  yesterday: (now) => ({ from: midnight(now) - DAY_MS, to: midnight(now) }),
  week: (now) => ({ from: midnight(now) - 6 * DAY_MS, to: null }),
  month: (now) => ({ from: momentOf(`${localDay(now).slice(0, 7)}-01`), to: null }),
};

/** {name, from, to} of what the address says; `name` is null for a range of its own. */
export function daySpan({ from, to }, now) {
  const start = momentOf(from);
  const end = momentOf(to);
  if (start === null && end === null) return { name: 'today', ...DAY_SPANS.today(now) };
  const found = { from: start ?? midnight(end - 1), to: end };
  const same = Object.entries(DAY_SPANS).find(([, span]) => span(now).from === found.from && span(now).to === found.to);
  return { name: same?.[0] ?? null, ...found };
}

/** What goes into the address for a named range; today needs nothing. */
export function dayView(name, now) {
  if (name === 'today' || !(name in DAY_SPANS)) return { from: null, to: null };
  const { from, to } = DAY_SPANS[name](now);
  return { from: localDay(from), to: to === null ? null : localDay(to) };
}

/** The parameters of a call: RFC 3339, no `to` for «up to now». */
export function asked({ from, to }) {
  return { from: from === null ? null : new Date(from).toISOString(), to: to === null ? null : new Date(to).toISOString() };
}
