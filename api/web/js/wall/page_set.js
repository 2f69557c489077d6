// The pages of the wall: built once and kept, so that weeks of rotation leave nothing behind.

import { apart } from '../care.js';
import { el, mark, reveal } from '../dom.js';
import { Cameras } from './cameras.js';
import { Citizens } from './citizens.js';
import { Fire } from './fire.js';
import { IncidentsPage } from './incidents.js';
import { Overview } from './overview.js';
import { PAGES, Rotation } from './pages.js';
import { fitRoom } from './room.js';
import { Services } from './services.js';
import { Sources } from './sources.js';

const BUILT = {
  overview: Overview, fire: Fire, cameras: Cameras, citizens: Citizens,
  services: Services, sources: Sources, incidents: IncidentsPage,
};
export const TITLE_KEYS = {
  overview: 'page.overview', fire: 'page.fire', cameras: 'page.cameras', citizens: 'page.citizens',
  services: 'page.services', sources: 'page.sources', incidents: 'page.incidents',
};
const AHEAD_MS = 5000; // the next page has its figures before it is seen

export class PageSet {
  #pages = new Map();
  #rotation;
  #main;
  #ticks;
  #tickState = '';

  /** `ctx` as every page takes it; `chosen` pages side by side, each for `rotateS` seconds (0: for good). */
  constructor(ctx, { main, ticks, chosen, rotateS }) {
    this.#main = main;
    this.#ticks = ticks;
    for (const name of PAGES) {
      const page = new BUILT[name](ctx);
      mark(page.root, 'page', name);
      this.#pages.set(name, page);
    }
    main.append(...[...this.#pages.values()].map(({ root }) => root));
    const isEmpty = (name) => apart(() => this.#pages.get(name).isEmpty()) ?? true;
    this.#rotation = new Rotation(chosen, rotateS, isEmpty);
    this.#place();
  }

  get shown() {
    return this.#rotation.shown;
  }

  /** How often the page was changed: whoever waits for a change looks here. */
  get turns() {
    return this.#rotation.turns;
  }

  get rotates() {
    return this.#rotation.rotates;
  }

  fill(boundaries) {
    for (const { map } of this.#pages.values()) map?.fill(boundaries);
  }

  noteMap(key, values) {
    for (const { map } of this.#pages.values()) map?.note(key, values);
  }

  /** The room has changed. */
  fit() {
    for (const name of this.shown) this.#pages.get(name).map?.fit();
  }

  /** Once a second: whose turn it is, and what the shown ones and the next ask for. */
  tick(steady, now, isHeld) {
    if (this.#rotation.tick(steady, isHeld)) {
      this.#place();
      this.draw(now); // nobody looks at an empty page until the next second
    }
    const wanted = this.#rotation.left(steady) <= AHEAD_MS ? this.#rotation.next() : [];
    for (const name of new Set([...this.shown, ...wanted])) apart(() => this.#pages.get(name).keep({ now, steady }));
    this.#drawTicks();
  }

  draw(now) {
    for (const name of this.shown) apart(() => this.#draw(this.#pages.get(name), now));
  }

  /** A page that has given something up, or has room for more again, fills its lists anew. */
  #draw(page, now) {
    page.draw(now);
    const boxes = [page.root, ...page.root.querySelectorAll('.body')];
    if (fitRoom(page.root, boxes)) page.draw(now);
  }

  drawAlarms(now) {
    for (const name of this.shown) apart(() => this.#pages.get(name).drawAlarms?.(now));
  }

  #place() {
    for (const [name, { root }] of this.#pages) reveal(root, this.shown.includes(name));
    const roots = this.shown.map((name) => this.#pages.get(name).root);
    if (roots.length > 1) this.#main.append(...roots); // left to right as they are shown
    mark(document.documentElement, 'sides', roots.length);
    this.fit();
  }

  /** Which page of how many; no ticks where nothing rotates. */
  #drawTicks() {
    const stops = this.#rotation.rotates ? this.#rotation.stops() : [];
    const state = `${stops.join()}|${this.shown.join()}`;
    if (state === this.#tickState) return;
    this.#tickState = state;
    this.#ticks.replaceChildren(...stops.map(
      (name) => el('i', { data: { stop: name, now: this.shown.includes(name) } }),
    ));
    reveal(this.#ticks, stops.length > 0);
  }
}
