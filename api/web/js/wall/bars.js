// Moving analog indicators: a value on a fixed scale, where it usually is, and what it should be.

import { svg } from '../badges.js';
import { el, mark, write } from '../dom.js';

const FULL = 1000;
const HEIGHT = 40;

function clamped(share) {
  return Math.max(0, Math.min(1, share)) * FULL;
}

/** One bar; all of `show` are shares of its scale. */
export class Bar {
  root = svg('svg', {
    class: 'bar', viewBox: `0 0 ${FULL} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true',
  });
  #track = svg('rect', { class: 'track', x: 0, y: 0, width: FULL, height: HEIGHT });
  #usual = svg('rect', { class: 'usual', y: 0, height: HEIGHT });
  #value = svg('rect', { class: 'value', x: 0, y: 8, height: HEIGHT - 16 });
  #aim = svg('path', { class: 'aim' });

  constructor() {
    this.root.append(this.#track, this.#usual, this.#value, this.#aim);
  }

  /** `usual`: [low, high] or null; `aim`: the mark or null; `priority`: of an open alarm on this very figure. */
  show({ value, usual = null, aim = null, priority = null }) {
    this.#value.setAttribute('width', value === null ? 0 : clamped(value));
    const [low, high] = usual ?? [0, 0];
    this.#usual.setAttribute('x', clamped(low));
    this.#usual.setAttribute('width', clamped(high) - clamped(low));
    this.#aim.setAttribute('d', aim === null ? '' : `M${clamped(aim)} 0V${HEIGHT}`);
    this.root.dataset.priority = priority ?? '';
  }
}

/** Lines of a word, a bar and a figure; kept and refilled, never made anew. */
export class BarList {
  root;
  #lines = [];

  constructor(name = '') {
    this.root = el('div', { className: `bars ${name}` });
  }

  /** `lines`: [{key, label, text, ...what Bar.show takes, note}]. */
  show(lines) {
    while (this.#lines.length > lines.length) this.#lines.pop().root.remove();
    while (this.#lines.length < lines.length) this.#lines.push(this.#made());
    lines.forEach((line, i) => {
      const { root, label, bar, text } = this.#lines[i];
      mark(root, 'bar', line.key);
      mark(root, 'state', line.state ?? '');
      mark(root, 'value', line.value ?? '');
      write(label, line.label);
      write(text, line.text);
      bar.show(line);
    });
  }

  #made() {
    const label = el('span', { className: 'bar-label' });
    const text = el('span', { className: 'bar-text' });
    const bar = new Bar();
    const root = el('p', { className: 'bar-line' }, label, bar.root, text);
    this.root.append(root);
    return { root, label, bar, text };
  }
}
