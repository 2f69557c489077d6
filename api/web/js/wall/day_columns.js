// A day in twenty-four columns from zero, with the same hours of last week as a line and a quiet band where the
// source was silent: first, last and highest are named, nothing else.

import { svg } from '../badges.js';
import { gapShares } from '../chart/gaps.js';
import { quietBand } from '../chart/quiet_band.js';
import { el, reveal, write } from '../dom.js';
import { instant, shortTime } from '../formats.js';

const WIDTH = 1000;
const HEIGHT = 100;
const PEAK_MIN = 5;
const HOUR_MS = 3_600_000;

export class DayColumns {
  root;
  #ctx;
  #heading = el('span');
  #key = el('span', { className: 'week-key' });
  #picture = svg('svg', { class: 'day-columns', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  #first = el('span');
  #peak = el('span');
  #last = el('span');
  #failed = el('p', { className: 'failed' });
  #drawn = '';

  constructor(name, ctx) {
    this.#ctx = ctx;
    this.root = el('section', { className: 'day', data: { chart: name } },
      el('h2', { className: 'heading' }, this.#heading, this.#key),
      this.#picture, this.#failed,
      el('p', { className: 'axis' }, this.#first, this.#peak, this.#last));
    reveal(this.#failed, false);
    reveal(this.#key, false);
  }

  /** Draw the document of this name: {points: [{t, n, week_ago}], gaps: [{from, to}]}. */
  show(document, title) {
    const { docs, say } = this.#ctx;
    write(this.#heading, title);
    const state = `${docs.version(document)} ${docs.isFailed(document)}`;
    if (state === this.#drawn) return;
    this.#drawn = state;
    const found = docs.get(document);
    reveal(this.#failed, docs.isFailed(document));
    write(this.#failed, say('chart.failed'));
    this.#picture.toggleAttribute('hidden', docs.isFailed(document));
    if (found) this.#draw(found);
  }

  #draw({ points, gaps = [] }) {
    const { say, number } = this.#ctx;
    const weekAgo = points.map(({ week_ago: n }) => n ?? null);
    const hasWeek = weekAgo.some((n) => n !== null);
    const counts = points.map(({ n }) => n);
    const highest = Math.max(PEAK_MIN, ...counts, ...weekAgo.map((n) => n ?? 0));
    const step = WIDTH / Math.max(1, points.length);
    const y = (n) => (HEIGHT - (n / highest) * HEIGHT).toFixed(1);
    const column = (n, i) => (n > 0
      ? `M${(i * step).toFixed(1)} ${HEIGHT}V${y(n)}h${(step * 0.8).toFixed(1)}V${HEIGHT}z` : '');
    const line = weekAgo.map((n, i) => (n === null ? '' : `${weekAgo[i - 1] == null ? 'M' : 'L'}${(i * step).toFixed(1)} ${y(n)}h${step.toFixed(1)}`)).join('');
    const whole = counts.slice(0, -1).map(column).join('');
    this.#picture.setAttribute('viewBox', `0 -2 ${WIDTH} ${HEIGHT + 4}`);
    this.#picture.replaceChildren(
      ...gapShares(points, gaps, HOUR_MS).map((share) => quietBand(share, WIDTH, HEIGHT)),
      svg('path', { class: 'base', d: `M0 ${HEIGHT}H${WIDTH}` }),
      svg('path', { class: 'columns', d: whole }),
      svg('path', { class: 'unfinished', d: column(counts.at(-1) ?? 0, counts.length - 1) }),
      svg('path', { class: 'week', d: line }),
    );
    this.#picture.dataset.gaps = String(gaps.length);
    this.#picture.dataset.points = String(points.length);
    reveal(this.#key, hasWeek);
    write(this.#key, say('chart.same_hour'));
    this.#nameEnds(points, counts);
    this.#picture.removeAttribute('aria-hidden');
    this.#picture.setAttribute('role', 'img');
    this.#picture.setAttribute('aria-label', say('chart.day_summary', {
      sum: number(counts.reduce((sum, n) => sum + n, 0)), max: number(Math.max(0, ...counts)),
    }));
  }

  #nameEnds(points, counts) {
    const { say, number, now } = this.#ctx;
    const at = (point) => (point ? shortTime(instant(point.t), now()) : '');
    const most = counts.indexOf(Math.max(...counts));
    write(this.#first, at(points[0]));
    write(this.#last, at(points.at(-1)));
    write(this.#peak, counts[most] > 0
      ? say('chart.peak', { n: number(counts[most]), t: at(points[most]) }) : '');
  }
}
