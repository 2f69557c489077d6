// Days, and ranges of time as the API is asked for them, on the province's clock: UTC+7 all year. No DOM.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ZONE_MS = 7 * HOUR_MS;

/** The beginning of the province's day. */
export function midnight(nowMs) {
  return Math.floor((nowMs + ZONE_MS) / DAY_MS) * DAY_MS - ZONE_MS;
}

/** The beginning of the province's month. */
export function monthBegin(nowMs) {
  const local = new Date(nowMs + ZONE_MS);
  return Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1) - ZONE_MS;
}

function range(fromMs, toMs) {
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** [from, to) of today so far. */
export function today(nowMs) {
  return range(midnight(nowMs), nowMs);
}

/** [from, to) of this month so far. */
export function monthSoFar(nowMs) {
  return range(monthBegin(nowMs), nowMs);
}

/** [from, to) of the last so many days until now. */
export function lastDays(nowMs, days) {
  return range(nowMs - days * DAY_MS, nowMs);
}

/** The hour that ends with this minute. */
export function lastHour(nowMs) {
  const to = Math.floor(nowMs / 60_000) * 60_000 + 60_000;
  return range(to - HOUR_MS, to);
}

/** Twenty-four whole hours, the last of them not over yet. */
export function lastDay(nowMs) {
  const to = Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS;
  return range(to - DAY_MS, to);
}
