// The tables of the one-stop desks: one line for each office, with its worst open alarm, and a line of all.

import { badge, PRIORITY_KEYS, SEVERITIES } from '../badges.js';
import { el } from '../dom.js';
import { numberWriter, percentOf, running } from '../formats.js';
import { note, row, table } from './controls.js';

class DeskTable {
  #columns;
  #made;
  #rows = [];
  ctx;
  root;

  constructor(ctx, name, caption, columns, empty) {
    this.ctx = ctx;
    this.#columns = columns;
    this.#made = table(caption, columns.map(({ key, isName }) => [ctx.say(key), isName ? '' : 'figure']));
    this.#made.root.append(el('tfoot'));
    this.empty = note(empty);
    this.root = el('section', { className: 'desk-table', data: { table: name } }, this.#made.root, this.empty);
    this.rate = numberWriter(ctx.lang, ctx.say, 2);
  }

  draw(rows, total, office) {
    this.#rows = rows;
    const cells = (each) => this.#columns.map(({ show, isName }) => [show(each), isName ? '' : 'figure']);
    this.#made.body.replaceChildren(...rows.map((each) => {
      const line = row(cells(each), { office: each.office });
      if (each.office === office) line.setAttribute('aria-selected', 'true');
      return line;
    }));
    const foot = row(cells({ ...total, isTotal: true }), { total: 'all' });
    this.#made.root.tFoot.replaceChildren(foot);
    this.#made.root.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }

  /** What the file holds: the same columns, plain numbers. */
  sheet() {
    const columns = this.#columns.filter(({ plain }) => plain);
    return {
      header: [this.ctx.say('desk.code'), ...columns.map(({ key }) => this.ctx.say(key))],
      rows: this.#rows.map((each) => [each.office, ...columns.map(({ plain }) => plain(each))]),
    };
  }

  /** Where it is, with the badge of the worst open alarm on it; a line that can be chosen is a button. */
  place(each, choose) {
    const { say, areas } = this.ctx;
    if (each.isTotal) return say('desk.total');
    const priority = SEVERITIES.indexOf(each.worst) + 1;
    const name = choose ? el('button', { className: 'plain', data: { command: 'choose-office' } }, each.office) : each.office;
    if (choose) name.addEventListener('click', () => choose(each.office));
    const made = el('span', { className: 'desk-place' }, name, el('span', { className: 'muted' }, areas.shortName(each.area)));
    if (priority > 0) made.append(badge(priority, { label: say(PRIORITY_KEYS[priority - 1]) }));
    return made;
  }

  share(value) {
    return Number.isFinite(value) ? this.ctx.say('unit.percent', { n: this.rate(percentOf(value)) }) : this.ctx.say('page.unknown');
  }

  lasts(seconds) {
    return Number.isFinite(seconds) ? running(Math.round(seconds), this.ctx.say) : this.ctx.say('page.unknown');
  }

  minutes(seconds) {
    const { say, number } = this.ctx;
    return Number.isFinite(seconds) ? say('unit.minutes', { n: number(Math.round(seconds / 60)) }) : say('page.unknown');
  }
}

export class QueueTable extends DeskTable {
  constructor(ctx) {
    const count = (name) => ({ show: (each) => ctx.number(each[name]), plain: (each) => each[name] });
    super(ctx, 'queues', ctx.say('service.queues'), [
      { key: 'desk.office', isName: true, show: (each) => this.place(each) },
      { key: 'queue.waiting', ...count('waiting') },
      { key: 'queue.longest', show: (each) => this.lasts(each.longest_s), plain: (each) => each.longest_s },
      { key: 'queue.p50', show: (each) => this.minutes(each.p50_s), plain: (each) => each.p50_s },
      { key: 'queue.p90', show: (each) => this.minutes(each.p90_s), plain: (each) => each.p90_s },
      { key: 'queue.issued', ...count('issued') },
      { key: 'queue.served', ...count('served') },
      { key: 'queue.abandoned', ...count('abandoned') },
      { key: 'queue.abandoned_rate', show: (each) => this.share(each.abandoned_rate), plain: (each) => each.abandoned_rate },
      { key: 'queue.open_now', show: (each) => openWords(each, ctx.say) },
    ], ctx.say('service.no_queues'));
  }

  show(offices, total) {
    const ended = total.served + total.abandoned;
    const longest = offices.map(({ longest_s: longestS }) => longestS).filter(Number.isFinite);
    this.draw(offices, {
      ...total,
      longest_s: longest.length ? Math.max(...longest) : null,
      p50_s: total.wait_s.p50,
      p90_s: total.wait_s.p90,
      abandoned_rate: ended ? total.abandoned / ended : null,
    });
  }
}

function openWords({ isTotal, open_now: isOpen }, say) {
  if (isTotal) return '';
  return say(isOpen ? 'queue.in_hours' : 'queue.out_of_hours');
}

export class DossierTable extends DeskTable {
  constructor(ctx) {
    const count = (name) => ({ show: (each) => ctx.number(each[name]), plain: (each) => each[name] });
    super(ctx, 'dossiers', ctx.say('service.dossiers'), [
      { key: 'desk.office', isName: true, show: (each) => this.place(each, (office) => this.#choose(office)) },
      { key: 'dossier.received', ...count('received') },
      { key: 'dossier.resolved', ...count('resolved') },
      { key: 'dossier.on_time_rate', show: (each) => this.share(each.on_time_rate), plain: (each) => each.on_time_rate },
      { key: 'dossier.late', ...count('late') },
      { key: 'dossier.open', ...count('open') },
      { key: 'dossier.overdue', ...count('overdue') },
      { key: 'dossier.due_today', ...count('due_today') },
    ], ctx.say('service.no_dossiers'));
  }

  #choose(office) {
    this.ctx.go({ office: this.ctx.view().office === office ? null : office }, { push: false });
  }

  show(offices, total, { office }) {
    const dueToday = offices.reduce((sum, each) => sum + each.due_today, 0);
    this.draw(offices, { ...total, due_today: dueToday }, office);
  }
}
