// When a wall starts again by itself: for a new version, and once a night. Never while somebody is needed.

import { isReady, ReloadPlan, reloadPage } from '../care.js';
import { mark } from '../dom.js';

const SPREAD_MS = 20 * 60_000; // ten minutes before and after four

export class Reloads {
  #isOff;
  #plan = null;
  #version = null;
  #turns = null;
  #isAsking = false;

  constructor({ isOff }) {
    this.#isOff = isOff;
  }

  /**
   * Once a second. `turns`: how often the page was changed, or null where nothing rotates; `isUrgent`: a
   * priority 1 waits; `isCalm`: no priority 1 or 2 is open. `data-reload` says why it does not.
   */
  tick({ now, version, turns, isStaged, isUrgent, isCalm }) {
    if (this.#isOff) return this.#say('off');
    // A page that has just been reloaded must not find its next time in the same night.
    this.#plan ??= new ReloadPlan(now + SPREAD_MS, Math.random() * SPREAD_MS - SPREAD_MS / 2);
    this.#version ??= version;
    const isTurned = turns === null || turns !== this.#turns;
    this.#turns = turns;
    if (version !== this.#version) {
      if (isStaged || isUrgent) return this.#say('urgent');
      return isTurned ? this.#reload() : this.#say('next turn');
    }
    if (!this.#plan.isDue(now)) return this.#say('');
    return isCalm ? this.#reload() : this.#say('not calm');
  }

  /** Only from a server that is there and ready: a page that cannot come back is worse than an old one. */
  async #reload() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    if (!await isReady()) this.#say('not ready');
    else if (!reloadPage(Date.now())) this.#say('just done');
    this.#isAsking = false;
  }

  #say(why) {
    mark(document.documentElement, 'reload', why);
  }
}
