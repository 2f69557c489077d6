// Can this screen be believed? One decision from what was heard and when; no DOM, no clock.
// Moments are milliseconds of a clock that only runs forward.

/** Silence is said within 15 s: a screen looks once a second. */
const STALE_MS = 14_000;
const OLD_MS = 15_000;
const LOST_MS = 60_000;
const BACK_MS = 10_000;
const LAG_MAX_S = 60;

export class Condition {
  #startedAt;
  #heardAt = null;
  #distrustedAt = null; // since when only a snapshot makes the figures believable again
  #backAt = null;
  #reloaded = false;
  #hasSnapshot = false;
  #oldAt = null; // of which moment the numbers are, while they are too old although the feed speaks

  constructor(nowMs) {
    this.#startedAt = nowMs;
  }

  /** When the figures stopped, on this machine's clock; null before the first message. */
  get heardAt() {
    return this.#oldAt ?? this.#heardAt;
  }

  /**
   * Whether another connection may help: only a snapshot makes the figures believable again. Numbers that are old
   * although the feed speaks are the server's, and come back with it.
   */
  get wantsSnapshot() {
    return this.#distrustedAt !== null;
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

  /** Whoever answers from a reading that hangs is no better than whoever is silent. */
  #age(nowMs, asOfMs, serverNowMs) {
    const age = asOfMs === null || serverNowMs === null ? 0 : serverNowMs - asOfMs;
    if (age > OLD_MS) {
      this.#oldAt = nowMs - age;
    } else if (this.#oldAt !== null) {
      this.#oldAt = null;
      this.#backAt = nowMs;
    }
  }

  /**
   * What to show at `nowMs`: {name: loading | live | stale | lost, stale, back}.
   * `processing` and `lagS` are the server's own word on its rules and timers, `asOfMs` the moment of its
   * numbers, `serverNowMs` its clock now; `back` is null or how the connection came back (back, reloaded)
   * for the ten seconds in which that is said.
   */
  at(nowMs, { processing = 'unknown', lagS = null, asOfMs = null, serverNowMs = null } = {}) {
    this.#settle(nowMs);
    this.#age(nowMs, asOfMs, serverNowMs);
    const since = this.#distrustedAt ?? this.#oldAt;
    const stale = since !== null;
    const isStopped = processing === 'stopped' || (lagS ?? 0) > LAG_MAX_S;
    const isLost = isStopped || (stale && nowMs - since >= LOST_MS);
    const isBack = !stale && this.#backAt !== null && nowMs - this.#backAt < BACK_MS;
    if (!stale && !isBack && this.#backAt !== null) {
      this.#backAt = null;
      this.#reloaded = false;
    }
    const name = isLost ? 'lost' : stale ? 'stale' : this.#hasSnapshot ? 'live' : 'loading';
    return { name, stale, back: isBack ? (this.#reloaded ? 'reloaded' : 'back') : null };
  }
}
