// The choice of one commune or the whole province, as the address says it.

import { control } from './controls.js';

export class AreaChoice {
  #ctx;
  #filled = 0;
  root;

  constructor(ctx) {
    this.#ctx = ctx;
    this.root = control('select', { name: 'area' });
    this.root.setAttribute('aria-label', ctx.say('desk.area'));
    this.root.addEventListener('change', () => ctx.go({ area: this.root.value || null }, { push: false }));
  }

  /** Show what is chosen; the names come when they are known. */
  show(area = '') {
    const { areas, say } = this.#ctx;
    const known = areas.list();
    if (known.length !== this.#filled || this.root.options.length === 0) {
      this.#filled = known.length;
      const options = [['', say('area.all')], ...known.map(({ code }) => [code, areas.shortName(code)])];
      this.root.replaceChildren(...control('select', {}, options).children);
    }
    if (area && !known.some(({ code }) => code === area)) {
      this.root.append(...control('select', {}, [[area, area]]).children);
    }
    this.root.value = area;
  }
}
