// What is not settled: moves that were refused or whose outcome nobody knows, wishes that wait for a second
// person. Each page or part brings its own list; the tray counts and shows them.

import { el, mark, reveal, write } from '../dom.js';

export class Tray {
  #ctx;
  #sources = new Map(); // name -> {label, items}
  #dialog = null;
  button;

  constructor(ctx) {
    this.#ctx = ctx;
    this.button = el('button', { className: 'tray', data: { command: 'tray', tray: 0 } });
    this.button.type = 'button';
    this.button.setAttribute('aria-haspopup', 'dialog');
    this.button.addEventListener('click', () => this.open());
    reveal(this.button, false);
  }

  /**
   * What is not settled now, as `items()`: {id, text, detail, open, words?, hint?}; `label` heads them, `words` are what
   * somebody has typed, `hint` is the key of what opening it offers. `open` is called when
   * somebody chooses one: it settles the item, or leads to where that can be done.
   */
  source(name, source) {
    this.#sources.set(name, source);
    this.changed();
  }

  /** Count again, and draw the open tray again. */
  changed() {
    const n = [...this.#sources.values()].reduce((sum, source) => sum + source.items().length, 0);
    mark(this.button, 'tray', n);
    write(this.button, this.#ctx.say('tray.button', { n: this.#ctx.number(n) }));
    reveal(this.button, n > 0);
    if (this.#dialog) this.#fill();
  }

  open() {
    if (this.#dialog) return;
    const content = el('div', { className: 'tray-lists' });
    this.#dialog = this.#ctx.dialog({
      title: this.#ctx.say('tray.title'), content, name: 'tray', onClose: () => { this.#dialog = null; },
    });
    this.#dialog.content = content;
    this.#fill();
  }

  #fill() {
    const now = [...this.#sources.values()].flatMap(({ items }) => items().map(({ id, text, detail }) => `${id} ${text} ${detail}`)).join();
    if (this.#dialog.shown === now) return; // whoever reads it keeps the focus
    this.#dialog.shown = now;
    const lists = [...this.#sources]
      .map(([name, { label, items }]) => ({ name, label, items: items() }))
      .filter(({ items }) => items.length > 0)
      .map(({ name, label, items }) => el('section', { data: { list: name } },
        el('h3', {}, this.#ctx.say(label)), this.#list(items)));
    const shown = lists.length > 0 ? lists : [el('p', {}, this.#ctx.say('tray.empty'))];
    this.#dialog.content.replaceChildren(...shown);
  }

  #list(items) {
    const lines = items.map((item) => {
      const button = el('button', { className: 'tray-item', data: { item: item.id } },
        el('span', {}, item.text), el('span', { className: 'small' }, item.detail ?? ''),
        ...(item.words ? [el('q', { data: { part: 'words' } }, item.words)] : []),
        ...(item.hint ? [el('span', { className: 'small' }, this.#ctx.say(item.hint))] : []));
      button.type = 'button';
      button.addEventListener('click', () => {
        this.#dialog?.close();
        item.open();
        this.changed();
      });
      return el('li', {}, button);
    });
    return el('ul', {}, ...lines);
  }
}
