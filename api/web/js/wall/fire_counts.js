// The open alarms of one source, and what those of fire detection say about devices. No DOM.

import { isAnnunciated, priorityOf } from '../alarms.js';
import { SEVERITIES } from '../badges.js';

const SILENT_RULES = new Set(['silent-fire-device']); // counted by the silent devices themselves

/** {burning, trouble}: devices with an active alarm of priority 1, and with any lesser one. */
export function fireCounts(alarms) {
  const burning = new Set();
  const trouble = new Set();
  for (const alarm of alarms) {
    if (!alarm.active || !isAnnunciated(alarm) || SILENT_RULES.has(alarm.rule)) continue;
    (priorityOf(alarm) === 1 ? burning : trouble).add(alarm.device ?? alarm.id);
  }
  return { burning: burning.size, trouble: trouble.size };
}

const known = new WeakMap(); // an answer is drawn many times

/** Alarms of GET /alarms/rows, named as the live feed names them. */
export function alarmsOf(answer) {
  if (!known.has(answer)) known.set(answer, named(answer));
  return known.get(answer);
}

function named({ columns, rows }) {
  return rows.map((row) => {
    const of = Object.fromEntries(columns.map((name, i) => [name, row[i]]));
    return {
      ...of,
      priority: SEVERITIES.indexOf(of.severity) + 1,
      raised_at: new Date(of.raised_at).toISOString(),
      assignee: of.owner,
      active: (of.flags & 1) > 0,
      folded: (of.flags & 2) > 0,
    };
  });
}

const ASKED_MAX = 5000;
const ASK_EVERY_MS = 10_000;

/** A list that was cut at its limit says nothing about one source: its alarms are asked for. */
export function keepAlarms(source, { picture, docs, area }, when) {
  if (picture.book.complete) return;
  docs.keep(`alarms.${source}`, () => area(`/api/v1/alarms/rows?source=${source}&limit=${ASKED_MAX}`), {
    ...when, everyMs: ASK_EVERY_MS,
  });
}

/** {alarms, isWhole}: the annunciated ones of a source, the most urgent first; not whole while a cut list is all there is. */
export function openAlarms(source, { picture, docs }) {
  const asked = picture.book.complete ? null : docs.current(`alarms.${source}`);
  const all = asked ? alarmsOf(asked) : picture.book.rows();
  return {
    alarms: all.filter((alarm) => alarm.source === source && isAnnunciated(alarm)),
    isWhole: picture.book.complete || asked !== null,
  };
}

/** What of them stands in a list: not what a flood has folded. */
export function listed({ alarms, isWhole }, picture) {
  return { alarms: picture.folded > 0 ? alarms.filter(({ folded }) => !folded) : alarms, isWhole };
}
