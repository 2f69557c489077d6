// A few lines beside what is pointed at. It stays where it came up and while the pointer is on it, so that
// it can be read and reached; Escape takes it away.

import { el, reveal } from '../dom.js';

const LEAVES_AFTER_MS = 250;
const GAP_PX = 14;

export class Tip {
  #key = null;
  #leaving = 0;

  constructor() {
    this.root = el('div', { className: 'map-tip' });
    this.root.hidden = true;
    this.root.setAttribute('role', 'tooltip');
    this.root.addEventListener('pointerenter', () => clearTimeout(this.#leaving));
    this.root.addEventListener('pointerleave', () => this.leave());
  }

  /** `lines`: the first is the name. The same key again leaves it where it is. */
  show(key, lines, x, y, { width, height }) {
    clearTimeout(this.#leaving);
    const isNew = key !== this.#key;
    this.#key = key;
    this.root.replaceChildren(...lines.map((line, i) => el(i === 0 ? 'strong' : 'span', {}, line)));
    reveal(this.root, true);
    if (!isNew) return;
    const { offsetWidth: w, offsetHeight: h } = this.root;
    const left = x + GAP_PX + w > width ? x - GAP_PX - w : x + GAP_PX;
    const top = y + GAP_PX + h > height ? y - GAP_PX - h : y + GAP_PX;
    this.root.style.left = `${Math.max(0, left)}px`;
    this.root.style.top = `${Math.max(0, top)}px`;
  }

  leave() {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.hide(), LEAVES_AFTER_MS);
  }

  hide() {
    clearTimeout(this.#leaving);
    this.#key = null;
    reveal(this.root, false);
  }
}
