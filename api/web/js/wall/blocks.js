// What every page of the wall is built of: a cell with one figure, a line of words, a strip of cells.

import { badge, PRIORITY_KEYS } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';

/** A labelled figure with its unit; a priority puts its badge beside the label. */
export class Cell {
  root;
  #say;
  #alarm = el('span', { className: 'tile-alarm' });
  #figure;
  #unit = el('p', { className: 'unit' });
  #note = el('p', { className: 'cell-note' });

  constructor(name, title, say) {
    this.#say = say;
    this.#figure = el('p', { className: 'figure', data: { figure: name } });
    this.root = el('section', { className: 'cell', data: { cell: name } },
      el('h2', {}, el('span', {}, title), this.#alarm), this.#figure, this.#unit, this.#note);
  }

  /** `value`: for who looks at it by program; `text`: as it is read. */
  show({ value = '', text, unit = '', note = '', priority = null, state = '' }) {
    mark(this.root, 'state', state);
    mark(this.#figure, 'value', value ?? '');
    this.#figure.classList.toggle('changed', write(this.#figure, text));
    write(this.#unit, unit);
    write(this.#note, note);
    reveal(this.#note, note !== '');
    if (this.#alarm.dataset.priority === String(priority ?? '')) return;
    mark(this.#alarm, 'priority', priority ?? '');
    this.#alarm.replaceChildren(
      ...(priority ? [badge(priority, { label: this.#say(PRIORITY_KEYS[priority - 1]) })] : []),
    );
  }
}

/** Cells side by side over the whole width. */
export function strip(cells) {
  return el('div', { className: 'strip' }, ...cells.map(({ root }) => root));
}

/** Words in one line, each of them whole: those that find no room step aside from the end. */
export class WordLine {
  root;
  #words = [];

  constructor(name) {
    this.root = el('p', { className: 'word-line', data: { line: name } });
  }

  /** `words`: sentences, '' among them is left out; `value` is read by program. */
  show(words, value = '') {
    const said = words.filter((word) => word !== '');
    mark(this.root, 'value', value);
    while (this.#words.length > said.length) this.#words.pop().remove();
    while (this.#words.length < said.length) {
      const word = el('span');
      this.#words.push(word);
      this.root.append(word);
    }
    said.forEach((word, i) => write(this.#words[i], word));
  }
}

export function heading(text) {
  return el('h2', { className: 'heading' }, text);
}
