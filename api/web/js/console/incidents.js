// page=incidents: what belongs together. A list of those that are open or were, and one of them at full size.

import { badge, lookOf, SEVERITIES, PRIORITY_KEYS } from '../badges.js';
import { withQuery } from '../api.js';
import { el, mark, reveal, scrollable } from '../dom.js';
import { instant, running, shortTime } from '../formats.js';
import { numberOf, titleLang, titleOf } from '../titles.js';
import { Again } from './again.js';
import { button, note, notRead, row, table } from './controls.js';
import { IncidentSheet } from './incident.js';
import { CODE_KEYS, SOURCE_KEYS, word } from './life.js';
import { lasts } from './timeline.js';

const SHOWN_MAX = 200;
const STATES = { open: 'incident.open', closed: 'incident.closed', merged: 'incident.merged' };

export class Page {
  #root;
  #ctx;
  #view = {};
  #state = 'open';
  #list = null;
  #isFailed = false;
  #isCut = false;
  #times = [];
  #again;
  #sheet;
  #parts;

  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    const { say } = ctx;
    const filters = el('div', { className: 'choice' });
    filters.setAttribute('role', 'group');
    filters.setAttribute('aria-label', say('incident.filter'));
    this.#parts = {
      overview: el('div', { className: 'incidents' }), filters, list: scrollable(el('div', { className: 'scroll' }), say('nav.incidents')),
      sheet: el('div', { className: 'incident', data: { keys: 'incident' } }),
    };
    for (const name of Object.keys(STATES)) {
      filters.append(button(say(STATES[name]), () => ctx.go({ status: name === 'open' ? null : name }, { push: false }), { command: `state_${name}` }));
    }
    this.#parts.overview.append(el('header', { className: 'page-head' }, el('h1', {}, say('nav.incidents')), filters), this.#parts.list);
    this.#root.append(this.#parts.overview, this.#parts.sheet);
    this.#sheet = new IncidentSheet(this.#parts.sheet, ctx);
  }

  show(view) {
    const state = view.status in STATES ? view.status : 'open';
    const isOther = state !== this.#state || view.area !== this.#view.area;
    this.#state = state;
    this.#view = view;
    for (const made of this.#parts.filters.children) {
      made.setAttribute('aria-pressed', String(made.dataset.command === `state_${this.#state}`));
    }
    reveal(this.#parts.overview, !view.open);
    reveal(this.#parts.sheet, Boolean(view.open));
    if (view.open) {
      this.#sheet.open(view.open);
      return;
    }
    this.#sheet.close();
    if (isOther) this.#list = null;
    this.#draw();
    this.#again.ask();
  }

  update(change) {
    if (this.#view.open) this.#sheet.update(change);
    else if (change.tiles.has('incidents') || change.ids === null) this.#again.ask();
  }

  tick() {
    if (this.#view.open) {
      this.#sheet.tick();
      return;
    }
    if (this.#isFailed) this.#again.ask();
    const { say, store } = this.#ctx;
    for (const [element, one] of this.#times) element.textContent = running(lasts(one, store.now()), say);
  }

  command(name) {
    if (this.#view.open) {
      if (this.#sheet.command(name)) return true;
      if (name !== 'back') return false;
      this.#ctx.go({ open: null }, { push: false });
      return true;
    }
    return false;
  }

  hide() {
    this.#sheet.close();
  }

  async #load() {
    const query = { state: this.#state, area: this.#view.area, limit: SHOWN_MAX };
    const { ok, body } = await this.#ctx.call('GET', withQuery('/api/v1/incidents', query));
    if (query.state !== this.#state) {
      this.#again.ask();
      return;
    }
    this.#isFailed = !ok;
    if (ok) [this.#list, this.#isCut] = [body.incidents, body.next !== null];
    this.#draw();
  }

  #draw() {
    const { say } = this.#ctx;
    const held = document.activeElement?.closest?.('tr')?.dataset.incident;
    mark(this.#root, 'incidents', this.#list?.length ?? '');
    this.#times = [];
    if (this.#list === null || this.#list.length === 0) {
      this.#parts.list.replaceChildren(this.#list === null ? notRead(say, this.#isFailed)
        : note(say(this.#state === 'open' ? 'incident.none_open' : 'incident.none')));
      return;
    }
    const { root, body } = table(say('nav.incidents'), [
      [say('incident.name')], [say('incident.place')], [say('incident.alarms'), 'figure'], [say('incident.sources')],
      [say('incident.lead')], [say('incident.began'), 'figure'], [say('incident.lasts'), 'figure'],
    ]);
    body.append(...this.#list.map((one) => this.#row(one)));
    this.#parts.list.replaceChildren(root, ...(this.#isCut ? [note(say('incident.cut', { n: this.#list.length }))] : []));
    if (held) body.querySelector(`[data-incident="${CSS.escape(held)}"] button`)?.focus();
    this.tick();
  }

  #row(one) {
    const { say, lang, areas, store } = this.#ctx;
    const priority = SEVERITIES.indexOf(one.severity) + 1;
    const look = one.state === 'open' ? lookOf('acknowledged') : { look: 'none', blink: 'none' };
    const open = el('button', { className: 'plain link' }, badge(priority, { ...look, label: say(PRIORITY_KEYS[priority - 1]) }),
      el('span', { className: 'code' }, numberOf(one)), el('span', { lang: titleLang(one, lang) }, titleOf(one, lang)));
    open.type = 'button';
    open.addEventListener('click', () => this.#ctx.go({ open: one.id }, { push: true }));
    const time = el('span', {});
    this.#times.push([time, one]);
    const code = one.closing_code ? ` \u00b7 ${word(CODE_KEYS, one.closing_code, say)}` : '';
    return row([
      open, areas.shortName(one.area, one.area_name), [this.#ctx.number(one.alarms), 'figure'],
      one.sources.map((source) => word(SOURCE_KEYS, source, say)).join(' \u00b7 '),
      `${one.lead ?? say('incident.nobody')}${code}`, [shortTime(instant(one.began_at), store.now()), 'figure'], [time, 'figure'],
    ], { incident: one.id, state: one.state });
  }
}
