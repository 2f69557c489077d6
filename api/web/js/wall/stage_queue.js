// Which alarms of priority 1 take the stage, for how long, and which stand in the red band. No DOM, no
// clock: `nowMs` is the server's time.

import { isAwaited, priorityOf } from '../alarms.js';
import { instant } from '../formats.js';

export const STAGE_MS = 120_000; // unacknowledged for longer than this: the red band says it
export const LEAVE_MS = 10_000; // how long an answer is read
export const TURN_MS = 20_000;
export const RUSH = 3; // more than this within RUSH_MS: a list instead of turns
export const RUSH_MS = 60_000;
export const LIST_MAX = 6;
const KNOWN_MAX = 500; // beyond, the one that has waited longest gives its place; the header's count goes on being exact

function waits(alarm) {
  return priorityOf(alarm) === 1 && isAwaited(alarm);
}

/** Whether it had returned to normal and begins again: that takes the stage as if it were new. */
function isBack(before, alarm) {
  return before.state === 'returned' && alarm.state === 'unacknowledged';
}

function newestFirst(a, b) {
  return b.enteredAt - a.enteredAt
    || (instant(b.alarm.raised_at) ?? 0) - (instant(a.alarm.raised_at) ?? 0)
    || (a.alarm.id < b.alarm.id ? 1 : -1);
}

export class StageQueue {
  #known = new Map(); // id -> {alarm, enteredAt, leftAt}; only alarms that wait, or have just been answered
  #shown = null; // id of the one on the stage
  #shownSince = 0;
  #isList = false;
  #isFirst = true;

  /**
   * A whole picture: what is not in it any more is over. At a page's first look an alarm that has
   * waited for long goes to the band; later ones were raised while nobody could see them.
   */
  snapshot(alarms, nowMs) {
    const ids = new Set(alarms.map(({ id }) => id));
    for (const [id, entry] of this.#known) if (!ids.has(id)) this.#leave(entry, nowMs);
    for (const alarm of alarms) {
      const raisedAt = instant(alarm.raised_at) ?? nowMs;
      const isOld = this.#isFirst && nowMs - raisedAt >= STAGE_MS;
      this.alarm(alarm, nowMs, isOld ? nowMs - STAGE_MS : nowMs);
    }
    this.#isFirst = false;
  }

  /** One alarm as it is now. A repeat, a comment or an assignment of one that is known restarts nothing. */
  alarm(alarm, nowMs, enteredAt = nowMs) {
    const entry = this.#known.get(alarm.id);
    if (waits(alarm)) {
      if (entry && entry.leftAt === null && !isBack(entry.alarm, alarm)) {
        entry.alarm = alarm;
      } else {
        if (!entry && this.#known.size >= KNOWN_MAX) this.#known.delete(this.#known.keys().next().value);
        this.#known.delete(alarm.id); // the one that has waited longest is the first
        this.#known.set(alarm.id, { alarm, enteredAt, leftAt: null });
      }
    } else if (entry) {
      entry.alarm = alarm;
      this.#leave(entry, nowMs);
    }
  }

  /** Once a second: whoever was read leaves, whoever waits has a turn. */
  tick(nowMs) {
    for (const [id, { leftAt }] of this.#known) {
      const isSeen = leftAt === null || (id === this.#shown && nowMs - leftAt < LEAVE_MS);
      if (!isSeen) this.#known.delete(id);
    }
    const active = this.#active(nowMs);
    const recent = active.filter(({ enteredAt }) => nowMs - enteredAt < RUSH_MS);
    this.#isList = recent.length > RUSH || (this.#isList && active.length > RUSH);
    this.#choose(active, nowMs);
  }

  /**
   * What to show: {kind: 'none' | 'one' | 'list', rows, rest, band}, all of alarms. `rest`: others that
   * wait and are not among `rows`, newest first; `band`: all that wait, when the stage is empty.
   */
  stage(nowMs) {
    const waiting = [...this.#known.values()].filter(({ leftAt }) => leftAt === null).sort(newestFirst);
    const active = this.#active(nowMs);
    const shown = this.#known.get(this.#shown);
    let rows = [];
    if (this.#isList) rows = active.slice(0, LIST_MAX);
    else if (shown) rows = [shown];
    const rest = waiting.filter((entry) => !rows.includes(entry)).map(({ alarm }) => alarm);
    const kind = rows.length === 0 ? 'none' : this.#isList ? 'list' : 'one';
    return { kind, rows: rows.map(({ alarm }) => alarm), rest, band: kind === 'none' ? rest : [] };
  }

  #leave(entry, nowMs) {
    entry.leftAt ??= nowMs;
  }

  /** Those that wait and have not had their time, newest first. */
  #active(nowMs) {
    return [...this.#known.values()]
      .filter(({ leftAt, enteredAt }) => leftAt === null && nowMs - enteredAt < STAGE_MS)
      .sort(newestFirst);
  }

  /** The newest goes first; then each in turn, around. */
  #choose(active, nowMs) {
    const shown = this.#known.get(this.#shown);
    const index = active.indexOf(shown);
    const isNewer = active.length > 0 && active[0].enteredAt > this.#shownSince;
    const isRead = shown !== undefined && shown.leftAt !== null; // its answer stays its time
    const hasTurn = index >= 0 && (active.length === 1 || nowMs - this.#shownSince < TURN_MS);
    if ((isRead || hasTurn) && !isNewer) return;
    const next = isNewer || index < 0 ? active[0] : active[(index + 1) % active.length];
    this.#shown = next?.alarm.id ?? null;
    this.#shownSince = nowMs;
  }
}
