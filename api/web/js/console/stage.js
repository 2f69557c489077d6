// One page at a time; a page that was shown once is kept, so that coming back to it is at once. What console.html
// says while nothing has come yet goes with the first one.

import { el, mark, part, reveal } from '../dom.js';

export class Stage {
  #root;
  #ctx;
  #made = new Map(); // name -> {root, page}
  #wanted = null;
  name = null;
  page = null;

  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    mark(root, 'page', '');
  }

  /** Show a page of the table in `pages.js`; the latest wish wins. */
  async show({ name, label, load }) {
    this.#wanted = name;
    const made = this.#made.get(name) ?? await this.#make(name, load);
    part('waiting')?.remove();
    if (this.#wanted !== name || made === null) return;
    if (this.name !== name) {
      this.page?.hide();
      for (const [each, { root }] of this.#made) reveal(root, each === name);
      this.name = name;
      this.page = made.page;
    }
    made.root.setAttribute('aria-label', this.#ctx.say(label));
    mark(this.#root, 'page', name);
    this.page.show(this.#ctx.view()); // the newest: it may have changed while the module came
  }

  async #make(name, load) {
    const root = el('section', { className: `page-${name}` });
    try {
      const { Page } = await load();
      const known = this.#made.get(name); // asked for twice while it was on its way
      if (known) return known;
      root.hidden = true;
      this.#root.append(root);
      const made = { root, page: new Page(root, this.#ctx) };
      this.#made.set(name, made);
      return made;
    } catch (error) {
      // A browser remembers a module that did not come: only a new page asks again.
      this.#ctx.toast('shell.page_failed', {}, {
        keepMs: Infinity, action: { label: 'shell.reload', run: () => location.reload() },
      });
      reportError(error);
      return null;
    }
  }
}
