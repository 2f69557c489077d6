// Can this screen be believed? One decision from what was heard and when; no DOM, no clock.
// Moments are milliseconds of a clock that only runs forward.

export const STALE_MS = 15_000;
export const LOST_MS = 60_000;
export const BACK_MS = 10_000;

export class Condition {
  #startedAt;
  #heardAt = null;
  #distrustedAt = null; // since when only a snapshot makes the figures believable again
  #backAt = null;
  #reloaded = false;
  #hasSnapshot = false;

  constructor(nowMs) {
    this.#startedAt = nowMs;
  }

  /** When the figures stopped, on this machine's clock; null before the first message. */
  get heardAt() {
    return this.#heardAt;
  }

  /** Anything came: a message, a heartbeat. After the limit it does not make old figures true again. */
  heard(nowMs) {
    this.#settle(nowMs);
    if (this.#distrustedAt === null) this.#heardAt = nowMs;
  }

  /** The server could not resume where this screen stopped. */
  reset() {
    this.#reloaded = this.#hasSnapshot;
  }

  /** A whole new picture was drawn. */
  snapshot(nowMs) {
    this.#settle(nowMs);
    if (this.#hasSnapshot && (this.#distrustedAt !== null || this.#reloaded)) this.#backAt = nowMs;
    this.#hasSnapshot = true;
    this.#distrustedAt = null;
    this.#heardAt = nowMs;
  }

  /** The machine slept or its clock was set: nothing on the screen can be dated any more. */
  jumped(nowMs) {
    this.#distrustedAt ??= nowMs;
  }

  #settle(nowMs) {
    if (this.#distrustedAt !== null) return;
    // Before the first snapshot heartbeats alone are no reason to believe an empty screen.
    const since = this.#hasSnapshot ? this.#heardAt : this.#startedAt;
    if (nowMs - since >= STALE_MS) this.#distrustedAt = since;
  }

  /**
   * What to show at `nowMs`: {name: loading | live | stale | lost, stale, back}.
   * `processing` is the server's own word on its rules and timers; `back` is null or how the
   * connection came back (back, reloaded) for the ten seconds in which that is said.
   */
  at(nowMs, processing) {
    this.#settle(nowMs);
    const stale = this.#distrustedAt !== null;
    const isLost = processing === 'stopped' || (stale && nowMs - this.#distrustedAt >= LOST_MS);
    const isBack = !stale && this.#backAt !== null && nowMs - this.#backAt < BACK_MS;
    if (!stale && !isBack && this.#backAt !== null) {
      this.#backAt = null;
      this.#reloaded = false;
    }
    const name = isLost ? 'lost' : stale ? 'stale' : this.#hasSnapshot ? 'live' : 'loading';
    return { name, stale, back: isBack ? (this.#reloaded ? 'reloaded' : 'back') : null };
  }
}
