// A rule as people write it: YAML, the fields in the order of the docs, nothing lost. And what a question about
// changed rules needs: its range, and columns that fit a screen. No DOM.

const ORDER = [
  'id', 'title', 'title_en', 'type', 'source', 'kind', 'enabled', 'when', 'value', 'count', 'threshold', 'duration', 'rate', 'absence',
  'sequence', 'sla', 'calendar', 'per', 'scope', 'severity', 'clear', 'ack', 'acknowledge', 'guidance',
];
/** What YAML could take for something else, or cut off, is written in quotes. */
const PLAIN = /^[a-z][a-z0-9_.-]*$/i;
const WORDS = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n']);
const DAY_MS = 86_400_000;
const ZONE = '+07:00';
const DAYS_MAX = 31;
const COLUMNS_MAX = 144;

/** The YAML of a rule's body. */
export function yamlOf(body) {
  return `${lines(body, 0).join('\n')}\n`;
}

function lines(fields, depth) {
  const pad = '  '.repeat(depth);
  return ordered(Object.keys(fields), depth).flatMap((name) => {
    const value = fields[name];
    if (Array.isArray(value) && value.some((item) => isFields(item) || String(item).length > 24)) {
      return [`${pad}${scalar(name)}:`, ...value.map((item) => `${pad}  - ${flow(item)}`)];
    }
    if (isFields(value) && Object.keys(value).length > 0 && flow(value).length > 60) return [`${pad}${scalar(name)}:`, ...lines(value, depth + 1)];
    return [`${pad}${scalar(name)}: ${flow(value)}`];
  });
}

function ordered(names, depth) {
  if (depth > 0) return names;
  const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...names].sort((a, b) => place(a) - place(b));
}

function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (isFields(value)) return `{${Object.entries(value).map(([name, inner]) => `${scalar(name)}: ${flow(inner)}`).join(', ')}}`;
  return scalar(value);
}

function scalar(value) {
  if (typeof value !== 'string') return JSON.stringify(value);
  return PLAIN.test(value) && !WORDS.has(value.toLowerCase()) ? value : JSON.stringify(value);
}

function isFields(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** {from, to} of local days `a` to `b`, both included and no later than now; {problem} when it is no such range. */
export function daysOf(a, b, nowMs) {
  const from = Date.parse(`${a}T00:00:00${ZONE}`);
  const until = Date.parse(`${b}T00:00:00${ZONE}`) + DAY_MS;
  if (Number.isNaN(from) || Number.isNaN(until)) return { problem: 'missing' };
  const to = Math.min(until, nowMs);
  if (from >= to) return { problem: from >= nowMs ? 'future' : 'order' };
  if (to - from > DAYS_MAX * DAY_MS) return { problem: 'long' };
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** Ten-minute counts put together until they fit: {step: minutes, columns: [{t, now, draft}]}, each the sum. */
export function columnsOf(points) {
  const each = Math.max(1, Math.ceil(points.length / COLUMNS_MAX));
  const columns = [];
  for (let at = 0; at < points.length; at += each) {
    const some = points.slice(at, at + each);
    const sum = (name) => some.reduce((total, point) => total + point[name], 0);
    columns.push({ t: some[0].t, now: sum('now'), draft: sum('draft') });
  }
  return { step: each * 10, columns };
}

/** Whether it goes on without us. */
export function isOpen({ state }) {
  return state === 'waiting' || state === 'running';
}

/**
 * How far one that runs is: {percent, rest}, never 100 before it is done; `rest` is {unit: seconds | minutes, n},
 * rounded up to what somebody waits for, null while it cannot be told.
 */
export function standingOf({ progress = 0, rest_s: restS = null }) {
  const percent = Math.min(Math.floor(100 * progress), 99);
  if (restS === null) return { percent, rest: null };
  if (restS > 60) return { percent, rest: { unit: 'minutes', n: Math.ceil(restS / 60) } };
  return { percent, rest: { unit: 'seconds', n: Math.max(5 * Math.ceil(restS / 5), 5) } };
}
