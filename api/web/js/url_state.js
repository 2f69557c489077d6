// What a screen shows, as its address says it. A link that is passed on shows the same; what it holds that
// we do not know is dropped and named. The words are the API's.

import { PROVINCE } from './areas.js';
import { SEVERITIES } from './badges.js';

const STATES = ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed', 'out_of_service'];
/** The letters of ISA-18.2, as people write them in links. */
const STATE_ALIASES = {
  UNACK: 'unacknowledged', ACKED: 'acknowledged', RTNUN: 'returned', SHLVD: 'shelved', DSUPR: 'suppressed',
  OOSRV: 'out_of_service',
};
const LIST_MAX = 20;
const TEXT_MAX = 200;

const WORD = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/;

const one = (...allowed) => (text) => (allowed.includes(text) ? text : undefined);
const like = (pattern) => (text) => (pattern.test(text) ? text : undefined);
/** A word that a page may look up in a table of its own: none that every table has. */
const word = (text) => (WORD.test(text) && !(text in {}) ? text : undefined);
/** A day, or a moment of it, that there is: a calendar has no 31 February, whatever a browser makes of it. */
const moment = (value) => {
  const [, year, month, day] = (MOMENT.exec(value) ?? []).map(Number);
  const found = new Date(Date.UTC(year, month - 1, day));
  const isDay = found.getUTCMonth() === month - 1 && found.getUTCDate() === day;
  return isDay && !Number.isNaN(Date.parse(value)) ? value : undefined;
};
const text = (value) => (value.length <= TEXT_MAX ? value : undefined);
/** Like a code, a name or an id; unknown ones of these are the API's to refuse. */
const listOf = (each) => (value) => {
  const items = value.split(',').slice(0, LIST_MAX).map(each);
  return items.includes(undefined) ? undefined : [...new Set(items)];
};

/** name -> how its value is read; null: as if it were not there, undefined: not one of ours. */
const SCHEMA = {
  page: like(/^[a-z][a-z-]{0,30}$/),
  state: listOf((item) => (Object.hasOwn(STATE_ALIASES, item) ? STATE_ALIASES[item] : one(...STATES)(item))),
  severity: listOf((item) => SEVERITIES[Number(item) - 1] ?? one(...SEVERITIES)(item)),
  area: (text) => (text === PROVINCE ? null : like(/^\d{2,5}$/)(text)),
  source: listOf(word),
  rule: word,
  q: text,
  group: one('area', 'none'),
  open: like(/^[\w.:-]{1,100}$/),
  tab: (value) => (/^[1-5]$/.test(value) ? Number(value) : undefined),
  from: moment,
  to: moment,
  span: word,
  step: one('1m', '5m', '1h', '1d'),
  measure: word,
  at: like(/^-?[\d.]{1,12},-?[\d.]{1,12},[\d.]{1,6}$/),
  kind: word,
  status: word,
  reason: text,
  endpoint: like(/^[\w.:-]{1,100}$/),
  office: text,
  metric: word,
  position: text,
  days: (value) => (/^(1|7|30|90)$/.test(value) ? Number(value) : undefined),
  edition: word,
  theme: one('light', 'dark'),
  lang: one('vi', 'en', 'qps'),
};

/** {view, dropped}: what is asked for, and the names of what was not understood. */
export function readUrl(search) {
  const view = {};
  const dropped = [];
  for (const [name, value] of new URLSearchParams(search)) {
    if (value === '') continue;
    const read = Object.hasOwn(SCHEMA, name) ? SCHEMA[name](value) : undefined;
    if (read === undefined || Object.hasOwn(view, name)) dropped.push(name);
    else if (read !== null) view[name] = read;
  }
  return { view: { ...view, page: view.page ?? 'alarms' }, dropped: [...new Set(dropped)] };
}

/** The query of a view, always in the same order; what is empty is left out. */
export function queryOf(view) {
  const pairs = Object.keys(SCHEMA).flatMap((name) => {
    const value = view[name];
    const written = Array.isArray(value) ? value.join(',') : String(value ?? '');
    return written === '' ? [] : [`${name}=${encodeURIComponent(written).replaceAll('%2C', ',')}`];
  });
  return pairs.length ? `?${pairs.join('&')}` : '';
}

/** Put a view into the address: a new entry of the history with `push`, else in place of this one. */
export function writeUrl(view, { push = false, history = globalThis.history, path = '/console' } = {}) {
  const address = path + queryOf(view);
  if (push) history.pushState(null, '', address);
  else history.replaceState(null, '', address);
  return address;
}
