// What a screen sounds like. Patterns are made in the page: no file, no speech. Never three pulses as in
// ISO 8201 and never a siren's sweep: those mean that people must leave the building.

const PULSE_S = 0.2;
const GAP_S = 0.1;
const RAMP_S = 0.01; // without it each pulse begins with a click
const LOUDNESS = 0.5;
const ALLOWED = 'ioc.sound';

/** Per kind: its tones in Hz, one pulse each, and after how long it sounds again (0: once). */
export const PATTERNS = {
  lost: { tones: [440, 330], againMs: 30_000 },
  1: { tones: [740, 988, 740, 988, 740], againMs: 5000 },
  2: { tones: [740, 740], againMs: 30_000 },
  3: { tones: [523], againMs: 0 },
  flood: { tones: [740], againMs: 30_000 },
};

/**
 * The one sound that is due: 'lost', 1, 2, 3, 'flood' or null; the worst wins. `waiting`: unacknowledged
 * alarms by priority; `fresh`: one of priority 3 has just come; `flood`: 2 and 3 share one pulse.
 */
export function kindOf({ isLost, waiting, fresh = false, flood = false }) {
  if (isLost) return 'lost';
  if (waiting[1] > 0) return 1;
  if (flood && (waiting[2] > 0 || waiting[3] > 0)) return 'flood';
  if (waiting[2] > 0) return 2;
  return fresh && waiting[3] > 0 ? 3 : null;
}

/** When a pattern begins: at once when its kind is new, then again after its time. */
export class Rhythm {
  #kind = null; // what has begun to sound
  #wanted = null; // what is due, begun or not
  #playedAt = -Infinity;
  #silentUntil = -Infinity;
  #silenced = null;

  /** Call once a second with the kind that is due; true when its pattern begins now. */
  isDue(kind, nowMs) {
    this.#wanted = kind;
    if (kind === null) {
      this.#kind = null;
      return false;
    }
    const isSilent = nowMs < this.#silentUntil && kind === this.#silenced;
    if (isSilent) return false;
    const { againMs } = PATTERNS[kind];
    const isAgain = againMs > 0 && nowMs - this.#playedAt >= againMs;
    // A kind that comes and goes each second must not sound each second; it waits for that, not for its own round.
    const isNew = kind !== this.#kind && (againMs === 0 || nowMs - this.#playedAt >= PATTERNS[1].againMs);
    if (!isNew && !isAgain) return false;
    this.#kind = kind;
    this.#playedAt = nowMs;
    return true;
  }

  /** Be quiet about what sounds now; something worse, or of another kind, is heard. */
  silence(ms, nowMs) {
    this.#silentUntil = nowMs + ms;
    this.#silenced = this.#wanted;
  }

  /** Something new has come: a silence is over. */
  wake() {
    this.#silentUntil = -Infinity;
  }

  isSilenced(nowMs) {
    return nowMs < this.#silentUntil;
  }
}

export class Sound {
  #make;
  #storage;
  #context = null;
  #rhythm = new Rhythm();

  /** `make()` gives an AudioContext; `storage` remembers that sound was allowed once. */
  constructor(make = () => new AudioContext(), storage = localStorage) {
    this.#make = make;
    this.#storage = storage;
    if (this.isWanted) this.#begin();
  }

  get isWanted() {
    return this.#storage.getItem(ALLOWED) === 'on';
  }

  /**
   * on, off (nobody asked for it) or blocked: asked for, and the browser waits for a press. Read from the
   * browser, not from memory: after a reload it may be silent again.
   */
  get state() {
    if (!this.isWanted) return 'off';
    return this.#context?.state === 'running' ? 'on' : 'blocked';
  }

  /** A person pressed the button: browsers begin to sound only then. */
  async allow() {
    this.#storage.setItem(ALLOWED, 'on');
    this.#begin();
    await this.#context?.resume().catch(() => {});
  }

  off() {
    this.#storage.removeItem(ALLOWED);
    this.#context?.suspend().catch(() => {});
  }

  /** Call once a second with what `kindOf` says; true when a pattern was begun. */
  play(kind, nowMs) {
    if (!this.#rhythm.isDue(kind, nowMs) || this.state !== 'on') return false;
    this.#sound(PATTERNS[kind].tones);
    return true;
  }

  silence(ms, nowMs) {
    this.#rhythm.silence(ms, nowMs);
  }

  wake() {
    this.#rhythm.wake();
  }

  isSilenced(nowMs) {
    return this.#rhythm.isSilenced(nowMs);
  }

  #begin() {
    try {
      this.#context ??= this.#make();
    } catch {
      // a machine without sound: the button stays, and says that the browser is silent
    }
  }

  /** Every pulse is an oscillator of its own that ends: nothing is left after a pattern. */
  #sound(tones) {
    const context = this.#context;
    tones.forEach((hertz, i) => {
      const at = context.currentTime + i * (PULSE_S + GAP_S);
      const tone = context.createOscillator();
      const gain = context.createGain();
      tone.frequency.value = hertz;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(LOUDNESS, at + RAMP_S);
      gain.gain.setValueAtTime(LOUDNESS, at + PULSE_S - RAMP_S);
      gain.gain.linearRampToValueAtTime(0, at + PULSE_S);
      tone.connect(gain).connect(context.destination);
      tone.onended = () => gain.disconnect();
      tone.start(at);
      tone.stop(at + PULSE_S);
    });
  }
}
