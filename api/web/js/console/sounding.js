// The sound of the console and its switch: what rings is decided in sound.js. Of many tabs of one browser one
// sounds: whoever holds the lock; it also keeps its live view while nobody looks at it.

import { el, mark, write } from '../dom.js';
import { kindOf, Sound } from '../sound.js';

const SILENCE_MS = 60_000;
const LOCK = 'ioc.sound';
const WORD_KEYS = {
  off: 'sound.allow', blocked: 'sound.allow', on: 'sound.on', silenced: 'sound.silenced', elsewhere: 'sound.elsewhere',
};

export class Sounding {
  #ctx;
  #sound = new Sound();
  #fresh = false;
  #release = null; // gives the lock back
  #isAsking = false;
  button;

  constructor(ctx) {
    this.#ctx = ctx;
    this.button = el('button', { className: 'sound', data: { command: 'sound', sound: 'off' } });
    this.button.type = 'button';
    this.button.addEventListener('click', () => void this.#press());
  }

  /** Is this the tab that sounds? */
  get isOwner() {
    return this.#release !== null;
  }

  /** Rows that began to ring. */
  hear(news) {
    if (news.some(({ priority }) => priority <= 2)) this.#sound.wake();
    if (news.some(({ priority }) => priority === 3)) this.#fresh = true;
  }

  /** Once a second. */
  tick(steadyMs, { condition, overview, index }) {
    this.#keepLock();
    if (this.isOwner) {
      const kind = kindOf({
        isLost: condition.name === 'lost', waiting: index.waiting(), fresh: this.#fresh,
        flood: (overview?.flood?.positions?.length ?? 0) > 0,
      });
      this.#sound.play(kind, steadyMs);
    }
    this.#fresh = false;
    this.#show(steadyMs);
  }

  /** Quiet for a minute; nothing is acknowledged by it. False when nothing sounds here. */
  silence() {
    if (this.#sound.state !== 'on') return false;
    this.#sound.silence(SILENCE_MS, performance.now());
    this.#show(performance.now());
    return true;
  }

  async #press() {
    if (this.#sound.state === 'on') this.#sound.off();
    else await this.#sound.allow();
    this.#keepLock();
    this.#show(performance.now());
  }

  /** Ask for the lock while sound is wanted, give it back when it is not. */
  #keepLock() {
    if (!this.#sound.isWanted) {
      this.#release?.();
      this.#release = null;
      return;
    }
    if (this.isOwner || this.#isAsking) return;
    this.#isAsking = true;
    const held = (lock) => {
      this.#isAsking = false;
      return lock ? new Promise((release) => { this.#release = release; }) : undefined;
    };
    // Not waited for: whoever holds it may close tonight, and this asks again with the next second.
    navigator.locks.request(LOCK, { ifAvailable: true }, held).catch(() => { this.#isAsking = false; });
  }

  #show(steadyMs) {
    const { state } = this.#sound;
    const isQuiet = state === 'on' && this.#sound.isSilenced(steadyMs);
    const shown = state === 'on' && !this.isOwner ? 'elsewhere' : isQuiet ? 'silenced' : state;
    mark(this.button, 'sound', shown);
    this.button.setAttribute('aria-pressed', String(state === 'on'));
    write(this.button, this.#ctx.say(WORD_KEYS[shown]));
    this.button.title = state === 'blocked' ? this.#ctx.say('sound.blocked') : '';
  }
}
