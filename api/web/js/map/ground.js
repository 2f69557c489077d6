// The communes as shapes of the world: outlines, boxes, where their names go, and which one a point is in.

import { projected } from './projection.js';

function rings(geometry) {
  return geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat();
}

function flat(ring) {
  const points = new Float64Array(ring.length * 2);
  ring.forEach(([lon, lat], i) => points.set(projected(lon, lat), 2 * i));
  return points;
}

/** The smallest box around rings. */
export function boxOf(outline) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const ring of outline) {
    for (let i = 0; i < ring.length; i += 2) {
      box.x0 = Math.min(box.x0, ring[i]);
      box.x1 = Math.max(box.x1, ring[i]);
      box.y0 = Math.min(box.y0, ring[i + 1]);
      box.y1 = Math.max(box.y1, ring[i + 1]);
    }
  }
  return box;
}

function isInside({ x0, y0, x1, y1 }, x, y) {
  return x >= x0 && x <= x1 && y >= y0 && y <= y1;
}

/** Whether a point lies within rings; a hole is a ring too (even and odd). */
function holds(outline, x, y) {
  let inside = false;
  for (const ring of outline) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const [xi, yi, xj, yj] = [ring[i], ring[i + 1], ring[j], ring[j + 1]];
      if ((yi > y) !== (yj > y) && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}

export class Ground {
  /** Of each commune {code, outline, box, point}; the largest first, so that small ones lie on top. */
  communes = [];
  #byCode = new Map();

  /** `features` are those of GET /areas/boundaries; `pointOf(code)` gives [lon, lat] or null. */
  constructor(features, pointOf) {
    this.communes = features.map((feature) => {
      const outline = rings(feature.geometry).map(flat);
      const box = boxOf(outline);
      const { code } = feature.properties;
      const place = pointOf(code);
      const point = place ? projected(...place) : [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
      return { code, outline, box, point };
    });
    const area = ({ box }) => (box.x1 - box.x0) * (box.y1 - box.y0);
    this.communes.sort((a, b) => area(b) - area(a));
    this.#byCode = new Map(this.communes.map((commune) => [commune.code, commune]));
    this.box = this.communes.reduce((all, { box }) => ({
      x0: Math.min(all.x0, box.x0), y0: Math.min(all.y0, box.y0),
      x1: Math.max(all.x1, box.x1), y1: Math.max(all.y1, box.y1),
    }), { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity });
  }

  get(code) {
    return this.#byCode.get(code);
  }

  /** The code of the commune at a point of the world, or null. */
  at(x, y) {
    const found = this.communes.findLast(({ box, outline }) => isInside(box, x, y) && holds(outline, x, y));
    return found?.code ?? null;
  }
}
