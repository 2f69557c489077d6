// What stands on the land: a badge with its count per commune, leader lines where it had to step aside,
// a few names. Where they go is decided in placing.js.

import { badge, PRIORITY_KEYS, svg } from '../badges.js';
import { place } from '../placing.js';

const BADGES_MAX = 10; // more would hide the land: the other communes get a shape without its digit
const NAMES_MAX = 4;
const NAMED_PRIORITIES = 3;
const BADGE_UNITS = 52;
const DOT_UNITS = 20;
const GAP_UNITS = 16;
const BASELINE_UNITS = 16; // from the middle of a line of 44 u to its baseline

export class Marks {
  layer = svg('g');
  #land;
  #say;
  #areas;
  #number;

  constructor(land, { say, areas, number }) {
    this.#land = land;
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
  }

  clear() {
    this.layer.replaceChildren();
  }

  /** `open`: [{code, priority, n}], most urgent first. */
  show(open, unit) {
    const marks = open.slice(0, BADGES_MAX).map((entry, i) => this.#measured(entry, i < NAMES_MAX, unit));
    const boxes = place(marks, this.#land.frame, GAP_UNITS * unit);
    const lines = svg('g');
    const drawn = svg('g');
    for (const { code, priority, n } of open.slice(BADGES_MAX)) {
      const dot = this.#marker(code, priority, n);
      dot.classList.add('dot');
      const { x, y } = this.#pointOf(code);
      const side = DOT_UNITS * unit;
      put(dot, { x: x - side / 2, y: y - side / 2 }, side);
      drawn.append(dot);
    }
    // Drawn last to first: the most urgent marker lies on top.
    for (let i = marks.length - 1; i >= 0; i -= 1) {
      if (boxes[i].badge) this.#draw(marks[i], boxes[i], { lines, drawn, unit });
    }
    this.layer.replaceChildren(lines, drawn);
  }

  #pointOf(code) {
    return this.#land.pointOf(code, this.#areas.point(code));
  }

  /** How much room a commune's marker and its name need; measured by the browser's own font. */
  #measured({ code, priority, n }, isNamed, unit) {
    const count = svg('text', { class: 'map-count' });
    count.textContent = n > 1 ? this.#number(n) : '';
    const nameText = svg('text', { class: 'map-name' });
    nameText.textContent = this.#areas.shortName(code);
    this.layer.replaceChildren(count, nameText);
    const countWidth = n > 1 ? count.getComputedTextLength() + 8 * unit : 0;
    const side = BADGE_UNITS * unit;
    const hasName = isNamed && priority <= NAMED_PRIORITIES;
    return {
      code, priority, n, count, nameText, point: this.#pointOf(code),
      badge: { w: side + countWidth, h: side },
      land: priority <= NAMED_PRIORITIES ? this.#smallLand(code, side) : null,
      name: hasName ? { w: nameText.getComputedTextLength(), h: side } : null,
    };
  }

  /** The box of a commune that a marker of this side would hide, or null. */
  #smallLand(code, side) {
    const land = this.#land.boxOf(code);
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

  #draw(mark, boxes, { lines, drawn, unit }) {
    const side = BADGE_UNITS * unit;
    const { badge: box, name } = boxes;
    const middle = { x: box.x + side / 2, y: box.y + side / 2 };
    if (Math.hypot(middle.x - mark.point.x, middle.y - mark.point.y) > side / 2) {
      lines.append(svg('path', {
        class: 'leader', d: `M${mark.point.x} ${mark.point.y}L${middle.x} ${middle.y}`,
      }));
    }
    const marker = this.#marker(mark.code, mark.priority, mark.n);
    put(marker, box, side);
    drawn.append(marker);
    if (mark.n > 1) {
      mark.count.setAttribute('x', box.x + side + 8 * unit);
      mark.count.setAttribute('y', middle.y + BASELINE_UNITS * unit);
      drawn.append(mark.count);
    }
    if (name) {
      mark.nameText.setAttribute('x', name.x);
      mark.nameText.setAttribute('y', name.y + name.h / 2 + BASELINE_UNITS * unit);
      drawn.append(mark.nameText);
    }
  }
}

function put(marker, { x, y }, side) {
  for (const [key, value] of Object.entries({ x, y, width: side, height: side })) {
    marker.setAttribute(key, value);
  }
  marker.style.width = `${side}px`;
  marker.style.height = `${side}px`;
}
