// What the pages ask for beside the live feed. Each document is fetched once per period, however many
// pages want it, and only while one of them is shown or about to be.

import { getJson, Upkeep } from '../upkeep.js';

/** A figure that could not be read anew for so long is none of now. */
const OLD_MS = 5 * 60_000;
const SPREAD_MS = 5000; // a thousand screens do not ask in the same second

export class Documents {
  #kept = new Map(); // name -> {upkeep, path, value, isFailed, version, steady, readAt}
  #delayMs = Math.random() * SPREAD_MS;
  #get;

  constructor(get = getJson) {
    this.#get = get;
  }

  /** Keep a document fresh: `path()` gives its address; `everyMs` is its period on the server's clock. */
  keep(name, path, { now, steady, everyMs = 60_000, key = '' }) {
    if (!this.#kept.has(name)) this.#kept.set(name, this.#made());
    const kept = this.#kept.get(name);
    kept.path = path;
    kept.steady = steady;
    kept.upkeep.tick(steady, `${Math.floor((now - this.#delayMs) / everyMs)} ${key}`);
  }

  /** The newest answer, or null before the first. */
  get(name) {
    return this.#kept.get(name)?.value ?? null;
  }

  /** The newest answer as long as it can be told as what is so now: null after minutes in which it was asked for in vain. */
  current(name) {
    const kept = this.#kept.get(name);
    const isOld = kept?.isFailed && kept.steady - kept.readAt >= OLD_MS;
    return isOld ? null : this.get(name);
  }

  /** How many answers have come: a drawing that has this one need not be made again. */
  version(name) {
    return this.#kept.get(name)?.version ?? 0;
  }

  /** Whether the last try failed: what is shown is old, or nothing. */
  isFailed(name) {
    return this.#kept.get(name)?.isFailed ?? false;
  }

  /** How many were asked for and have neither come nor failed. */
  get pending() {
    return [...this.#kept.values()].filter(({ version, isFailed }) => version === 0 && !isFailed).length;
  }

  /** Forget what nobody wants any more, such as an incident that was closed. */
  forget(name) {
    this.#kept.delete(name);
  }

  #made() {
    const kept = { path: null, value: null, isFailed: false, version: 0, steady: 0, readAt: 0, upkeep: null };
    kept.upkeep = new Upkeep(async () => {
      kept.value = await this.#get(kept.path());
      kept.isFailed = false;
      kept.version += 1;
      kept.readAt = kept.steady;
    }, () => {
      kept.isFailed = true;
    });
    return kept;
  }
}
