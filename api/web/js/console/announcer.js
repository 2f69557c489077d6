// What a screen reader is told of new alarms: each priority 1, at once or when its turn comes, not more than one in
// five seconds; of the rest only how many, every fifteen.

const URGENT_GAP_MS = 5000;
const SUMMARY_GAP_MS = 15_000;
/** A minute of names; whoever hears more of them does nothing else. */
export const URGENT_MAX = 12;

export class Announcer {
  #urgentAt = -Infinity;
  #summaryAt = -Infinity;
  #waiting = 0;
  #urgent = []; // those of priority 1 whose turn has not come, the longest waiting first

  /**
   * `rows` that began to ring: {urgent: the one to say now or null, summary: how many others, or 0}. Call it each
   * second, also without rows; `isRinging(id)`: does it still wait for somebody when its turn has come?
   */
  hear(rows, nowMs, isRinging = () => true) {
    for (const row of rows) {
      if (row.priority !== 1) this.#waiting += 1;
      else if (this.#urgent.length < URGENT_MAX) this.#urgent = [...this.#urgent.filter(({ id }) => id !== row.id), row];
      else this.#waiting += 1;
    }
    const urgent = nowMs - this.#urgentAt >= URGENT_GAP_MS ? this.#next(isRinging) : null;
    if (urgent) this.#urgentAt = nowMs;
    if (this.#waiting === 0 || nowMs - this.#summaryAt < SUMMARY_GAP_MS) return { urgent, summary: 0 };
    const summary = this.#waiting;
    this.#waiting = 0;
    this.#summaryAt = nowMs;
    return { urgent, summary };
  }

  #next(isRinging) {
    this.#urgent = this.#urgent.filter(({ id }) => isRinging(id));
    return this.#urgent.shift() ?? null;
  }
}
