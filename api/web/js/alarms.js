// The open alarms a screen holds: bounded, in the order of the list. No DOM here.

import { SEVERITIES } from './badges.js';
import { instant } from './formats.js';

/** States that ask for a person; the other open states are hidden and counted. */
const ANNUNCIATED = new Set(['unacknowledged', 'acknowledged', 'returned']);
const HIDDEN = ['shelved', 'suppressed', 'out_of_service'];

/** Priority 1 to 4 of an alarm. */
export function priorityOf(alarm) {
  const known = SEVERITIES.indexOf(alarm.severity) + 1;
  return known || Math.min(4, Math.max(1, Number(alarm.priority) || 4));
}

export function isAnnunciated(alarm) {
  return ANNUNCIATED.has(alarm.state);
}

/** States that want an acknowledgement: the condition may be over, but nobody has said that they saw it. */
export const TO_ACKNOWLEDGE = ['unacknowledged', 'returned'];

/** How many want an acknowledgement, of counts by state. */
export function countToAcknowledge(byState) {
  return TO_ACKNOWLEDGE.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
}

/**
 * Whether somebody must still acknowledge it: then it sounds. A priority 1 also when its condition is over, for
 * nobody has said that they saw it.
 */
export function isAwaited(alarm) {
  return alarm.state === 'unacknowledged' || (alarm.state === 'returned' && priorityOf(alarm) === 1);
}

/** Whether nothing is left to acknowledge: somebody has, or its rule asks for none. */
export function isAcknowledged(alarm) {
  return alarm.state !== 'unacknowledged' && alarm.state !== 'returned';
}

function isOpen(alarm) {
  return !alarm.closed_at && (isAnnunciated(alarm) || HIDDEN.includes(alarm.state));
}

/** The end of a name of more than `most` characters: there the numbers stand that differ. */
export function tailOf(name, most) {
  const letters = [...name];
  return letters.length > most ? `\u2026${letters.slice(1 - most).join('')}` : name;
}

/** Order of the list: priority, then unacknowledged before the rest, then newest. */
export function byUrgency(a, b) {
  return priorityOf(a) - priorityOf(b)
    || Number(a.state !== 'unacknowledged') - Number(b.state !== 'unacknowledged')
    || (instant(b.raised_at) ?? 0) - (instant(a.raised_at) ?? 0)
    || (a.id < b.id ? -1 : 1);
}

/**
 * At most `heldMax` alarms, the most urgent ones. `complete` says that nothing was left out,
 * so that counts over the held ones are counts over all.
 */
export class AlarmBook {
  #held = new Map();
  #heldMax;
  #endedMeanwhile = null; // ids, while more rows are asked for
  complete = false;
  lastClosedAt = null;

  constructor(heldMax) {
    this.#heldMax = heldMax;
  }

  get size() {
    return this.#held.size;
  }

  get(id) {
    return this.#held.get(id);
  }

  /** Start again from a snapshot; `total` is the number of open alarms the server knows. */
  replace(alarms, total) {
    this.#endedMeanwhile = null;
    this.#held = new Map(alarms.filter(isOpen).map((alarm) => [alarm.id, alarm]));
    this.complete = total <= alarms.length;
    this.#trim();
  }

  /** Take in one changed alarm; false when it is older than the one held (a replayed message). */
  apply(alarm) {
    const held = this.#held.get(alarm.id);
    if (held && held.version > alarm.version) return false;
    if (isOpen(alarm)) {
      this.#held.set(alarm.id, alarm);
      this.#trim();
    } else {
      this.#held.delete(alarm.id);
      this.#endedMeanwhile?.add(alarm.id);
      this.lastClosedAt = alarm.closed_at ?? alarm.changed_at ?? this.lastClosedAt;
    }
    return true;
  }

  /** More rows are about to be asked for; returns what takes them in. Of two only the later one does. */
  filling() {
    const ended = new Set();
    this.#endedMeanwhile = ended;
    return (alarms) => {
      if (this.#endedMeanwhile !== ended) return;
      this.#endedMeanwhile = null;
      for (const alarm of alarms) if (!ended.has(alarm.id)) this.apply(alarm);
    };
  }

  /** The annunciated alarms, most urgent first. */
  rows() {
    return [...this.#held.values()].filter(isAnnunciated).sort(byUrgency);
  }

  /** How many of each state are hidden: {shelved, suppressed, out_of_service}. */
  hidden() {
    const counts = Object.fromEntries(HIDDEN.map((state) => [state, 0]));
    for (const { state } of this.#held.values()) if (state in counts) counts[state] += 1;
    return counts;
  }

  #trim() {
    if (this.#held.size <= this.#heldMax) return;
    const kept = [...this.#held.values()]
      .sort((a, b) => Number(isAnnunciated(b)) - Number(isAnnunciated(a))
        || Number(Boolean(a.folded)) - Number(Boolean(b.folded)) || byUrgency(a, b))
      .slice(0, this.#heldMax);
    this.#held = new Map(kept.map((alarm) => [alarm.id, alarm]));
    this.complete = false;
  }
}

function noneBySeverity() {
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]));
}

/** Counts per severity of a list of alarms. */
export function countBySeverity(alarms) {
  const counts = noneBySeverity();
  for (const alarm of alarms) counts[SEVERITIES[priorityOf(alarm) - 1]] += 1;
  return counts;
}

/** Counts per commune and severity: {"05443": {critical: 1, …}}. */
export function countByArea(alarms) {
  const areas = {};
  for (const alarm of alarms) {
    if (!alarm.area) continue;
    areas[alarm.area] ??= noneBySeverity();
    areas[alarm.area][SEVERITIES[priorityOf(alarm) - 1]] += 1;
  }
  return areas;
}

/** The most urgent priority with a count, or null. */
export function worst(counts) {
  const found = SEVERITIES.findIndex((severity) => (counts?.[severity] ?? 0) > 0);
  return found < 0 ? null : found + 1;
}
