// Every key of the console on one sheet, and the switch that turns letters off.

import { el } from '../dom.js';
import { COMMANDS, keyLabel } from '../keymap.js';

const WHERE_KEYS = { any: 'help.any', list: 'help.list', detail: 'help.detail' };

export class Help {
  #ctx;
  #settings;

  constructor(ctx, settings) {
    this.#ctx = ctx;
    this.#settings = settings;
  }

  open() {
    const { say } = this.#ctx;
    const box = el('input', { data: { command: 'letters' } });
    box.type = 'checkbox';
    box.id = 'letters';
    box.checked = this.#ctx.keymap.lettersOn;
    box.addEventListener('change', () => {
      this.#settings.lettersOn = box.checked;
      this.#ctx.keymap.lettersOn = box.checked;
    });
    const label = el('label', {}, say('help.letters'));
    label.htmlFor = box.id;
    const content = el('div', { className: 'help' },
      el('p', { className: 'switch' }, box, label),
      el('div', { className: 'help-tables' },
        ...Object.entries(WHERE_KEYS).map(([where, key]) => this.#table(where, key))));
    this.#ctx.dialog({ title: say('key.help'), content, name: 'help' });
  }

  #table(where, key) {
    const { say } = this.#ctx;
    const lines = Object.values(COMMANDS).filter((command) => command.where === where && command.keys.length > 0);
    const rows = lines.map(({ keys, label }) => {
      const names = keys.filter((each) => !each.startsWith('Numpad')).flatMap((each) => [el('kbd', {}, keyLabel(each)), ' ']);
      const head = el('th', {}, ...names);
      head.scope = 'row';
      return el('tr', {}, head, el('td', {}, say(label)));
    });
    return el('table', {}, el('caption', {}, say(key)), el('tbody', {}, ...rows));
  }
}
