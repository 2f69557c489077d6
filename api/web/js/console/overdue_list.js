// Dossiers that are past their due date and have no answer, what is late longest first.

import { withQuery } from '../api.js';
import { el, reveal, write } from '../dom.js';
import { date, instant } from '../formats.js';
import { button, note, row, table } from './controls.js';

const PAGE = 50;
const SHOWN_MAX = 1000;

export class OverdueList {
  #ctx;
  #rows = [];
  #next = null;
  #wanted = {};
  #made;
  #title;
  #more;
  #empty;
  root;

  constructor(ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#title = el('h2', {}, say('dossier.overdue_list'));
    this.#made = table(say('dossier.overdue_list'), [
      [say('dossier.number')], [say('desk.office')], [say('desk.area')], [say('dossier.received_at')], [say('dossier.due_at')], [say('dossier.overdue'), 'figure'],
    ]);
    this.#more = button(say('desk.more'), () => void this.#load(), { command: 'more' });
    this.#empty = note(say('dossier.none_overdue'));
    this.root = el('section', { className: 'desk-table', data: { table: 'overdue' } }, this.#title, this.#made.root, this.#empty, this.#more);
  }

  async load({ area, office }) {
    this.#wanted = { area, office };
    this.#rows = [];
    this.#next = null;
    await this.#load();
  }

  async #load() {
    const { say, call } = this.#ctx;
    const wanted = { ...this.#wanted, state: 'overdue', limit: PAGE, cursor: this.#next };
    const { ok, body } = await call('GET', withQuery('/api/v1/dossiers', wanted));
    if (!ok || wanted.office !== this.#wanted.office || wanted.area !== this.#wanted.area) return;
    this.#rows = [...this.#rows, ...body.dossiers].slice(0, SHOWN_MAX);
    this.#next = this.#rows.length < SHOWN_MAX ? body.next : null;
    const { office } = this.#wanted;
    write(this.#title, office ? say('dossier.overdue_of', { office }) : say('dossier.overdue_list'));
    this.#made.body.replaceChildren(...this.#rows.map((each) => this.#line(each)));
    this.#made.root.hidden = this.#rows.length === 0;
    reveal(this.#empty, this.#rows.length === 0);
    reveal(this.#more, this.#next !== null);
  }

  #line({ dossier, office, area, received_at: receivedAt, due_at: dueAt, overdue_working_days: days }) {
    const { say, areas } = this.#ctx;
    return row([
      [dossier, 'code'], office, areas.shortName(area), date(instant(receivedAt)), date(instant(dueAt)),
      [say.n('dossier.days', days ?? 0), 'figure'],
    ], { dossier });
  }
}
