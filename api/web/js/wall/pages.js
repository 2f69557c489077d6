// Which page of the wall is shown, and which comes next. No DOM, no clock: moments are milliseconds of a
// clock that only runs forward.

export const PAGES = ['overview', 'fire', 'cameras', 'citizens', 'services', 'sources', 'incidents'];
export const ROTATE_MIN_S = 15;
const SIDES_MAX = 2;
const HOLD_MS = 60_000; // a page stays that long after a new priority 2
const HOLD_MAX_MS = 300_000;

/** The pages asked for in `?page=`: one, or two side by side; the overview when none of ours is named. */
export function chosenPages(asked) {
  const known = (asked ?? '').split(',').filter((name) => PAGES.includes(name));
  const pages = [...new Set(known)].slice(0, SIDES_MAX);
  return pages.length > 0 ? pages : [PAGES[0]];
}

/** Seconds a page stays, from `?rotate=`; 0: it stays for good. */
export function chosenRotation(asked) {
  const seconds = Number(asked);
  return seconds > 0 && Number.isFinite(seconds) ? Math.max(ROTATE_MIN_S, seconds) : 0;
}

/**
 * How long new alarms of priority 2 hold the page. They come one after the other in a storm: after five minutes
 * in a row the pages turn again, and with them a new version can come.
 */
export class Hold {
  #begunAt = null;
  #lastAt = -Infinity;

  /** One has come. */
  begin(nowMs) {
    if (!this.#isFresh(nowMs)) this.#begunAt = nowMs;
    this.#lastAt = nowMs;
  }

  isOn(nowMs) {
    return this.#isFresh(nowMs) && nowMs - this.#begunAt < HOLD_MAX_MS;
  }

  #isFresh(nowMs) {
    return nowMs - this.#lastAt < HOLD_MS;
  }
}

/** The same wall of the whole province: as for any other word in the address that is none of ours. */
export function withoutArea(address) {
  const url = new URL(address);
  url.searchParams.delete('area');
  return url.href;
}

/** The same wall of the one area that a key is bound to; null when this is it, or the key sees the whole province. */
export function ownWall(address, area) {
  const url = new URL(address);
  if (area === null || [null, '', area].includes(url.searchParams.get('area'))) return null;
  url.searchParams.set('area', area);
  return url.href;
}

export class Rotation {
  #shown;
  #sides;
  #turnMs;
  #isEmpty;
  #since = null;
  #seenAt = null;
  #turns = 0;

  /** `pages`: where it begins; `isEmpty(name)`: whether a page has nothing to show now. */
  constructor(pages, rotateS, isEmpty) {
    this.#shown = pages;
    this.#sides = pages.length;
    this.#turnMs = rotateS * 1000;
    this.#isEmpty = isEmpty;
  }

  /** The pages on the screen, left to right. */
  get shown() {
    return this.#shown;
  }

  /** How often the page was changed: whoever waits for a change looks here. */
  get turns() {
    return this.#turns;
  }

  /** Call often; while `isHeld` the time of the page stands still. True when another page is shown now. */
  tick(nowMs, isHeld) {
    const passed = this.#seenAt === null ? 0 : nowMs - this.#seenAt;
    this.#seenAt = nowMs;
    this.#since ??= nowMs;
    if (isHeld) this.#since += passed;
    if (this.#turnMs === 0 || nowMs - this.#since < this.#turnMs) return false;
    this.#since = nowMs;
    this.#turns += 1;
    const next = this.next();
    const isOther = next.join() !== this.#shown.join();
    this.#shown = next;
    return isOther;
  }

  /** How long the page still stays, in ms; Infinity when there is no rotation. */
  left(nowMs) {
    return this.#turnMs === 0 ? Infinity : this.#turnMs - (nowMs - (this.#since ?? nowMs));
  }

  /** The pages that come next: as many as stand side by side, after the last one shown. */
  next() {
    const stops = this.stops();
    const last = PAGES.indexOf(this.#shown.at(-1));
    const after = [...stops.filter((name) => PAGES.indexOf(name) > last), ...stops];
    const next = [...new Set(after)].slice(0, this.#sides);
    return next.length < this.#sides ? this.#shown : next;
  }

  /** All pages that have something to show, in their order; never without fire and sources. */
  stops() {
    return PAGES.filter((name) => this.#shown.includes(name) || !this.#isEmpty(name));
  }

  get rotates() {
    return this.#turnMs > 0;
  }
}
