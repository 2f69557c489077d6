// page=services: the one-stop desks. Who waits where and for how long; which dossiers are late.

import { withQuery } from '../api.js';
import { csvOf, download } from '../csv.js';
import { el, mark, reveal, scrollable, write } from '../dom.js';
import { shortTime } from '../formats.js';
import { asked, daySpan, dayView, localDay } from '../spans.js';
import { Again } from './again.js';
import { AreaChoice } from './area_choice.js';
import { button, control } from './controls.js';
import { OverdueList } from './overdue_list.js';
import { DossierTable, QueueTable } from './service_tables.js';

const AGAIN_MS = 30_000;
const TABS = [['queues', 'service.queues'], ['dossiers', 'service.dossiers']];
const SPAN_KEYS = { today: 'span.today', yesterday: 'span.yesterday', week: 'span.week', month: 'span.month' };

export class Page {
  #ctx;
  #view = {};
  #tab = 'queues';
  #again = new Again(() => this.#load());
  #loadedAt = -Infinity;
  #key = '';
  #tables;
  #overdue;
  #parts;
  #area;

  constructor(root, ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#area = new AreaChoice(ctx);
    this.#tables = { queues: new QueueTable(ctx), dossiers: new DossierTable(ctx) };
    this.#overdue = new OverdueList(ctx);
    const tabs = el('div', { className: 'choice' });
    tabs.setAttribute('role', 'group');
    tabs.setAttribute('aria-label', say('nav.services'));
    tabs.append(...TABS.map(([name, key]) => button(say(key), () => this.#go({ tab: name === 'queues' ? null : 2 }), { command: `show-${name}` })));
    const span = control('select', { name: 'span' }, Object.entries(SPAN_KEYS).map(([name, key]) => [name, say(key)]));
    span.setAttribute('aria-label', say('desk.span'));
    span.addEventListener('change', () => this.#go(dayView(span.value, ctx.clock.now())));
    this.#parts = {
      tabs, span,
      note: el('p', { className: 'muted', data: { part: 'as-of' } }),
      failed: el('p', { className: 'note error', data: { part: 'failed' } }),
      body: scrollable(el('div', { className: 'scroll desk-body' }), say('nav.services')),
    };
    const csv = button(say('desk.csv'), () => this.#save(), { command: 'csv' });
    root.append(
      el('header', { className: 'page-head' }, el('h1', {}, say('nav.services')), tabs,
        el('div', { className: 'choice' }, this.#area.root, span, csv), this.#parts.note),
      this.#parts.failed, this.#parts.body,
    );
    this.#parts.body.append(this.#tables.queues.root, this.#tables.dossiers.root, this.#overdue.root);
    reveal(this.#parts.failed, false);
  }

  show(view) {
    this.#view = view;
    this.#tab = view.tab === 2 ? 'dossiers' : 'queues';
    this.#area.show(view.area);
    for (const made of this.#parts.tabs.children) {
      made.setAttribute('aria-pressed', String(made.dataset.command === `show-${this.#tab}`));
    }
    for (const [name, table] of Object.entries(this.#tables)) reveal(table.root, name === this.#tab);
    reveal(this.#overdue.root, this.#tab === 'dossiers');
    this.#showSpan();
    const key = JSON.stringify([view.area, view.from, view.to, view.office, this.#tab]);
    if (key !== this.#key) {
      this.#key = key;
      mark(this.#parts.body, 'loaded', '');
    }
    this.#again.ask();
  }

  update(change) {
    if (change.ids === null) this.#area.show(this.#view.area);
  }

  tick(nowMs) {
    if (nowMs - this.#loadedAt >= AGAIN_MS && document.visibilityState === 'visible') this.#again.ask();
  }

  command() {
    return false;
  }

  hide() {}

  #go(change) {
    this.#ctx.go(change, { push: false });
  }

  #showSpan() {
    const { name, from, to } = daySpan(this.#view, this.#ctx.clock.now());
    const { span } = this.#parts;
    span.querySelector('[value=own]')?.remove();
    if (name === null) {
      const { say } = this.#ctx;
      const last = to === null ? say('span.now') : localDay(to - 1);
      span.append(...control('select', {}, [['own', say('span.own', { a: localDay(from), b: last })]]).children);
    }
    span.value = name ?? 'own';
  }

  async #load() {
    const [key, tab, { area, office }] = [this.#key, this.#tab, this.#view];
    const now = this.#ctx.clock.now();
    const wanted = { ...asked(daySpan(this.#view, now)), area };
    this.#loadedAt = now;
    const paths = tab === 'queues' ? ['queues/offices', 'queues/summary'] : ['dossiers/offices', 'dossiers/summary'];
    const [offices, total] = await Promise.all(paths.map((path) => this.#ctx.call('GET', withQuery(`/api/v1/${path}`, wanted))));
    if (key !== this.#key) {
      this.#again.ask(); // another view was chosen meanwhile
      return;
    }
    reveal(this.#parts.failed, !offices.ok || !total.ok);
    if (!offices.ok || !total.ok) {
      write(this.#parts.failed, offices.body?.detail ?? total.body?.detail ?? this.#ctx.say('desk.failed'));
      return;
    }
    this.#tables[tab].show(offices.body.offices, total.body, { area, office });
    if (tab === 'dossiers') await this.#overdue.load({ area, office });
    write(this.#parts.note, this.#ctx.say('desk.as_of', { t: shortTime(now, now) }));
    mark(this.#parts.body, 'loaded', tab);
  }

  #save() {
    const { header, rows } = this.#tables[this.#tab].sheet();
    const { from } = daySpan(this.#view, this.#ctx.clock.now());
    download(`${this.#tab}-${localDay(from)}.csv`, csvOf(header, rows));
  }
}
