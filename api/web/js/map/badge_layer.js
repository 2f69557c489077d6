// The markers of open alarms above a map: real elements, because they blink and have names. Few of them:
// the most urgent; the map draws the others as small shapes.

import { alignBlinking, badge, lookOf, setLook } from '../badges.js';
import { el, mark, write } from '../dom.js';

export const BADGES_MAX = 30;

export class BadgeLayer {
  #slots = new Map();

  constructor() {
    this.root = el('div', { className: 'map-badges' });
  }

  /** `wanted`: at most `BADGES_MAX` of {key, priority, state, text, label}. */
  show(wanted) {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, slot] of this.#slots) {
      if (keys.has(key)) continue;
      slot.root.remove();
      this.#slots.delete(key);
    }
    let isNew = false;
    for (const one of wanted) {
      const slot = this.#slots.get(one.key);
      if (slot?.priority !== one.priority) {
        slot?.root.remove();
        this.#slots.set(one.key, this.#slot(one));
        isNew = true;
      }
      const { root, box, count } = this.#slots.get(one.key);
      setLook(box, { ...lookOf(one.state), label: one.label });
      mark(root, 'state', one.state);
      write(count, one.text);
    }
    if (isNew) alignBlinking();
  }

  #slot({ key, priority }) {
    const [box, count] = [badge(priority), el('span', { className: 'map-badge-count' })];
    const root = el('div', { className: 'map-badge', data: { mark: key, priority } }, box, count);
    this.root.append(root);
    return { root, box, count, priority };
  }

  /** Put a marker's middle at a point of the screen. */
  put(key, x, y) {
    const slot = this.#slots.get(key);
    if (slot) slot.root.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }
}
