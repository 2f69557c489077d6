// page=ledger: what does not ring now, why, who said so, until when, and whether it would ring; and what hides
// it, to make and to end.

import { badge, SEVERITIES, PRIORITY_KEYS } from '../badges.js';
import { withQuery } from '../api.js';
import { el, mark, scrollable } from '../dom.js';
import { instant, shortTime } from '../formats.js';
import { titleOf } from '../titles.js';
import { Again } from './again.js';
import { button, note, notRead, row, table } from './controls.js';
import { askEnd, askNew } from './ledger_forms.js';
import { KIND_KEYS, MATCHER_KEYS, REASON_KEYS, matcherLines } from './silence.js';
import { word } from './life.js';

const PAGE = 100;

export class Page {
  #root;
  #ctx;
  #view = {};
  #hidden = { rows: null, counts: {}, wouldRing: 0, next: null, isFailed: false };
  #live = { rows: null, next: null, isFailed: false };
  #again;
  #parts;

  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load(), { restMs: 2000 });
    const { say } = ctx;
    const tools = el('div', { className: 'tools' },
      button(say('ledger.new_silence'), () => this.#make('silence'), { command: 'new_silence' }),
      button(say('ledger.new_maintenance'), () => this.#make('maintenance'), { command: 'new_maintenance' }));
    this.#parts = {
      counts: el('p', { className: 'counts' }),
      hidden: scrollable(el('div', { className: 'scroll', data: { list: 'hidden' } }), say('ledger.hidden')),
      live: scrollable(el('div', { className: 'scroll', data: { list: 'live' } }), say('ledger.suppressions')), tools,
    };
    root.append(
      el('header', { className: 'page-head' }, el('h1', {}, say('nav.ledger')), tools),
      el('div', { className: 'ledger' },
        el('section', { className: 'block' }, el('h2', {}, say('ledger.hidden')), this.#parts.counts, this.#parts.hidden),
        el('section', { className: 'block' }, el('h2', {}, say('ledger.suppressions')), this.#parts.live)),
    );
  }

  show(view) {
    this.#view = view;
    for (const made of this.#parts.tools.children) made.hidden = !this.#ctx.may('suppress');
    this.#draw();
    this.#again.ask();
  }

  update({ tiles, ids }) {
    if (ids === null || tiles.has('hidden')) this.#again.ask();
  }

  tick() {
    if (this.#hidden.isFailed || this.#live.isFailed) this.#again.ask();
  }

  command(name) {
    if (name !== 'back') return false;
    this.#ctx.go({ page: 'alarms' }, { push: true });
    return true;
  }

  hide() {}

  // -- reading ------------------------------------------------------------------------------------

  async #load() {
    const { call } = this.#ctx;
    const [hidden, live] = await Promise.all([
      call('GET', withQuery('/api/v1/suppressions/hidden', { area: this.#view.area, limit: PAGE })),
      call('GET', withQuery('/api/v1/suppressions', { state: 'live', limit: PAGE })),
    ]);
    this.#hidden.isFailed = !hidden.ok;
    this.#live.isFailed = !live.ok;
    if (hidden.ok) {
      const { hidden: rows, counts, would_ring: wouldRing, next } = hidden.body;
      this.#hidden = { rows, counts, wouldRing, next, isFailed: false };
    }
    if (live.ok) this.#live = { rows: live.body.suppressions, next: live.body.next, isFailed: false };
    this.#draw();
  }

  // -- drawing ------------------------------------------------------------------------------------

  #draw() {
    const held = document.activeElement?.dataset?.held;
    this.#drawCounts();
    this.#fill(this.#parts.hidden, this.#hidden, 'ledger.nothing_hidden', [
      [this.#ctx.say('ledger.what')], [this.#ctx.say('ledger.place')], [this.#ctx.say('ledger.reason')], [this.#ctx.say('ledger.why')],
      [this.#ctx.say('ledger.who')], [this.#ctx.say('ledger.since'), 'figure'], [this.#ctx.say('ledger.until'), 'figure'], [this.#ctx.say('ledger.would_ring')],
    ], (one) => this.#hiddenRow(one));
    this.#fill(this.#parts.live, this.#live, 'ledger.no_suppression', [
      [this.#ctx.say('ledger.kind')], [this.#ctx.say('ledger.matcher')], [this.#ctx.say('ledger.why')], [this.#ctx.say('ledger.who')],
      [this.#ctx.say('ledger.from'), 'figure'], [this.#ctx.say('ledger.until'), 'figure'], [''],
    ], (one) => this.#liveRow(one));
    if (held) this.#root.querySelector(`[data-held="${CSS.escape(held)}"]`)?.focus();
  }

  #drawCounts() {
    const { say, number } = this.#ctx;
    const { rows, counts, wouldRing } = this.#hidden;
    if (rows === null) {
      this.#parts.counts.textContent = '';
      return;
    }
    const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const parts = Object.keys(REASON_KEYS).filter((reason) => counts[reason] > 0)
      .map((reason) => say('ledger.count', { reason: say(REASON_KEYS[reason]), n: number(counts[reason]) }));
    mark(this.#root, 'hidden', all);
    this.#parts.counts.textContent = [say('hidden.all', { n: number(all) }), ...parts, say('ledger.would_ring_n', { n: number(wouldRing) })].join(' \u00b7 ');
  }

  #fill(root, { rows, next, isFailed }, emptyKey, columns, draw) {
    const { say } = this.#ctx;
    if (!rows) {
      root.replaceChildren(notRead(say, isFailed));
      return;
    }
    if (rows.length === 0) {
      root.replaceChildren(note(say(emptyKey)));
      return;
    }
    const { root: made, body } = table(say(emptyKey === 'ledger.nothing_hidden' ? 'ledger.hidden' : 'ledger.suppressions'), columns);
    body.append(...rows.map(draw));
    root.replaceChildren(made, ...(next === null ? [] : [note(say('ledger.cut', { n: rows.length }))]));
  }

  #hiddenRow({ alarm, reason, why, by, since, until, would_ring: wouldRing }) {
    const { say, lang, areas } = this.#ctx;
    const priority = SEVERITIES.indexOf(alarm.severity) + 1;
    const open = el('button', { className: 'plain link', data: { held: `hidden ${alarm.id}` } },
      badge(priority, { look: 'none', label: say(PRIORITY_KEYS[priority - 1]) }), el('span', {}, titleOf(alarm, lang)));
    open.type = 'button';
    open.addEventListener('click', () => this.#ctx.go({ page: 'alarms', open: alarm.id, tab: 1 }, { push: true }));
    return row([
      open, areas.shortName(alarm.area, alarm.area_name), word(REASON_KEYS, reason, say), [why ?? say('page.unknown'), 'said'],
      by ?? say('page.unknown'), [this.#time(since), 'figure'], [this.#time(until), 'figure'],
      say(wouldRing ? 'ledger.yes' : 'ledger.no'),
    ], { alarm: alarm.id, reason, ring: wouldRing });
  }

  #liveRow(one) {
    const { say } = this.#ctx;
    const matcher = matcherLines(one.matcher).map(([name, words]) => `${say(MATCHER_KEYS[name])}: ${this.#words(name, words)}`).join(' \u00b7 ');
    const kind = word(KIND_KEYS, one.kind, say) + (one.state === 'planned' ? ` \u00b7 ${say('ledger.planned')}` : '');
    const until = one.until === null && one.review_at ? say('ledger.review', { t: this.#time(one.review_at) }) : this.#time(one.until);
    const end = button(say('ledger.end'), () => this.#end(one), { command: 'end' });
    end.dataset.held = `end ${one.id}`;
    end.hidden = !this.#ctx.may('suppress') || one.kind === 'inhibition';
    return row([
      kind, matcher || say('page.unknown'), [one.reason, 'said'], one.by, [this.#time(one.from), 'figure'], [until, 'figure'], end,
    ], { suppression: one.id, kind: one.kind, state: one.state });
  }

  #words(name, words) {
    const { say, areas } = this.#ctx;
    if (name === 'areas') return words.map((code) => areas.shortName(code)).join(', ');
    if (name === 'severities') return words.map((each) => say(PRIORITY_KEYS[SEVERITIES.indexOf(each)] ?? each)).join(', ');
    return words.join(', ');
  }

  #time(text) {
    const ms = instant(text);
    return ms === null ? this.#ctx.say('page.unknown') : shortTime(ms, this.#ctx.store.now());
  }

  // -- what a person does -------------------------------------------------------------------------

  async #make(kind) {
    if (await askNew(this.#ctx, kind)) this.#again.ask();
  }

  async #end(one) {
    if (await askEnd(this.#ctx, one)) this.#again.ask();
  }
}
