// A command by its name: type a few letters, with or without marks, and press Enter.

import { el } from '../dom.js';
import { matcher } from '../fold.js';
import { COMMANDS, keyLabel } from '../keymap.js';

/** Commands that only make sense as a key. */
const KEYS_ONLY = new Set(['up', 'down', 'page_up', 'page_down', 'first', 'last', 'select_up', 'select_down', 'palette', 'back']);

export class Palette {
  #ctx;

  constructor(ctx) {
    this.#ctx = ctx;
  }

  /** `run(name)` when one is chosen, with the focus back where it was; `isThere(name)`: is it for this caller? */
  open(run, isThere) {
    const { say } = this.#ctx;
    const field = el('input', { data: { field: 'palette' } });
    const list = el('ul', { className: 'palette-list' });
    list.id = 'palette-list';
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', say('key.palette'));
    Object.assign(field, { type: 'search', autocomplete: 'off' });
    for (const [name, value] of Object.entries({
      role: 'combobox', 'aria-label': say('key.palette'), 'aria-controls': list.id, 'aria-expanded': 'true',
    })) field.setAttribute(name, value);
    let chosen = 0;
    let found = [];
    const dialog = this.#ctx.dialog({
      title: say('key.palette'), content: el('div', { className: 'palette' }, field, list), name: 'palette',
    });
    const choose = (name) => {
      dialog.close();
      run(name);
    };
    const draw = () => {
      list.replaceChildren(...found.map(({ name, label, keys }, i) => this.#option({ name, label, keys }, i === chosen, choose)));
      field.setAttribute('aria-activedescendant', found.length ? `palette-${found[chosen].name}` : '');
      list.children[chosen]?.scrollIntoView({ block: 'nearest' });
    };
    const search = () => {
      found = this.#search(field.value).filter(({ name }) => isThere(name));
      chosen = 0;
      draw();
    };
    field.addEventListener('input', search);
    field.addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.code];
      if (step && found.length) {
        event.preventDefault();
        chosen = (chosen + step + found.length) % found.length;
        draw();
      } else if (event.code === 'Enter' && found.length) {
        event.preventDefault();
        choose(found[chosen].name);
      }
    });
    search();
    field.focus();
  }

  #search(query) {
    const match = matcher(query);
    return Object.entries(COMMANDS)
      .filter(([name]) => !KEYS_ONLY.has(name))
      .map(([name, { label, keys }]) => ({ name, label: this.#ctx.say(label), keys }))
      .map((command) => ({ ...command, hit: match([command.label]) }))
      .filter(({ hit }) => hit !== null)
      .sort((a, b) => a.hit.rank - b.hit.rank || firstOf(a) - firstOf(b) || a.label.localeCompare(b.label, 'vi'));
  }

  #option({ name, label, keys }, isChosen, choose) {
    const option = el('li', { data: { run: name } }, el('span', {}, label), ...keys.slice(0, 1).map((key) => el('kbd', {}, keyLabel(key))));
    option.id = `palette-${name}`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', String(isChosen));
    option.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      choose(name);
    });
    return option;
  }
}

/** Where in its name a command was hit: what begins with the typed word comes first. */
function firstOf({ hit }) {
  return hit.marks[0]?.from ?? 0;
}
