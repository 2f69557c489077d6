// The canvas of a map: land, devices, incidents and what belongs to markers, drawn in this order. Holds the
// colours of the theme; decides nothing.

import { SHAPES } from '../badges.js';
import { el } from '../dom.js';
import { BADGES_MAX } from './badge_layer.js';
import { Land } from './land.js';
import { hatches, readPaints } from './paints.js';
import { drawCluster, drawDevice, drawIncident, drawLeader } from './symbols.js';

const SMALL_PX = 12;
const DPR_MAX = 2;

export class Scene {
  canvas = el('canvas', { className: 'map-canvas' });
  #look;
  #hatch;
  #land = null;

  constructor() {
    this.canvas.setAttribute('role', 'img');
  }

  get hasLand() {
    return this.#land !== null;
  }

  /** Read the colours of the theme anew. */
  repaint() {
    const paints = readPaints(document.body); // the canvas itself may not be in the page yet
    this.#look = { paints };
    this.#hatch = hatches(paints, this.#dpr);
  }

  setGround(ground) {
    this.#land = new Land(ground);
  }

  resize({ width, height }) {
    this.canvas.width = width * this.#dpr;
    this.canvas.height = height * this.#dpr;
  }

  get #dpr() {
    return Math.min(globalThis.devicePixelRatio || 1, DPR_MAX);
  }

  /** Whether the land as it is painted is exactly what the view shows, or can stand in for it. */
  isAt(view) {
    return !this.#land || this.#land.isAt(view);
  }

  covers(view) {
    return !this.#land || this.#land.covers(view);
  }

  /** `how`: {fills, blind, chosen, names, taken, isNear, isFilled}; see Land. */
  paintLand(view, { isFilled, ...how }) {
    const { paints } = this.#look;
    this.#land?.paint(view, {
      ...how, paints: { ...paints, border: isFilled ? paints.bg : paints.map3 },
      hatch: this.#hatch, dpr: this.#dpr,
    });
  }

  /** Everything that is under the markers. `marks` and `incidents` count in pixels already. */
  draw(view, { marks, incidents }) {
    const to = this.canvas.getContext('2d', { alpha: false });
    const dpr = this.#dpr;
    to.setTransform(dpr, 0, 0, dpr, 0, 0);
    to.fillStyle = this.#look.paints.sea;
    to.fillRect(0, 0, view.width, view.height);
    this.#land?.copy(to, view);
    to.textAlign = 'center';
    to.textBaseline = 'middle';
    to.font = `600 11px ${this.#look.paints.family}`;
    for (const { px: x, py: y, n, silent, text, kind } of marks) {
      if (n === 1) drawDevice(to, { x, y, silent: silent === 1, kind }, this.#look);
      else drawCluster(to, { x, y, n, silent, text }, this.#look);
    }
    to.font = `600 12px ${this.#look.paints.family}`;
    for (const each of incidents) drawIncident(to, each, this.#look);
    to.textAlign = 'start';
    return to;
  }

  /** Lines to markers that stepped aside; a small shape for each that is no element. */
  drawMarkers(to, markers) {
    for (let i = markers.length - 1; i >= 0; i -= 1) {
      const { priority, px, py, dx, dy, code } = markers[i];
      if (i >= BADGES_MAX) this.#smallShape(to, priority, px, py);
      else if (code && Math.hypot(dx, dy) > 12) drawLeader(to, [px - dx, py - dy], [px, py], this.#look);
    }
  }

  #smallShape(to, priority, x, y) {
    const scale = SMALL_PX / 56;
    const path = new Path2D(SHAPES[priority - 1].shape);
    to.save();
    to.translate(x - 28 * scale, y - 28 * scale);
    to.scale(scale, scale);
    to.fillStyle = this.#look.paints[`p${priority}`];
    to.fill(path);
    to.lineWidth = 6;
    to.strokeStyle = this.#look.paints.rim;
    to.stroke(path);
    to.restore();
  }
}
