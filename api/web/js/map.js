// The communes as SVG: land, fill by the worst open alarm, markers with leader lines, a few names.

import { badge, PRIORITY_KEYS, SEVERITIES, svg } from './badges.js';
import { worst } from './alarms.js';
import { place } from './placing.js';

const BADGES_MAX = 10; // more would hide the land: the other communes get a shape without its digit
const NAMES_MAX = 4;
const DOT_UNITS = 20;
const FILLED_PRIORITIES = 3; // a blue commune shouts louder than priority 4 means

function mercator([lon, lat]) {
  const rad = Math.PI / 180;
  return [lon * rad, Math.log(Math.tan(Math.PI / 4 + (lat * rad) / 2))];
}

function rings(geometry) {
  if (geometry.type === 'Polygon') return geometry.coordinates;
  return geometry.coordinates.flat();
}

function extent(points) {
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

export class CommuneMap {
  #root;
  #say;
  #areas;
  #number;
  #selected;
  #communes = new Map();
  #paths = new Map();
  #land = svg('g');
  #marks = svg('g');
  #toScreen = null;
  #shown = '';

  /** Draw into `root`; `selected` is the commune code of a screen for one commune, or null. */
  constructor(root, { say, areas, number, selected }) {
    this.#root = root;
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
    this.#selected = selected;
    this.picture = svg('svg', { class: 'land', role: 'img' });
    this.picture.append(this.#land, this.#marks);
  }

  /** Take a FeatureCollection with `properties.code`. */
  fill({ features }) {
    this.#communes = new Map(features.map((feature) => [feature.properties.code, projected(feature)]));
    this.#paths.clear();
    this.#land.replaceChildren();
    for (const code of this.#communes.keys()) {
      const path = svg('path', { class: 'commune' });
      path.dataset.area = code;
      if (this.#selected && code !== this.#selected) path.dataset.other = 'true';
      this.#paths.set(code, path);
      this.#land.append(path);
    }
    this.#root.replaceChildren(this.picture);
    this.fit();
  }

  get isFilled() {
    return this.#communes.size > 0;
  }

  /** Fit the outlines into the room there is now. */
  fit() {
    const { clientWidth: w, clientHeight: h } = this.#root;
    if (!this.isFilled || w === 0 || h === 0) return;
    const box = extent([...this.#communes.values()].flatMap(({ outline }) => outline.flat()));
    const margin = w / 40;
    const scale = Math.min((w - 2 * margin) / (box.x1 - box.x0), (h - 2 * margin) / (box.y1 - box.y0));
    const left = (w - (box.x1 - box.x0) * scale) / 2;
    const top = (h - (box.y1 - box.y0) * scale) / 2;
    this.#toScreen = ([x, y]) => [left + (x - box.x0) * scale, top + (box.y1 - y) * scale];
    this.picture.setAttribute('viewBox', `0 0 ${w} ${h}`);
    for (const [code, { outline }] of this.#communes) {
      const d = outline.map((ring) => `M${ring.map((point) => this.#toScreen(point)
        .map((n) => n.toFixed(1)).join(' ')).join('L')}Z`).join('');
      this.#paths.get(code).setAttribute('d', d);
    }
    this.#shown = '';
  }

  /** Show counts per commune: {"05443": {critical: 1, …}}. Nothing is redrawn when nothing changed. */
  show(byArea, unit) {
    if (!this.#toScreen) return;
    const open = Object.entries(byArea)
      .map(([code, counts]) => ({ code, counts, priority: worst(counts) }))
      .filter(({ code, priority }) => priority !== null && this.#communes.has(code))
      .map((entry) => ({ ...entry, n: entry.counts[SEVERITIES[entry.priority - 1]] }))
      .sort((a, b) => a.priority - b.priority || b.n - a.n || (a.code < b.code ? -1 : 1));
    const state = JSON.stringify([open, unit]);
    if (state === this.#shown) return;
    this.#shown = state;
    this.#fillLand(open);
    this.#mark(open, unit);
    this.picture.setAttribute('aria-label', this.#say('map.summary', { n: this.#number(open.length) }));
  }

  #fillLand(open) {
    const priorities = new Map(open.map(({ code, priority }) => [code, priority]));
    for (const [code, path] of this.#paths) {
      const priority = priorities.get(code);
      path.dataset.priority = priority ?? '';
      const isFilled = priority !== undefined && priority <= FILLED_PRIORITIES;
      path.classList.toggle('open', isFilled);
      if (isFilled) this.#land.append(path); // on top, so that its whole rim is seen
    }
  }

  #mark(open, unit) {
    const marks = open.slice(0, BADGES_MAX).map((entry, i) => this.#measured(entry, i < NAMES_MAX, unit));
    const { clientWidth: w, clientHeight: h } = this.#root;
    const boxes = place(marks, { w, h }, 16 * unit);
    const lines = svg('g');
    const drawn = svg('g');
    for (const { code, priority, n } of open.slice(BADGES_MAX)) {
      const dot = this.#marker(code, priority, n);
      dot.classList.add('dot');
      const { x, y } = this.#pointOf(code);
      this.#put(dot, { x: x - (DOT_UNITS * unit) / 2, y: y - (DOT_UNITS * unit) / 2 }, DOT_UNITS * unit);
      drawn.append(dot);
    }
    // Drawn last to first: the most urgent marker lies on top.
    for (let i = marks.length - 1; i >= 0; i -= 1) {
      if (boxes[i].badge) this.#draw(marks[i], boxes[i], { lines, drawn, unit });
    }
    this.#marks.replaceChildren(lines, drawn);
  }

  #pointOf(code) {
    const point = this.#areas.point(code);
    const [x, y] = this.#toScreen(point ? mercator(point) : this.#communes.get(code).middle);
    return { x, y };
  }

  /** How much room a commune's marker and its name need; measured by the browser's own font. */
  #measured({ code, priority, n }, isNamed, unit) {
    const count = svg('text', { class: 'map-count' });
    count.textContent = n > 1 ? this.#number(n) : '';
    const nameText = svg('text', { class: 'map-name' });
    nameText.textContent = this.#areas.shortName(code);
    this.#marks.replaceChildren(count, nameText);
    const countWidth = n > 1 ? count.getComputedTextLength() + 8 * unit : 0;
    const side = 52 * unit;
    const hasName = isNamed && priority <= FILLED_PRIORITIES;
    return {
      code, priority, n, count, nameText, point: this.#pointOf(code),
      badge: { w: side + countWidth, h: side },
      land: priority <= FILLED_PRIORITIES ? this.#smallLand(code, side) : null,
      name: hasName ? { w: nameText.getComputedTextLength(), h: side } : null,
    };
  }

  /** The box of a commune that a marker of this side would hide, or null. */
  #smallLand(code, side) {
    const box = extent(this.#communes.get(code).outline.flat().map(this.#toScreen));
    const land = { x: box.x0, y: box.y0, w: box.x1 - box.x0, h: box.y1 - box.y0 };
    return Math.max(land.w, land.h) < 1.2 * side ? land : null;
  }

  #marker(code, priority, n) {
    const label = this.#say('priority.count', {
      priority: this.#say(PRIORITY_KEYS[priority - 1]), n: this.#number(n),
    });
    const marker = badge(priority, { label });
    marker.dataset.mark = code;
    return marker;
  }

  #put(marker, { x, y }, side) {
    for (const [key, value] of Object.entries({ x, y, width: side, height: side })) {
      marker.setAttribute(key, value);
    }
    marker.style.width = `${side}px`;
    marker.style.height = `${side}px`;
  }

  #draw(mark, boxes, { lines, drawn, unit }) {
    const side = 52 * unit;
    const { badge: box, name } = boxes;
    const middle = { x: box.x + side / 2, y: box.y + side / 2 };
    if (Math.hypot(middle.x - mark.point.x, middle.y - mark.point.y) > side / 2) {
      lines.append(svg('path', {
        class: 'leader', d: `M${mark.point.x} ${mark.point.y}L${middle.x} ${middle.y}`,
      }));
    }
    const marker = this.#marker(mark.code, mark.priority, mark.n);
    this.#put(marker, box, side);
    drawn.append(marker);
    const baseline = 16 * unit; // from the middle of a line of 44 u to its baseline
    if (mark.n > 1) {
      mark.count.setAttribute('x', box.x + side + 8 * unit);
      mark.count.setAttribute('y', middle.y + baseline);
      drawn.append(mark.count);
    }
    if (name) {
      mark.nameText.setAttribute('x', name.x);
      mark.nameText.setAttribute('y', name.y + name.h / 2 + baseline);
      drawn.append(mark.nameText);
    }
  }
}
