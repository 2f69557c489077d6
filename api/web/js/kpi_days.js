// The range that the page of figures is about, and its days. No DOM.

import { midnight } from './times.js';

const DAY_MS = 86_400_000;
export const RANGES = [1, 7, 30, 90];
/** Fewer days with alarms before today than this say little about what is usual. */
export const DAYS_MIN = 21;

/** How many whole days lie between the first day with an alarm and today; 0 without any. */
export function daysKnown(points, nowMs) {
  const first = points.find(({ n }) => n > 0);
  return first ? Math.floor((midnight(nowMs) - midnight(Date.parse(first.t))) / DAY_MS) : 0;
}

/** How many days there are from one moment to another, to a tenth; null: not yet one. */
export function daysSince(since, to) {
  const days = (Date.parse(to) - Date.parse(since)) / DAY_MS;
  return days < 1 ? null : Math.floor(days * 10) / 10;
}

/** Heights of columns from 0 to 1; all 0 when nothing happened. */
export function heights(points) {
  const most = Math.max(...points.map(({ n }) => n), 0);
  return points.map(({ n }) => (most > 0 ? n / most : 0));
}

/** The priorities' shares as [1, 2, 3, 4], null where there is no figure. */
export function shares(rows) {
  const by = new Map(rows.map(({ name, value }) => [name, value]));
  return [1, 2, 3, 4].map((priority) => by.get(`priority_${priority}`) ?? null);
}
