// The communes as SVG: outlines, fill by the worst open alarm or by a measure, hatch where nothing is
// heard. What stands on top of it is drawn by others, in the same pixels.

import { svg } from '../badges.js';
import { between } from './flight.js';

const FILLED_PRIORITIES = 3; // a blue commune shouts louder than priority 4 means
const RAD = Math.PI / 180;

let lands = 0; // patterns are found by an id of the whole document
const known = new WeakMap(); // seven maps of one document share its projected outlines

export function mercator([lon, lat]) {
  return [lon * RAD, Math.log(Math.tan(Math.PI / 4 + (lat * RAD) / 2))];
}

function rings(geometry) {
  if (geometry.type === 'Polygon') return geometry.coordinates;
  return geometry.coordinates.flat();
}

export function extent(points) {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    x0 = Math.min(x0, x);
    x1 = Math.max(x1, x);
    y0 = Math.min(y0, y);
    y1 = Math.max(y1, y);
  }
  return { x0, y0, x1, y1 };
}

/** Projected rings per commune; the middle of the largest ring stands in for a missing point. */
function projected(feature) {
  const outline = rings(feature.geometry).map((ring) => ring.map(mercator));
  const largest = outline.reduce((a, b) => (b.length > a.length ? b : a));
  const box = extent(largest);
  return { outline, middle: [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2] };
}

function communesOf(collection) {
  if (!known.has(collection)) {
    known.set(collection, new Map(collection.features.map(
      (feature) => [feature.properties.code, projected(feature)],
    )));
  }
  return known.get(collection);
}

export class Land {
  picture = svg('svg', { class: 'land', role: 'img' });
  #root;
  #selected;
  #communes = new Map();
  #paths = new Map();
  #ground = svg('g');
  #veil = svg('g', { class: 'veil' });
  #patterns;
  #toScreen = null;
  #flight = 0;
  #view = null;

  /** Draw into `root`; `selected` is the commune code of a screen for one commune, or null. */
  constructor(root, selected) {
    this.#root = root;
    this.#selected = selected;
    lands += 1;
    this.#patterns = { blind: `blind-${lands}`, sparse: `sparse-${lands}` };
    this.picture.append(svg('defs'), this.#ground, this.#veil);
  }

  /** Take a FeatureCollection with `properties.code`. */
  fill(collection) {
    this.#communes = communesOf(collection);
    this.#paths.clear();
    this.#ground.replaceChildren();
    for (const code of this.#communes.keys()) {
      const path = svg('path', { class: 'commune' });
      path.dataset.area = code;
      if (this.#selected && code !== this.#selected) path.dataset.other = 'true';
      this.#paths.set(code, path);
      this.#ground.append(path);
    }
    this.#root.prepend(this.picture);
    this.fit();
  }

  get isFilled() {
    return this.#communes.size > 0;
  }

  /** Whether there are pixels to draw on. */
  get isReady() {
    return this.#toScreen !== null;
  }

  has(code) {
    return this.#communes.has(code);
  }

  /** The room there is, in pixels. */
  get frame() {
    return { w: this.#root.clientWidth, h: this.#root.clientHeight };
  }

  /** Fit the outlines into the room there is now; true when that is another. */
  fit() {
    const { w, h } = this.frame;
    if (!this.isFilled || w === 0 || h === 0) return false;
    const box = extent([...this.#communes.values()].flatMap(({ outline }) => outline.flat()));
    const margin = w / 40;
    const scale = Math.min((w - 2 * margin) / (box.x1 - box.x0), (h - 2 * margin) / (box.y1 - box.y0));
    const left = (w - (box.x1 - box.x0) * scale) / 2;
    const top = (h - (box.y1 - box.y0) * scale) / 2;
    this.#toScreen = ([x, y]) => [left + (x - box.x0) * scale, top + (box.y1 - y) * scale];
    for (const [code, { outline }] of this.#communes) {
      const d = outline.map((ring) => `M${ring.map((point) => this.#toScreen(point)
        .map((n) => n.toFixed(1)).join(' ')).join('L')}Z`).join('');
      this.#paths.get(code).setAttribute('d', d);
    }
    this.#veil.replaceChildren();
    this.look(null, 0);
    return true;
  }

  /** Where a commune's marker stands: its own point when it has one. */
  pointOf(code, lonLat) {
    return this.at(lonLat ? mercator(lonLat) : this.#communes.get(code).middle);
  }

  at(point) {
    const [x, y] = this.#toScreen(point);
    return { x, y };
  }

  /** The box of a commune in pixels. */
  boxOf(code) {
    const box = extent(this.#communes.get(code).outline.flat().map(this.#toScreen));
    return { x: box.x0, y: box.y0, w: box.x1 - box.x0, h: box.y1 - box.y0 };
  }

  /** `priorities`: code -> worst open priority; `classes`: code -> 1…5 of a measure. */
  paint(priorities, classes) {
    for (const [code, path] of this.#paths) {
      const priority = priorities.get(code);
      path.dataset.priority = priority ?? '';
      path.dataset.class = classes?.get(code) ?? '';
      const isFilled = priority !== undefined && priority <= FILLED_PRIORITIES;
      path.classList.toggle('open', isFilled);
      if (isFilled) this.#ground.append(path); // on top, so that its whole rim is seen
    }
  }

  /** `blind`: code -> 'blind' | 'sparse', where less is heard than there is. */
  hatch(blind, unit) {
    this.#definePatterns(unit);
    this.#veil.replaceChildren(...[...blind].flatMap(([code, how]) => {
      const path = this.#paths.get(code);
      if (!path) return [];
      const over = svg('path', { d: path.getAttribute('d'), fill: `url(#${this.#patterns[how]})` });
      over.dataset.blind = code;
      return [over];
    }));
  }

  /** Look at a box of {x, y, w, h} in pixels, or at everything (null); flown to when `ms` > 0. */
  look(box, ms) {
    const { w, h } = this.frame;
    const to = box ?? { x: 0, y: 0, w, h };
    const from = this.#view ?? to;
    cancelAnimationFrame(this.#flight);
    const step = (began) => (nowMs) => {
      const share = ms === 0 ? 1 : Math.min(1, (nowMs - began) / ms);
      this.#view = between(from, to, share);
      const { x, y } = this.#view;
      this.picture.setAttribute('viewBox', `${x} ${y} ${this.#view.w} ${this.#view.h}`);
      if (share < 1) this.#flight = requestAnimationFrame(step(began));
    };
    step(performance.now())(performance.now());
  }

  #definePatterns(unit) {
    const defs = this.picture.firstChild;
    if (defs.dataset.unit === String(unit)) return;
    defs.dataset.unit = String(unit);
    defs.replaceChildren(...Object.entries({ blind: 12, sparse: 28 }).map(([how, gap]) => {
      const side = gap * unit;
      const pattern = svg('pattern', {
        id: this.#patterns[how], width: side, height: side, patternUnits: 'userSpaceOnUse',
        patternTransform: 'rotate(45)',
      });
      pattern.append(svg('path', { class: 'hatching', d: `M0 0V${side}` }));
      return pattern;
    }));
  }
}
