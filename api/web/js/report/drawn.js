// The pictures of the report: 24 columns of the day, the communes, bars beside their target. Black on white.

import { badge, svg } from '../badges.js';
import { Ground } from '../map/ground.js';

const HOURS = 24;
const CLASSES = [1, 3, 6, 11]; // alarms of a commune from which a darker grey begins
const BADGES_MAX = 12;
const WORST_SHOWN = 2;
const BADGE = 52;
const MARGIN = 0.6; // of its height, around a commune that has the map for itself

/** A scale that ends on a round number: 1, 2, 5 and so on. */
export function roundUp(n) {
  for (let ten = 1; ; ten *= 10) {
    for (const step of [1, 2, 4, 5, 10]) if (n <= step * ten) return step * ten;
  }
}

/** Columns of the hours, in a box of 24 units by 10. */
export function hourColumns(byHour, label) {
  const most = roundUp(Math.max(...byHour));
  const picture = svg('svg', { class: 'hours', viewBox: '0 0 24 10', preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
  for (const share of [0, 0.5, 1]) {
    picture.append(svg('line', { class: share ? 'grid' : 'axis', x1: 0, x2: HOURS, y1: 10 - 10 * share, y2: 10 - 10 * share }));
  }
  byHour.forEach((n, hour) => {
    const height = (10 * n) / most;
    picture.append(svg('rect', { class: 'column', x: hour + 0.15, y: 10 - height, width: 0.7, height }));
  });
  return { picture, most };
}

/** A value and the mark of its target on one scale. */
export function bullet({ value, target, isShare }) {
  if (value === null || target === null) return svg('svg', { class: 'bullet', viewBox: '0 0 100 8', 'aria-hidden': 'true' });
  const scale = isShare ? 1 : Math.max(value, target, 1e-9) * 1.25;
  const at = (n) => Math.max(0, Math.min(100, (100 * n) / scale));
  const picture = svg('svg', { class: 'bullet', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  picture.append(
    svg('rect', { class: 'room', x: 0, y: 1, width: 100, height: 6 }),
    svg('rect', { class: 'value', x: 0, y: 2.5, width: at(value), height: 3 }),
    svg('line', { class: 'target', x1: at(target), x2: at(target), y1: 0, y2: 8 }),
  );
  return picture;
}

/** The grey of a commune by its alarms: 0 to 4. */
export function shade(n) {
  return CLASSES.filter((from) => n >= from).length;
}

/** What the legend says of each grey. */
export function shades() {
  return CLASSES.map((from, i) => (CLASSES[i + 1] ? (CLASSES[i + 1] - from > 1 ? `${from}\u2013${CLASSES[i + 1] - 1}` : `${from}`) : `\u2265 ${from}`));
}

/** The communes, grey by how many alarms were raised, with a badge where the worst of them was grave. */
export function communeMap(features, pointOf, raised, { only = null, label }) {
  const ground = new Ground(features, pointOf);
  const { x0, y0, x1, y1 } = ground.box;
  const k = 1000 / (y1 - y0);
  const shown = only && ground.get(only) ? around(ground.get(only).box) : { x0, y0, x1, y1 };
  const zoom = 1000 / ((shown.y1 - shown.y0) * k);
  const room = [(shown.x0 - x0) * k - 8 / zoom, (shown.y0 - y0) * k - 8 / zoom, (shown.x1 - shown.x0) * k + 16 / zoom, 1016 / zoom];
  const picture = svg('svg', { class: 'land', viewBox: room.map((n) => n.toFixed(2)).join(' '), role: 'img', 'aria-label': label });
  for (const { code, outline } of ground.communes) {
    const path = svg('path', { d: outline.map((ring) => traced(ring, x0, y0, k)).join('') });
    path.dataset.shade = shade(raised[code]?.n ?? 0);
    if (only) path.dataset.only = String(code === only);
    picture.append(path);
  }
  const grave = Object.entries(raised).filter(([code, { worst }]) => worst <= WORST_SHOWN && ground.get(code));
  grave.sort(([, a], [, b]) => a.worst - b.worst || b.n - a.n);
  for (const [code, { worst }] of grave.slice(0, BADGES_MAX).reverse()) {
    const [x, y] = ground.get(code).point;
    const mark = badge(worst);
    const side = BADGE / zoom;
    for (const [name, value] of Object.entries({ x: (x - x0) * k - side / 2, y: (y - y0) * k - side / 2, width: side, height: side })) {
      mark.setAttribute(name, value.toFixed(2));
    }
    picture.append(mark);
  }
  return picture;
}

/** A commune in the middle of its neighbours. */
function around({ x0, y0, x1, y1 }) {
  const margin = MARGIN * Math.max(x1 - x0, y1 - y0);
  return { x0: x0 - margin / 3, y0: y0 - margin, x1: x1 + margin / 3, y1: y1 + margin };
}

function traced(ring, x0, y0, k) {
  let path = '';
  for (let i = 0; i < ring.length; i += 2) {
    path += `${i ? 'L' : 'M'}${((ring[i] - x0) * k).toFixed(2)} ${((ring[i + 1] - y0) * k).toFixed(2)}`;
  }
  return `${path}Z`;
}
