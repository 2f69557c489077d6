// What the list does not show, counted with the reason; and what a flood has folded. Always there.

import { el, mark, reveal, write } from '../dom.js';
import { clockTime, instant } from '../formats.js';

/** The API's reasons, put together as people name them. */
const REASONS = [
  ['shelved', 'hidden.shelved', ['shelved']],
  ['rule', 'hidden.suppressed', ['silence', 'inhibition', 'plant_state']],
  ['maintenance', 'hidden.maintenance', ['maintenance']],
  ['out_of_service', 'hidden.out_of_service', ['out_of_service']],
];
const COVERED_KEYS = { 1: 'covered.p1', 2: 'covered.p2', 3: 'covered.p3', 4: 'covered.p4' };

export class HiddenLine {
  #ctx;
  #line;
  #words = el('span', { className: 'words' });
  #covered = el('span', { className: 'covered' });
  #loading = el('span', { className: 'loading' });

  constructor(root, ctx) {
    this.#ctx = ctx;
    const view = el('button', { className: 'plain', data: { command: 'ledger' } }, ctx.say('action.view'));
    view.type = 'button';
    view.addEventListener('click', () => ctx.go({ page: 'ledger' }));
    this.#line = el('p', { className: 'hidden-line', data: { count: 'hidden' } }, this.#words, view, this.#covered, this.#loading);
    root.append(this.#line);
  }

  /** `hidden` by reason, `covered` {n, byPriority} by the filter, `loaded` [known, all], `shown` by the list. */
  show({ hidden, covered, loaded, shown }) {
    const { say, number } = this.#ctx;
    const counts = REASONS.map(([, key, kinds]) => [key, kinds.reduce((sum, kind) => sum + (hidden[kind] ?? 0), 0)]);
    const n = counts.reduce((sum, [, each]) => sum + each, 0);
    const reasons = counts.filter(([, each]) => each > 0).map(([key, each]) => say(key, { n: number(each) }));
    const all = say('hidden.all', { n: number(n) });
    write(this.#words, reasons.length ? `${all}: ${reasons.join(' \u00b7 ')}` : all);
    mark(this.#line, 'value', n);
    mark(this.#line, 'filtered', covered.n);
    mark(this.#line, 'shown', shown);
    reveal(this.#covered, covered.n > 0);
    if (covered.n > 0) write(this.#covered, this.#coveredWords(covered));
    const [known, total] = loaded;
    reveal(this.#loading, known < total);
    write(this.#loading, say('list.loading', { n: number(known), total: number(total) }));
  }

  #coveredWords({ n, byPriority }) {
    const { say, number } = this.#ctx;
    const worst = [1, 2, 3, 4].find((priority) => byPriority[priority] > 0);
    const of = say(COVERED_KEYS[worst], { n: number(byPriority[worst]) });
    return say('covered.all', { n: number(n), of });
  }
}

export class FloodBanner {
  #ctx;
  #banner = el('p', { className: 'flood', data: { part: 'flood' } });

  constructor(root, ctx) {
    this.#ctx = ctx;
    this.#banner.hidden = true;
    root.append(this.#banner);
  }

  /** The tile `flood` of the overview: floods that are on, and those that ended within the last minute. */
  show(flood) {
    const { positions = [], ended = [] } = flood ?? {};
    const was = this.#banner.dataset.flood ?? '';
    const is = positions.length > 0 ? 'on' : ended.length > 0 ? 'over' : '';
    reveal(this.#banner, is !== '');
    mark(this.#banner, 'flood', is);
    this.#write(positions, is);
    // Its figures change all the time: read aloud are its beginning and its end.
    if (is !== was && is !== '') this.#ctx.announce(this.#banner.textContent, { isPolite: true });
  }

  #write(positions, is) {
    const { say, number } = this.#ctx;
    if (positions.length === 0) {
      write(this.#banner, is === 'over' ? say('flood.over') : '');
      return;
    }
    const since = Math.min(...positions.map((each) => instant(each.since) ?? Infinity));
    const sum = (name) => positions.reduce((total, each) => total + (each[name] ?? 0), 0);
    write(this.#banner, say('flood.on', {
      t: clockTime(since).slice(0, 5), n: number(sum('rate_10m')), m: number(sum('hidden')), k: number(sum('groups_total')),
    }));
    mark(this.#banner, 'folded', sum('hidden'));
  }
}
