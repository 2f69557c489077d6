// The server's clock, carried forward by this machine's steady clock between messages.

const JUMP_MS = 1000;
/** Two clocks that went on differently: one slept, or the other was set. */
const APART_MS = 2000;
/** Less than that, on both clocks, is a page that was busy: nothing was lost, and silence is dated rightly. */
const GAP_MS = 15_000;
/** A browser lets the timers of a page that nobody sees, and that is silent, run once a minute. */
const HIDDEN_GAP_MS = 90_000;

export class ServerClock {
  #offset = null;
  #fallback;

  /** `fallbackMs` is this machine's own time at steady time 0, used until the server was heard. */
  constructor(fallbackMs) {
    this.#fallback = fallbackMs;
  }

  /** The server said `serverMs` at steady time `steadyMs`. */
  hear(serverMs, steadyMs) {
    const offset = serverMs - steadyMs;
    // A message is never early, so the largest offset is the truest; a big difference is a new clock.
    if (this.#offset === null || Math.abs(offset - this.#offset) > JUMP_MS || offset > this.#offset) {
      this.#offset = offset;
    }
  }

  /** Server time in ms at steady time `steadyMs`. */
  at(steadyMs) {
    return steadyMs + (this.#offset ?? this.#fallback);
  }
}

/** Notices that the machine slept or that its clock was set: two readings of both clocks. */
export class JumpWatch {
  #wall;
  #steady;
  #wasHidden = false;

  constructor(wallMs, steadyMs) {
    this.#wall = wallMs;
    this.#steady = steadyMs;
  }

  /**
   * True when the two clocks part since the last look, or too much time passed on either. Of a page that is
   * hidden, or was at the last look, a late timer alone says nothing.
   */
  jumped(wallMs, steadyMs, isHidden = false) {
    const gapMs = isHidden || this.#wasHidden ? HIDDEN_GAP_MS : GAP_MS;
    this.#wasHidden = isHidden;
    const wall = wallMs - this.#wall;
    const steady = steadyMs - this.#steady;
    this.#wall = wallMs;
    this.#steady = steadyMs;
    return Math.abs(wall - steady) > APART_MS || Math.max(wall, steady) > gapMs;
  }
}
