// The server's clock, carried forward by this machine's steady clock between messages.

const JUMP_MS = 1000;

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

  constructor(wallMs, steadyMs) {
    this.#wall = wallMs;
    this.#steady = steadyMs;
  }

  /** True when more than `gapMs` passed since the last look, on either clock, or time ran backwards. */
  jumped(wallMs, steadyMs, gapMs = 5000) {
    const wall = wallMs - this.#wall;
    const steady = steadyMs - this.#steady;
    this.#wall = wallMs;
    this.#steady = steadyMs;
    return wall > gapMs || steady > gapMs || wall < -1000;
  }
}
