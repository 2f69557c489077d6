// The same numbers as a table, for those who read better than they see; built when it is opened.

import { el, write } from '../dom.js';
import { dateTime } from '../formats.js';
import { pointAt } from './chart_data.js';

/** More lines than this are for the file. */
const LINES_MAX = 1500;
const NOTE_KEYS = { silent: 'chart.note.silent', unfinished: 'chart.note.unfinished' };

export class DataTable {
  #ctx;
  #chart = null;
  #body = el('tbody');
  #head;
  #more;
  root;

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    this.#more = el('p', { className: 'note' });
    this.#head = el('tr');
    const table = el('table', {}, el('thead', {}, this.#head), this.#body);
    const holder = el('div', { className: 'scroll chart-table', data: { part: 'table' } }, table, this.#more);
    holder.tabIndex = 0; // what scrolls must be reached by keyboard
    holder.setAttribute('role', 'region');
    holder.setAttribute('aria-label', say('chart.table'));
    this.root = el('details', {}, el('summary', { data: { command: 'table' } }, say('chart.table')), holder);
    this.root.addEventListener('toggle', () => this.#draw());
  }

  show(chart, label, isCompared) {
    const { say } = this.#ctx;
    this.#chart = chart;
    const beside = isCompared ? [say('chart.week_ago'), say('chart.low'), say('chart.high')] : [];
    const names = [say('chart.time'), label, ...beside, say('chart.remark')];
    this.#head.replaceChildren(...names.map((name, index) => {
      const cell = el('th', { className: index > 0 && index < names.length - 1 ? 'figure' : '' }, name);
      cell.scope = 'col';
      return cell;
    }));
    this.isCompared = isCompared;
    this.#draw();
  }

  #draw() {
    if (!this.root.open || this.#chart === null) return;
    const { say, number } = this.#ctx;
    const count = this.#chart.xs.length;
    const first = Math.max(0, count - LINES_MAX);
    const lines = [];
    for (let index = first; index < count; index += 1) lines.push(this.#line(pointAt(this.#chart, index)));
    this.#body.replaceChildren(...lines);
    write(this.#more, first > 0 ? say('chart.table_more', { n: number(first) }) : '');
  }

  #line({ from, kind, n, weekAgo, low, high }) {
    const { say, number } = this.#ctx;
    const figure = (value) => el('td', { className: 'figure' }, value === null ? say('page.unknown') : number(value));
    const beside = this.isCompared ? [figure(weekAgo), figure(low), figure(high)] : [];
    const remark = NOTE_KEYS[kind] ? say(NOTE_KEYS[kind]) : '';
    return el('tr', { data: { t: from, kind } }, el('td', {}, dateTime(from)), figure(n), ...beside, el('td', {}, remark));
  }
}
