// The land of a map on a canvas: communes filled by a measure, hatched where they are blind, with their
// borders and those names that have room. Painted into a bitmap larger than the picture, which a gesture
// moves and stretches until it is painted anew.

import { placed } from './labels.js';

const MARGIN = 0.25; // of the picture's size, on each side
const STRETCH_MAX = 1.5;
/** Shapes are kept in thousandths of the land's height: floats of a path are exact to 1/60 px there. */
const UNITS = 1000;
const NAME_PX = 12;

export class Land {
  #ground;
  #paths = new Map();
  #perUnit;
  #canvas = document.createElement('canvas');
  #painted = null; // {x, y, zoom} of the view, and its size and margin

  constructor(ground) {
    this.#ground = ground;
    this.#perUnit = UNITS / (ground.box.y1 - ground.box.y0);
    for (const { code, outline } of ground.communes) this.#paths.set(code, this.#path(outline));
  }

  #path(outline) {
    const path = new Path2D();
    const { x0, y0 } = this.#ground.box;
    for (const ring of outline) {
      for (let i = 0; i < ring.length; i += 2) {
        const [x, y] = [(ring[i] - x0) * this.#perUnit, (ring[i + 1] - y0) * this.#perUnit];
        if (i === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
      path.closePath();
    }
    return path;
  }

  /** Whether the bitmap can still stand in for this view while it moves. */
  covers(view) {
    const at = this.#painted;
    if (!at || at.width !== view.width || at.height !== view.height) return false;
    const stretch = 2 ** (view.zoom - at.zoom);
    if (stretch > STRETCH_MAX || stretch < 1 / STRETCH_MAX) return false;
    const { x0, y0, x1, y1 } = view.box();
    return x0 >= at.box.x0 && y0 >= at.box.y0 && x1 <= at.box.x1 && y1 <= at.box.y1;
  }

  /** Whether it is painted for exactly this view. */
  isAt(view) {
    const at = this.#painted;
    return at !== null && at.x === view.x && at.y === view.y && at.zoom === view.zoom
      && at.width === view.width && at.height === view.height;
  }

  /** Copy the bitmap to where the view wants it; `to` counts in CSS pixels. */
  copy(to, view) {
    const at = this.#painted;
    if (!at) return;
    const stretch = 2 ** (view.zoom - at.zoom);
    const [left, top] = view.toScreen(at.box.x0, at.box.y0);
    to.drawImage(
      this.#canvas, left, top, (at.width + 2 * at.marginX) * stretch, (at.height + 2 * at.marginY) * stretch,
    );
  }

  /**
   * Paint for a view. `look`: {fills, blind, chosen, names, taken, isNear, paints, hatch, dpr}: per commune
   * {priority, step}, its blindness, the one that the others stand back for, [{code, text}] with the
   * most important first, boxes on the screen that no name may cover.
   */
  paint(view, look) {
    const [marginX, marginY] = [Math.round(view.width * MARGIN), Math.round(view.height * MARGIN)];
    const { dpr } = look;
    const [width, height] = [(view.width + 2 * marginX) * dpr, (view.height + 2 * marginY) * dpr];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    const [x0, y0] = view.toWorld(-marginX, -marginY);
    const [x1, y1] = view.toWorld(view.width + marginX, view.height + marginY);
    const box = { x0, y0, x1, y1 };
    this.#painted = {
      x: view.x, y: view.y, zoom: view.zoom, width: view.width, height: view.height, marginX, marginY, box,
    };
    const to = this.#canvas.getContext('2d', { alpha: false });
    to.setTransform(1, 0, 0, 1, 0, 0);
    to.fillStyle = look.paints.sea;
    to.fillRect(0, 0, width, height);
    const seen = this.#ground.communes.filter((commune) => (
      commune.box.x1 >= x0 && commune.box.x0 <= x1 && commune.box.y1 >= y0 && commune.box.y0 <= y1
    ));
    this.#communes(to, seen, { view, look, x0, y0 });
    to.setTransform(dpr, 0, 0, dpr, marginX * dpr, marginY * dpr);
    this.#names(to, view, look, { marginX, marginY });
  }

  #communes(to, seen, { view, look, x0, y0 }) {
    const { paints, dpr } = look;
    const scale = (view.scale * dpr) / this.#perUnit;
    const ground = this.#ground.box;
    to.setTransform(scale, 0, 0, scale, (ground.x0 - x0) * view.scale * dpr, (ground.y0 - y0) * view.scale * dpr);
    const px = dpr / scale; // one CSS pixel in the shapes' units
    to.lineJoin = 'round';
    for (const { code } of seen) {
      to.fillStyle = this.#colour(code, look);
      to.fill(this.#paths.get(code), 'evenodd');
    }
    this.#hatch(to, seen, look, 1 / scale);
    to.lineWidth = px;
    to.strokeStyle = look.chosen ? paints.rule : paints.border;
    for (const { code } of seen) {
      if (look.blind.get(code) === 'none') to.setLineDash([px, 3 * px]);
      to.stroke(this.#paths.get(code));
      to.setLineDash([]);
    }
    this.#rims(to, seen, look, px);
    if (look.chosen && this.#paths.has(look.chosen)) {
      to.strokeStyle = paints.text;
      to.lineWidth = 3 * px;
      to.stroke(this.#paths.get(look.chosen));
    }
  }

  /** On top, so that they are seen whole: the rims of communes with an alarm, the worst last. */
  #rims(to, seen, { fills, chosen, paints, isNear }, px) {
    for (const worst of [3, 2, 1]) {
      for (const { code } of seen) {
        if (fills.get(code)?.priority !== worst || (chosen && chosen !== code)) continue;
        to.strokeStyle = paints.rim;
        to.lineWidth = (isNear ? 5 : 1.5) * px;
        to.stroke(this.#paths.get(code));
        if (!isNear) continue;
        to.strokeStyle = paints[`p${worst}`];
        to.lineWidth = 3 * px;
        to.stroke(this.#paths.get(code));
      }
    }
  }

  #colour(code, { fills, chosen, paints, isNear }) {
    if (chosen && chosen !== code) return paints.surface;
    const { priority = 0, step = 1 } = fills.get(code) ?? {};
    // From near the picture would be nothing but red: there the rim says it, and the markers.
    if (priority > 0) return isNear ? paints.map1 : paints[`p${priority}`];
    return step === 0 ? paints.surface : paints[`map${step}`];
  }

  /** Lines of the same width at every zoom that stay with the land while it moves. */
  #hatch(to, seen, { blind, chosen, hatch }, shrink) {
    for (const kind of ['thin', 'blind']) {
      const pattern = to.createPattern(hatch[kind], 'repeat');
      pattern.setTransform(new DOMMatrix().scale(shrink));
      to.fillStyle = pattern;
      for (const { code } of seen) {
        if (blind.get(code) !== kind || (chosen && chosen !== code)) continue;
        to.fill(this.#paths.get(code), 'evenodd');
      }
    }
  }

  #names(to, view, { names, taken, paints, fills, chosen, isNear }, { marginX, marginY }) {
    to.font = `500 ${NAME_PX}px ${paints.family}`;
    to.textBaseline = 'middle';
    to.lineJoin = 'round';
    const wanted = names.flatMap(({ code, text }) => {
      const commune = this.#ground.get(code);
      if (!commune) return [];
      const [x, y] = view.toScreen(...commune.point);
      if (x < -marginX || y < -marginY || x > view.width + marginX || y > view.height + marginY) return [];
      const room = (commune.box.x1 - commune.box.x0) * view.scale * 0.86;
      return [{ code, text, x, y, w: to.measureText(text).width, h: NAME_PX * 1.4, room }];
    });
    placed(wanted, taken).forEach((box, i) => {
      if (!box) return;
      const { code, text } = wanted[i];
      const { priority: worst = 0, step = 1 } = fills.get(code) ?? {};
      const priority = isNear ? 0 : worst;
      const isFar = Boolean(chosen) && chosen !== code;
      const on = isFar ? paints.surface : priority ? paints[`p${priority}`] : paints[`map${step || 1}`];
      to.strokeStyle = on;
      to.lineWidth = 3;
      to.strokeText(text, box.x, box.y + box.h / 2);
      to.fillStyle = isFar ? paints.muted : priority ? paints[`on${priority}`] : inkOn(step, paints);
      to.fillText(text, box.x, box.y + box.h / 2);
    });
  }
}

/** The ink for a step of the grey ramp: its own end of the theme, or the paper's from the middle on. */
function inkOn(step, { text2, text, bg }) {
  if (step >= 4) return bg;
  return step === 3 ? text : text2;
}
