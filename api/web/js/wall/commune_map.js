// The map of a wall page: a title, the land, what is open on it, and what its greys mean.

import { SEVERITIES, svg } from '../badges.js';
import { worst } from '../alarms.js';
import { el, reveal, write } from '../dom.js';
import { FLIGHT_MS, lookAt } from './flight.js';
import { Land, mercator } from './land.js';
import { Marks } from './marks.js';

const RING_UNITS = 30;

export class CommuneMap {
  root = el('figure', { className: 'map' });
  #say;
  #areas;
  #number;
  #land;
  #ground = el('div', { className: 'ground' });
  #marks;
  #over = svg('g');
  #title = el('figcaption', { className: 'map-title' });
  #note = el('p', { className: 'map-note' });
  #legend = el('div', { className: 'legend' });
  #shown = '';
  #legendShown = '';

  /** `selected` is the commune code of a screen for one commune, or null; `title` may be ''. */
  constructor({ say, areas, number, areaCode }, title = '') {
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
    this.#land = new Land(this.#ground, areaCode);
    this.#marks = new Marks(this.#land, { say, areas, number });
    this.#land.picture.append(this.#marks.layer, this.#over);
    this.root.append(this.#title, this.#note, this.#ground, this.#legend);
    write(this.#title, title);
    reveal(this.#title, title !== '');
    this.note('page.loading');
  }

  /** A sentence in place of a map that is not there. */
  note(key, values) {
    write(this.#note, this.#say(key, values));
    reveal(this.#note, !this.#land.isFilled);
  }

  fill(boundaries) {
    this.#land.fill(boundaries);
    reveal(this.#note, false);
    this.#shown = '';
  }

  /** The room has changed: draw anew at the next `show`. */
  fit() {
    if (this.#land.fit()) this.#shown = '';
  }

  /**
   * `alarms`: counts per commune {"05443": {critical: 1, …}}; `classes`: code -> 1…5 of a measure, or
   * null; `blind`: code -> 'blind' | 'sparse'; `rings`: [{lat, lon, radiusM, label}]. Nothing is redrawn
   * when nothing changed.
   */
  show({ alarms, classes = null, blind = new Map(), rings = [] }, unit) {
    if (!this.#land.isReady) return;
    const open = this.#open(alarms);
    const state = JSON.stringify([open, classes && [...classes], [...blind], rings, unit, this.#areas.size]);
    if (state === this.#shown) return;
    this.#shown = state;
    this.#land.paint(new Map(open.map(({ code, priority }) => [code, priority])), classes);
    this.#land.hatch(blind, unit);
    this.#marks.show(open, unit);
    this.#over.replaceChildren(...rings.flatMap((ring) => this.#ring(ring, unit)));
    this.#land.picture.setAttribute('aria-label', this.#say('map.summary', { n: this.#number(open.length) }));
  }

  /** The greys of the measure: `low` and `high` say what the ends mean, `blind` what the hatch does. */
  legend({ title = '', low = '', high = '', blind = '' }) {
    const state = [title, low, high, blind].join('|');
    if (state === this.#legendShown) return;
    this.#legendShown = state;
    const ramp = el('p', { className: 'ramp' }, el('span', {}, low),
      ...[1, 2, 3, 4, 5].map((step) => el('i', { data: { class: step } })), el('span', {}, high));
    this.#legend.replaceChildren(
      ...(title ? [el('p', { className: 'measure' }, title)] : []),
      ...(low ? [ramp] : []),
      ...(blind ? [el('p', { className: 'blind-key' }, el('i', { data: { class: 'blind' } }), el('span', {}, blind))] : []),
    );
  }

  /** The badges belong to the look at everything. */
  showMarks(isShown) {
    this.#marks.layer.toggleAttribute('hidden', !isShown);
  }

  /** Fly to a commune, with `lonLat` in the middle; `isStill`: jump. True when there is such a place. */
  flyTo(code, lonLat, isStill) {
    if (!this.#land.isReady || !this.#land.has(code)) return this.flyHome(isStill);
    const point = this.#land.pointOf(code, lonLat ?? this.#areas.point(code));
    this.#land.look(lookAt(point, this.#land.boxOf(code), this.#land.frame), isStill ? 0 : FLIGHT_MS);
    return true;
  }

  flyHome(isStill) {
    if (this.#land.isReady) this.#land.look(null, isStill ? 0 : FLIGHT_MS);
    return false;
  }

  /** Points of devices, in degrees, as small as they are seen at this look. */
  dots(points, radius) {
    if (!this.#land.isReady) return;
    this.#over.replaceChildren(...points.map(({ lon, lat, isSilent }) => {
      const { x, y } = this.#land.at(mercator([lon, lat]));
      const dot = svg('circle', { class: 'device', cx: x, cy: y, r: radius });
      dot.dataset.silent = String(isSilent);
      return dot;
    }));
  }

  /** How many pixels of the screen one pixel of the drawing is now. */
  get zoom() {
    const width = Number(this.#land.picture.getAttribute('viewBox')?.split(' ')[2]);
    return width > 0 ? this.#land.frame.w / width : 1;
  }

  #open(alarms) {
    return Object.entries(alarms)
      .map(([code, counts]) => ({ code, counts, priority: worst(counts) }))
      .filter(({ code, priority }) => priority !== null && this.#land.has(code))
      .map(({ code, counts, priority }) => ({ code, priority, n: counts[SEVERITIES[priority - 1]] }))
      .sort((a, b) => a.priority - b.priority || b.n - a.n || (a.code < b.code ? -1 : 1));
  }

  #ring({ lat, lon, radiusM, label }, unit) {
    const { x, y } = this.#land.at(mercator([lon, lat]));
    const north = this.#land.at(mercator([lon, lat + radiusM / 111_320])).y;
    const ring = svg('circle', { class: 'ring', cx: x, cy: y, r: Math.max(y - north, RING_UNITS * unit) });
    const text = svg('text', { class: 'map-count', x, y: y + 16 * unit, 'text-anchor': 'middle' });
    text.textContent = label;
    return [ring, text];
  }
}
