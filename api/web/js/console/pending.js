// Moves on their way: what is shown before the server has answered, and what its answer means. An operator
// must never believe in a move that lost a race. No DOM, no network, no clock.

import { instant } from '../formats.js';
import { SEVERITIES } from '../badges.js';
import { fullTitle } from '../subject.js';

/** So many refused or unknown moves are kept for the tray; the oldest refused go first. */
export const KEPT_MAX = 100;
/** So long a server may still work on a move that nobody waits for any more: a lock, and its own turn. */
export const UNSETTLED_MS = 10_000;
/** The log's clock and ours may differ by this much. */
const SKEW_MS = 2000;

/** The steps of the log that say that a move was made. */
const STEPS = {
  acknowledge: 'acknowledged', unacknowledge: 'unacknowledged', shelve: 'shelved', unshelve: 'unshelved',
  assign: 'assigned', comment: 'commented', close: 'closed', reset: 'reset',
  'remove-from-service': 'removed_from_service', 'return-to-service': 'returned_to_service',
};

/** What a move makes of a row, as far as that can be known before the answer. */
function targetOf(move, row, body) {
  switch (move) {
    case 'acknowledge': return row.state === 'returned' ? { ended: true } : { state: 'acknowledged' };
    case 'unacknowledge': return { state: 'unacknowledged' };
    case 'shelve': return { state: 'shelved' };
    case 'unshelve': return { state: 'acknowledged' };
    case 'assign': return { owner: body.assignee };
    case 'close': case 'reset': return { ended: true };
    case 'remove-from-service': return { state: 'out_of_service' };
    default: return {};
  }
}

/** What somebody has typed for a move, null when nothing: it must not be lost with a move that did not arrive. */
export function wordsOf(move, body) {
  return body.comment ?? (move === 'assign' ? body.assignee : null) ?? null;
}

export class Pending {
  #moves = new Map(); // `id move` -> one
  #aside = 0; // how many were put aside for a newer one of the same name
  #byAlarm = new Map(); // id -> its moves, for a row that is drawn or heard

  /**
   * A move begins: null when the same one is on its way already. What was refused before is over then.
   * `nowMs` is the server's time.
   */
  begin(row, move, body, nowMs) {
    const key = `${row.id} ${move}`;
    const before = this.#moves.get(key);
    if (before && before.mark !== 'refused') return null;
    if (before?.words) this.#putAside(before);
    else this.#forget(key);
    return this.#add(key, row, move, body, nowMs);
  }

  /** A move with words that was never sent: `said` is why. It stands beside any other of its name. */
  unsent(row, move, body, said, nowMs) {
    this.#aside += 1;
    this.#mark(this.#add(`${row.id} ${move} ${this.#aside}`, row, move, body, nowMs), 'refused', 'unsent', said);
  }

  /** The server's answer: {result: done | refused | unknown | waiting, alarm}. */
  answered(one, { ok, status, body, failure }) {
    if (failure !== null || status >= 500) return this.#unknown(one);
    if (status === 202) {
      this.#mark(one, 'waiting', null, { key: 'race.waiting', values: {} });
      one.seen.version = body?.alarm?.version ?? one.seen.version;
      return { result: 'waiting', alarm: body?.alarm ?? null };
    }
    if (ok) {
      this.#forget(one.key);
      return { result: 'done', alarm: body };
    }
    this.#mark(one, 'refused', body?.code ?? String(status), refusal(one, status, body ?? {}));
    return { result: 'refused', alarm: body?.alarm ?? null };
  }

  /**
   * The alarm and its log, read again because no answer came: done, or why not. What is not there yet at `nowMs`
   * (the server's time) may still come for a while: until then nobody knows.
   */
  readAgain(one, alarm, lines, me, nowMs = Infinity) {
    const isMine = (line) => line.type === STEPS[one.move] && line.by === me
      && (instant(line.at) ?? 0) >= one.sentAt - SKEW_MS;
    if (lines.some(isMine)) {
      this.#forget(one.key);
      return { result: 'done', alarm };
    }
    const last = lines.at(-1) ?? null;
    const changed = last && { by: last.by, at: last.at, type: last.type };
    const code = alarm.ended_at ? 'ended'
      : SEVERITIES.indexOf(alarm.severity) < SEVERITIES.indexOf(one.seen.severity) ? 'severity'
        : isReached(one, alarm) ? 'already' : 'lost';
    if (code === 'lost' && nowMs - one.sentAt < UNSETTLED_MS) return { result: 'unknown', alarm };
    this.#mark(one, 'refused', code, refusal(one, 409, { code, alarm, changed }));
    return { result: 'refused', alarm };
  }

  /** The live view tells of an alarm that has moves on their way: the base is newer than what was seen. */
  heard(row) {
    for (const one of this.#byAlarm.get(row.id) ?? []) {
      if (row.version <= one.seen.version) continue;
      if (one.mark === 'waiting') this.#forget(one.key);
      else one.isOvertaken = true;
    }
  }

  /** The live view tells that an alarm is over: nothing waits for anybody any more. */
  over(id) {
    for (const one of this.#byAlarm.get(id) ?? []) {
      if (one.mark === 'waiting') this.#forget(one.key);
      else one.isOvertaken = true;
    }
  }

  /**
   * How a row is drawn over what the index says: null, or {mark, state?, owner?, ended?, isOutlined, code}.
   * The index itself is never changed by a move that nobody has confirmed.
   */
  overlay(id) {
    const moves = this.#byAlarm.get(id);
    if (!moves) return null;
    const drawn = { mark: moves.at(-1).mark, code: moves.at(-1).code, isOutlined: false };
    for (const one of moves) {
      if (one.mark === 'sending' && !one.isOvertaken) Object.assign(drawn, one.target);
      if (one.mark === 'sending' && drawn.mark !== 'unknown') drawn.mark = 'sending';
      if (one.mark === 'unknown') drawn.mark = 'unknown';
      drawn.isOutlined ||= one.code === 'severity';
    }
    return drawn;
  }

  /** A move that is not settled, null without one; its `said` is {key, values}, null when it has none yet. */
  of(id, move) {
    return this.#moves.get(`${id} ${move}`) ?? null;
  }

  /** Whether a move of this alarm is on its way. */
  isSending(id) {
    return (this.#byAlarm.get(id) ?? []).some(({ mark }) => mark === 'sending');
  }

  /** What a person has to look at, the newest first. */
  tray() {
    return [...this.#moves.values()].filter(({ mark }) => mark === 'refused' || mark === 'unknown').reverse();
  }

  /** The alarms that have moves on their way. */
  ids() {
    return [...this.#byAlarm.keys()];
  }

  /** The moves whose outcome nobody knows yet. */
  unknown() {
    return [...this.#moves.values()].filter(({ mark }) => mark === 'unknown');
  }

  /** Somebody has looked at the alarm: what was refused needs no mark any more, unless its words are still to be sent. */
  looked(id) {
    let isChanged = false;
    for (const one of this.#byAlarm.get(id) ?? []) {
      if (one.mark !== 'refused' || one.words) continue;
      this.#forget(one.key);
      isChanged = true;
    }
    return isChanged;
  }

  /** It was sent again, or somebody wants it no more. */
  drop(one) {
    this.#forget(one.key);
  }

  #unknown(one) {
    this.#mark(one, 'unknown', null, { key: 'race.unknown', values: {} });
    return { result: 'unknown', alarm: null };
  }

  #mark(one, mark, code, said) {
    Object.assign(one, { mark, code, said });
  }

  #add(key, row, move, body, nowMs) {
    const one = {
      key, id: row.id, move, body, words: wordsOf(move, body), mark: 'sending', code: null, said: null, sentAt: nowMs, title: fullTitle(row),
      seen: { version: row.version, severity: row.severity, state: row.state },
      target: targetOf(move, row, body), isOvertaken: false, isNewTo: null,
    };
    this.#moves.set(key, one);
    this.#byAlarm.set(row.id, [...(this.#byAlarm.get(row.id) ?? []), one]);
    this.#trim();
    return one;
  }

  /** Another of the same name begins: what was typed for this one stays. */
  #putAside(one) {
    this.#moves.delete(one.key);
    this.#aside += 1;
    one.key = `${one.key} ${this.#aside}`;
    this.#moves.set(one.key, one);
  }

  #forget(key) {
    const one = this.#moves.get(key);
    if (!one) return;
    this.#moves.delete(key);
    const rest = this.#byAlarm.get(one.id).filter((each) => each !== one);
    if (rest.length > 0) this.#byAlarm.set(one.id, rest);
    else this.#byAlarm.delete(one.id);
  }

  #trim() {
    const refused = [...this.#moves.values()].filter(({ mark }) => mark === 'refused');
    for (const one of refused.slice(0, Math.max(0, refused.length - KEPT_MAX))) this.#forget(one.key);
  }
}

/** Whether the alarm is where the move wanted it, by somebody else's hand. */
function isReached({ target }, alarm) {
  if (target.state !== undefined) return alarm.state === target.state;
  return target.owner !== undefined && (alarm.assignee ?? null) === target.owner;
}

/** Why a move was refused: {key, values}; `at`, `from` and `to`, `move` and `state` are put into words by the screen. */
function refusal(one, status, { code, alarm, changed, limit_s: limitS, approval }) {
  const { move } = one;
  const at = instant(changed?.at ?? alarm?.changed_at);
  if (status === 401) return { key: 'session.over', values: {} };
  if (status === 403) return { key: 'race.forbidden', values: { move } };
  if (status !== 409) return { key: 'race.invalid', values: { code: code ?? String(status) } };
  switch (code) {
    case 'severity': {
      const values = { from: priority(one.seen.severity), to: priority(alarm.severity), at };
      return { key: move === 'acknowledge' ? 'race.severity' : 'race.severity_other', values };
    }
    case 'already':
      return move === 'acknowledge'
        ? { key: 'race.already', values: { name: changed?.by ?? null, at } }
        : { key: 'race.already_other', values: { name: changed?.by ?? null, at, move } };
    case 'ended': return { key: 'race.ended', values: { at: instant(alarm?.ended_at) ?? at, move } };
    case 'state': return { key: 'race.state', values: { state: alarm?.state ?? null, move } };
    case 'time': return { key: 'race.time', values: { priority: priority(alarm?.severity), limitS } };
    case 'asked': return { key: 'race.asked', values: { name: approval?.by ?? null } };
    case 'lost': return { key: 'race.offline', values: {} };
    default: return { key: 'race.invalid', values: { code: code ?? String(status) } };
  }
}

function priority(severity) {
  return SEVERITIES.indexOf(severity) + 1;
}
