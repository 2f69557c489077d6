// The time line of an incident: what raised it and what people did, in one order. No DOM.

import { TO_ACKNOWLEDGE } from '../alarms.js';
import { instant } from '../formats.js';
import { subjectOf } from '../subject.js';

const LINE_KEYS = {
  opened: 'incident.line_opened',
  joined: 'incident.line_joined',
  merged: 'incident.line_merged',
  split: 'incident.line_split',
  severity_changed: 'incident.line_severity',
  assigned: 'incident.line_assigned',
  commented: 'incident.line_commented',
  closed: 'incident.line_closed',
  reopened: 'incident.line_reopened',
};

/** More is no line that a person follows; the newest count. */
export const LINES_MAX = 200;

/**
 * Lines, oldest first: evidence as {at, severity, source, key, n, alarm} and steps as {at, type, key, by,
 * comment, body}. `joined` by a rule says the same as its evidence and is left out; an alarm that a person put
 * into it without evidence stands at the time at which it was raised.
 */
export function timeline({ evidence, log, members = [] }) {
  const found = evidence.map((piece) => ({
    kind: 'evidence',
    at: instant(piece.from_at),
    severity: piece.severity,
    source: piece.source,
    key: piece.key,
    n: piece.n,
    alarm: piece.alarm,
  }));
  const seen = new Set(evidence.map(({ alarm }) => alarm));
  for (const { alarm } of members.filter((each) => !seen.has(each.alarm.id))) {
    const { raised_at: at, severity, source, id } = alarm;
    found.push({ kind: 'evidence', at: instant(at), severity, source, key: subjectOf(alarm) || alarm.title, n: 1, alarm: id });
  }
  const steps = log
    .filter(({ type, by }) => type !== 'joined' || by !== null)
    .map(({ at, type, by, comment, body, seq }) => ({
      kind: 'step', at: instant(at), type, key: LINE_KEYS[type] ?? null, by, comment, body: body ?? {}, seq,
    }));
  const lines = [...found, ...steps].sort((a, b) => a.at - b.at || rank(a) - rank(b));
  return lines.slice(-LINES_MAX);
}

function rank(line) {
  return line.kind === 'evidence' ? 0 : 1;
}

/** The sources of an incident with whether each agrees (has evidence): the three families that see a fire. */
export function agreeing(sources) {
  const all = [...new Set(['camera', 'fire', 'citizen', ...sources])];
  return all.map((source) => ({ source, agrees: sources.includes(source) }));
}

/**
 * What "acknowledge the rest" would touch: `bulk` goes at once, `single` are priority 1 and what wants two
 * persons, each to be acknowledged by itself.
 */
export function restOf(alarms) {
  const open = alarms.filter(({ state, ended_at: end }) => !end && TO_ACKNOWLEDGE.includes(state));
  const isSingle = (alarm) => alarm.severity === 'critical' || (alarm.two_person ?? []).includes('acknowledge');
  return { bulk: open.filter((alarm) => !isSingle(alarm)), single: open.filter(isSingle) };
}

/** How long an incident has lasted: until it was closed, or now. */
export function lasts({ began_at: began, closed_at: closed, state }, nowMs) {
  const end = state === 'open' ? nowMs : instant(closed) ?? nowMs;
  return Math.max(0, Math.floor((end - instant(began)) / 1000));
}
