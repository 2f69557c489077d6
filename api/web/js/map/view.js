// What part of the world a map shows: a centre, a zoom (a world of 256 px doubled so often) and a size
// in CSS pixels. Numbers only.

import { metresPerUnit, unprojected } from './projection.js';

const WORLD_PX = 256;
export const ZOOM_MAX = 18; // half a metre a pixel: devices of one building stand apart
const ZOOM_MIN = 5;
/** Of the land at least so many pixels stay in view, or nobody finds back. */
const KEPT_PX = 80;
const SCALE_STEPS = [1, 2, 5];

function clamped(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

export class View {
  x = 0.5;
  y = 0.5;
  zoom = ZOOM_MIN;
  width = 0;
  height = 0;
  #land = null;
  #fitted = null;

  /** CSS pixels for one unit of the world. */
  get scale() {
    return WORLD_PX * 2 ** this.zoom;
  }

  /** The zoom at which the whole land fits. */
  get fitZoom() {
    return this.#fitted?.zoom ?? ZOOM_MIN;
  }

  /** Whether the whole land is shown as `fit` puts it. */
  get isFitted() {
    const to = this.#fitted;
    return to !== null && Math.abs(this.zoom - to.zoom) < 0.01
      && Math.hypot(this.x - to.x, this.y - to.y) * this.scale < 2;
  }

  /** Take a new size; what was in the middle stays there, what was fitted stays fitted. */
  resize(width, height) {
    const wasFitted = this.#fitted === null || this.isFitted;
    this.width = width;
    this.height = height;
    this.#refit();
    if (wasFitted) this.fit();
  }

  /** The land is this box {x0, y0, x1, y1}; `marginPx` is left free around it when it is fitted. */
  setLand(box, marginPx = 16) {
    this.#land = { ...box, marginPx };
    this.#refit();
    this.fit();
  }

  #refit() {
    if (!this.#land || this.width === 0 || this.height === 0) return;
    this.#fitted = this.framing(this.#land, this.#land.marginPx);
  }

  /** Centre and zoom that show a box of the world whole. */
  framing(box, marginPx) {
    const room = (px) => Math.max(1, px - 2 * marginPx);
    const scale = Math.min(
      room(this.width) / Math.max(box.x1 - box.x0, 1e-9), room(this.height) / Math.max(box.y1 - box.y0, 1e-9),
    );
    return {
      x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2,
      zoom: clamped(Math.log2(scale / WORLD_PX), ZOOM_MIN, ZOOM_MAX),
    };
  }

  fit() {
    if (this.#fitted) this.put(this.#fitted);
  }

  /** Go to a centre and a zoom, as far as the land allows. */
  put({ x, y, zoom }) {
    this.zoom = clamped(zoom, Math.min(this.fitZoom, ZOOM_MAX) - 0.5, ZOOM_MAX);
    const land = this.#land;
    const [halfX, halfY] = [this.width / 2 / this.scale, this.height / 2 / this.scale];
    const kept = KEPT_PX / this.scale;
    this.x = land ? clamped(x, land.x0 - halfX + kept, land.x1 + halfX - kept) : x;
    this.y = land ? clamped(y, land.y0 - halfY + kept, land.y1 + halfY - kept) : y;
  }

  /** Move the land by so many pixels. */
  pan(dx, dy) {
    this.put({ x: this.x - dx / this.scale, y: this.y - dy / this.scale, zoom: this.zoom });
  }

  /** Zoom by `steps`; what lies under the pixel stays under it. */
  zoomAt(px, py, steps) {
    const [wx, wy] = this.toWorld(px, py);
    this.zoom = clamped(this.zoom + steps, this.fitZoom - 0.5, ZOOM_MAX);
    this.put({
      x: wx - (px - this.width / 2) / this.scale, y: wy - (py - this.height / 2) / this.scale, zoom: this.zoom,
    });
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2];
  }

  toWorld(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }

  /** The part of the world in view, with so many pixels more on each side. */
  box(morePx = 0) {
    const [x0, y0] = this.toWorld(-morePx, -morePx);
    const [x1, y1] = this.toWorld(this.width + morePx, this.height + morePx);
    return { x0, y0, x1, y1 };
  }

  /** Metres on the ground for one pixel in the middle. */
  get metresPerPixel() {
    return metresPerUnit(unprojected(this.x, this.y).lat) / this.scale;
  }

  /** The longest round distance (1, 2, 5 × 10ⁿ m) that a bar of at most `px` pixels can show. */
  scaleBar(px) {
    const most = px * this.metresPerPixel;
    const power = 10 ** Math.floor(Math.log10(most));
    const metres = power * SCALE_STEPS.findLast((step) => step * power <= most);
    return { metres, px: metres / this.metresPerPixel };
  }

  /** As a short word for an address: "105.8400,21.5900,12.50"; null when all of the land is shown. */
  written() {
    if (this.isFitted) return null;
    const { lon, lat } = unprojected(this.x, this.y);
    return `${lon.toFixed(4)},${lat.toFixed(4)},${this.zoom.toFixed(2)}`;
  }
}

/** Longitude, latitude and zoom of such a word; null when it is none. */
export function readView(word) {
  const numbers = (word ?? '').split(',').map(Number);
  if (numbers.length !== 3 || (word ?? '').includes(',,') || !numbers.every(Number.isFinite)) return null;
  const [lon, lat, zoom] = numbers;
  if (Math.abs(lon) > 180 || Math.abs(lat) > 85 || zoom < ZOOM_MIN || zoom > ZOOM_MAX) return null;
  return { lon, lat, zoom };
}

/** Where a flight from one centre and zoom to another is after the share `t` of its time. */
export function underway(from, to, t) {
  const eased = t < 0.5 ? 2 * t * t : 1 - (2 - 2 * t) ** 2 / 2;
  const zoom = from.zoom + (to.zoom - from.zoom) * eased;
  // The way on the ground shrinks as the scale grows: without this the land would shoot past.
  const [a, b] = [2 ** -from.zoom, 2 ** -to.zoom];
  const share = Math.abs(a - b) < 1e-12 ? eased : (a - 2 ** -zoom) / (a - b);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share, zoom };
}
