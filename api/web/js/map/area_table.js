// The table "By area": what the map shows, for the keyboard, for screen readers and for exact figures.

import { badge, SEVERITIES } from '../badges.js';
import { el, mark, write } from '../dom.js';
import { coverageOf, valueOf } from './measures.js';

const PROVINCE = '19';
const COLUMNS = [
  { name: 'reports', label: 'map.measure.reports', value: (figures) => valueOf(figures, 'reports') },
  { name: 'wait', label: 'map.measure.wait', value: (figures) => valueOf(figures, 'wait'), unit: 'map.minutes' },
  { name: 'dossiers', label: 'map.measure.dossiers', value: (figures) => valueOf(figures, 'dossiers') },
  { name: 'coverage', label: 'map.measure.coverage', value: coverageOf, unit: 'map.percent' },
];

export class AreaTable {
  #ctx;
  #onPick;
  #rows = new Map();
  #body = el('tbody');
  #heads = new Map();
  #sort = 'area';
  #chosen = null;
  #areas = {};
  #codes = '';

  /** `onPick(code)`: somebody wants that commune; `onFocus(code or null)`: it is looked at. */
  constructor(ctx, { onPick, onFocus }) {
    this.#ctx = ctx;
    this.#onPick = onPick;
    this.root = el('table', { className: 'area-table', data: { part: 'area-table' } });
    this.root.append(el('caption', {}, ctx.say('map.table')), this.#head(), this.#body);
    this.#body.addEventListener('focusin', (event) => onFocus(event.target.closest('tr')?.dataset.area ?? null));
    this.#body.addEventListener('focusout', () => onFocus(null));
    this.#body.addEventListener('pointerover', (event) => onFocus(event.target.closest('tr')?.dataset.area ?? null));
    this.#body.addEventListener('pointerleave', () => onFocus(null));
  }

  #head() {
    const { say } = this.#ctx;
    const row = el('tr', {}, this.#headCell('area', say('map.table.area')));
    SEVERITIES.forEach((severity, i) => {
      row.append(this.#headCell(severity, badge(i + 1, { label: say('map.table.priority', { n: i + 1 }) })));
    });
    for (const { name, label } of COLUMNS) row.append(this.#headCell(name, say(label)));
    return el('thead', {}, row);
  }

  #headCell(name, content) {
    const button = el('button', { className: 'plain', data: { sort: name } }, content);
    button.type = 'button';
    button.addEventListener('click', () => this.sort(name));
    const head = el('th', { className: name === 'area' ? '' : 'figure' }, button);
    head.scope = 'col';
    this.#heads.set(name, head);
    return head;
  }

  /** By name, or by a column with the largest first; what is not known comes last. */
  sort(name) {
    this.#sort = name;
    this.#codes = '';
    this.show(this.#areas);
  }

  /** `areas` of GET /areas/figures. */
  show(areas) {
    this.#areas = areas;
    for (const [name, head] of this.#heads) {
      if (name !== this.#sort) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', name === 'area' ? 'ascending' : 'descending');
    }
    const codes = this.#sorted(areas);
    for (const code of codes) this.#fill(code, areas[code]);
    if (codes.join() === this.#codes) return;
    this.#codes = codes.join();
    const focused = document.activeElement?.closest('tr')?.dataset.area;
    this.#body.replaceChildren(...codes.map((code) => this.#rows.get(code).row));
    if (focused) this.#rows.get(focused)?.button.focus();
  }

  #sorted(areas) {
    const codes = this.#ctx.areas.list().map(({ code }) => code).filter((code) => code in areas);
    if (PROVINCE in areas && valueOf(areas[PROVINCE], 'alarms') > 0) codes.push(PROVINCE);
    if (this.#sort === 'area') return codes;
    const number = (code) => this.#number(this.#sort, areas[code]) ?? -1;
    return codes.sort((a, b) => number(b) - number(a)); // stable: equal ones stay in order of their names
  }

  #number(column, figures) {
    if (SEVERITIES.includes(column)) return figures.alarms[column];
    return COLUMNS.find(({ name }) => name === column).value(figures);
  }

  #fill(code, figures) {
    if (!this.#rows.has(code)) this.#rows.set(code, this.#row(code));
    const { cells } = this.#rows.get(code);
    for (const severity of SEVERITIES) this.#write(cells[severity], figures.alarms[severity], null);
    for (const { name, unit } of COLUMNS) this.#write(cells[name], this.#number(name, figures), unit);
  }

  #write(cell, value, unit) {
    mark(cell, 'value', value ?? '');
    const number = this.#ctx.number(value ?? NaN);
    write(cell, value !== null && unit ? this.#ctx.say(unit, { n: number }) : number);
    cell.classList.toggle('zero', !value);
  }

  #row(code) {
    const { say, areas } = this.#ctx;
    const name = code === PROVINCE ? say('map.table.none') : areas.fullName(code);
    const button = el('button', { className: 'plain' }, name);
    button.type = 'button';
    button.disabled = code === PROVINCE;
    button.addEventListener('click', () => this.#onPick(code));
    const head = el('th', {}, button);
    head.scope = 'row';
    const names = [...SEVERITIES, ...COLUMNS.map((column) => column.name)];
    const cells = Object.fromEntries(names.map((each) => [each, el('td', { className: 'figure', data: { column: each } })]));
    const row = el('tr', { data: { area: code } }, head, ...Object.values(cells));
    row.setAttribute('aria-selected', String(code === this.#chosen));
    return { row, button, cells };
  }

  /** Mark a commune's row, and bring it into sight. */
  choose(code) {
    this.#rows.get(this.#chosen)?.row.setAttribute('aria-selected', 'false');
    this.#chosen = code;
    const held = this.#rows.get(code);
    held?.row.setAttribute('aria-selected', 'true');
    held?.row.scrollIntoView({ block: 'nearest' });
  }
}
