// Things fetched beside the live feed: each asked for when due, and again ten seconds after a failure.

import { askToSignIn } from './api.js';

export const RETRY_S = 10;
const TIMEOUT_MS = 8000;

/**
 * GET a JSON document of the API; throws when the answer is not a good one. 401: the session of this
 * screen is over, and a key is asked for.
 */
export async function getJson(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (answer.status === 401) void askToSignIn();
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** One document that must be there: `load` until it worked, once per `key` (a minute, or always the same). */
export class Upkeep {
  #load;
  #failed;
  #doneKey = null;
  #isBusy = false;
  #notBefore = 0;

  constructor(load, failed) {
    this.#load = load;
    this.#failed = failed;
  }

  /** Call often; works only when `key` is new and no try is under way. */
  async tick(nowMs, key = 'once') {
    if (this.#isBusy || key === this.#doneKey || nowMs < this.#notBefore) return;
    this.#isBusy = true;
    try {
      await this.#load();
      this.#doneKey = key;
    } catch {
      this.#notBefore = nowMs + RETRY_S * 1000;
      this.#failed(RETRY_S);
    } finally {
      this.#isBusy = false;
    }
  }
}
