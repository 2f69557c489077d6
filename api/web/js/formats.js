// Times, numbers and durations as people here write them, whatever the machine is set to.
// All times are milliseconds since 1970 (UTC) unless a name says otherwise.

const ZONE = 'Asia/Ho_Chi_Minh';
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;

const local = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit',
  day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
});

const WEEKDAYS = {
  Mon: 'weekday.mon', Tue: 'weekday.tue', Wed: 'weekday.wed', Thu: 'weekday.thu',
  Fri: 'weekday.fri', Sat: 'weekday.sat', Sun: 'weekday.sun',
};

function parts(ms) {
  return Object.fromEntries(local.formatToParts(ms).map(({ type, value }) => [type, value]));
}

/** 14:05:09 */
export function clockTime(ms) {
  const p = parts(ms);
  return `${p.hour}:${p.minute}:${p.second}`;
}

/** 22/11/2026 */
export function date(ms) {
  const p = parts(ms);
  return `${p.day}/${p.month}/${p.year}`;
}

/** 22/11/2026 14:05:09 */
export function dateTime(ms) {
  return `${date(ms)} ${clockTime(ms)}`;
}

/** 14:05 for today, 21/11 14:05 for another day. */
export function shortTime(ms, nowMs) {
  const p = parts(ms);
  const time = `${p.hour}:${p.minute}`;
  return date(ms) === date(nowMs) ? time : `${p.day}/${p.month} ${time}`;
}

/** The catalogue key of the weekday: CN, T2 … T7. */
export function weekday(ms) {
  return WEEKDAYS[parts(ms).weekday];
}

/** Whole seconds from one moment to another, never negative (clocks of two machines may differ). */
export function secondsBetween(fromMs, toMs) {
  return Math.max(0, Math.floor((toMs - fromMs) / 1000));
}

/** 00:01:42 below a day; from 24 h on `days` says it ("2 ngày 03 giờ"). */
export function running(seconds, say) {
  const two = (n) => String(n).padStart(2, '0');
  if (seconds >= DAY_S) {
    return say('alarm.days', {
      d: Math.floor(seconds / DAY_S), h: two(Math.floor((seconds % DAY_S) / HOUR_S)),
    });
  }
  const hours = Math.floor(seconds / HOUR_S);
  const minutes = Math.floor((seconds % HOUR_S) / MINUTE_S);
  return `${two(hours)}:${two(minutes)}:${two(seconds % MINUTE_S)}`;
}

/** A function that writes whole numbers (1.284) and says "—" for what is not known. */
export function numberWriter(lang, say) {
  const format = new Intl.NumberFormat(lang === 'vi' ? 'vi-VN' : 'en-GB', {
    maximumFractionDigits: 0,
  });
  return (n) => (Number.isFinite(n) ? format.format(n).replace('-', '\u2212') : say('page.unknown'));
}

/** Milliseconds of an RFC 3339 time, or null when there is none or it cannot be read. */
export function instant(text) {
  const ms = typeof text === 'string' ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}
