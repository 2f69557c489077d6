// How the report writes figures: as people read them on paper, "—" where there was no case.

import { clockTime, date, instant, numberWriter, percentOf, running } from '../formats.js';

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Writers of one language. Every one of them takes null for «no case». */
export function writing(lang, say) {
  const whole = numberWriter(lang, say);
  const tenth = numberWriter(lang, say, 1);
  const hundredth = numberWriter(lang, say, 2);
  const isKnown = (value) => value !== null && value !== undefined;
  const none = say('page.unknown');
  return {
    none,
    count: (n) => (isKnown(n) ? whole(n) : none),
    /** 0.9968 -> 99,68% */
    rate: (share) => (isKnown(share) ? `${hundredth(percentOf(share))}%` : none),
    percent: (n) => (isKnown(n) ? `${tenth(n)}%` : none),
    decimal: (n) => (isKnown(n) ? (Number.isInteger(n) ? whole(n) : tenth(n)) : none),
    /** 1262 -> 00:21:02 */
    lasted: (seconds) => (isKnown(seconds) ? running(Math.round(seconds), say) : none),
    /** In a sentence: 1 giờ 05 phút. */
    spoken: (seconds) => spoken(Math.round(seconds), say),
    change: (n, write) => (isKnown(n) ? (n === 0 ? write(0) : `${n > 0 ? '\u25b2' : '\u25bc'} ${write(Math.abs(n))}`) : none),
  };
}

function spoken(seconds, say) {
  const minutes = Math.round(seconds / MINUTE_S);
  if (seconds < 2 * MINUTE_S) return say.n('report.seconds', seconds);
  if (minutes < HOUR_S / MINUTE_S) return say.n('report.minutes', minutes);
  return say('report.hours', { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, '0') });
}

/** 14:05 of a time of the day; its end is 24:00. */
export function timeOfDay(text, endText) {
  if (instant(text) === instant(endText) && clockTime(instant(text)) === '00:00:00') return '24:00';
  return clockTime(instant(text)).slice(0, 5);
}

/** 06:00 22/11/2026 */
export function moment(text) {
  const ms = instant(text);
  return `${clockTime(ms).slice(0, 5)} ${date(ms)}`;
}

/** Day, month and year of a date of the calendar (2027-01-05), as letters write them. */
export function calendarDay(text) {
  const [year, month, day] = text.split('-');
  return { day, month, year };
}
