// A series with all that belongs to it: the picture, its key, the value under the reader's line, how far it
// can be believed, the table and the file. The library is asked for when the first chart is shown.

import { withQuery } from '../api.js';
import { el, mark, reveal, write } from '../dom.js';
import { clockTime, date, dateTime } from '../formats.js';
import { chartOf, pointAt, rangeOf, STEP_MS, summaryOf } from './chart_data.js';
import { DataTable } from './data_table.js';
import { Plot } from './plot.js';

const HEIGHT = 360;
const TIMEOUT_MS = 15_000;
const HOUR_MS = 3_600_000;
const WEEKS_MIN = 3;

/**
 * Draw a series below `root`. `options`: {metric, source, area, kind, from, to, step, compare, target, label, height,
 * onZoom({from, to}), onBack()}, times in milliseconds, `to` null for now. Gives {update(options), destroy()}.
 */
export async function seriesChart(root, ctx, options) {
  const made = new SeriesChart(root, ctx);
  await made.update(options);
  return made;
}

class SeriesChart {
  #ctx;
  #options = {};
  #chart = null;
  #plot = null;
  #index = null;
  #mark = null;
  #asked = 0;
  #isTold = false;
  #parts;
  #table;
  #resizes;

  constructor(root, ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#table = new DataTable(ctx);
    this.#parts = {
      canvas: el('div', { className: 'chart-canvas', data: { chart: 'series' } }),
      key: el('ul', { className: 'chart-key' }),
      value: el('p', { className: 'chart-value', data: { part: 'value' } }),
      foot: el('p', { className: 'chart-foot muted', data: { part: 'foot' } }),
      failed: el('p', { className: 'note error', data: { part: 'failed' } }),
      csv: el('a', { className: 'button', data: { command: 'csv' } }, say('desk.csv')),
    };
    const { canvas, value } = this.#parts;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'group');
    value.setAttribute('aria-live', 'polite');
    canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#resizes = new ResizeObserver(() => this.#plot?.resize());
    this.#resizes.observe(canvas);
    root.replaceChildren(
      this.#parts.failed, this.#parts.key, canvas, value,
      el('div', { className: 'chart-below' }, this.#parts.foot, this.#parts.csv), this.#table.root,
    );
    reveal(this.#parts.failed, false);
  }

  /** Ask again; the last wish counts. */
  async update(options) {
    this.#options = options;
    this.#asked += 1;
    const turn = this.#asked;
    const { metric, source, area, kind, from, to, step, compare } = options;
    const query = {
      metric, source, area, kind, step, compare: compare ? 'true' : null,
      from: new Date(from).toISOString(), to: to === null ? null : new Date(to).toISOString(),
    };
    this.#parts.csv.href = withQuery('/api/v1/series.csv', query);
    mark(this.#parts.canvas, 'loaded', '');
    const [answer, library] = await Promise.all([
      this.#ctx.call('GET', withQuery('/api/v1/series', query), null, { timeoutMs: TIMEOUT_MS }),
      import('../../vendor/uplot/uPlot.esm.js').catch(() => null), // a browser remembers that: only a new page asks again
    ]);
    if (turn !== this.#asked) return;
    if (library === null) this.#askForAnother();
    const isGood = answer.ok && library !== null;
    reveal(this.#parts.failed, !isGood);
    if (!isGood) {
      write(this.#parts.failed, (answer.ok ? null : answer.body?.detail) ?? this.#ctx.say('chart.failed'));
      return;
    }
    await document.fonts.ready; // a canvas does not draw again when its font comes
    if (turn === this.#asked) this.#draw(answer.body, library.default);
  }

  /** The library did not come, and will not to this page. */
  #askForAnother() {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#ctx.toast('shell.page_failed', {}, {
      keepMs: Infinity, action: { label: 'shell.reload', run: () => location.reload() },
    });
  }

  destroy() {
    this.#asked += 1; // what is still under way comes too late
    this.#resizes.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #draw(series, UPlot) {
    const { number } = this.#ctx;
    const { target = null, height = HEIGHT, label, compare } = this.#options;
    const { canvas } = this.#parts;
    this.#plot?.destroy();
    this.#chart = chartOf(series, this.#ctx.clock.now());
    this.#index = this.#index === null ? null : Math.min(this.#index, this.#chart.xs.length - 1);
    this.#mark = null;
    this.#plot = this.#chart.xs.length === 0 ? null : new Plot(canvas, UPlot, this.#chart, {
      number, target, height,
      listener: { moved: (index) => this.#moved(index), chosen: (one, other) => this.#zoom(one, other) },
    });
    this.#showKey(series);
    this.#showFoot(series);
    this.#table.show(this.#chart, label, compare);
    this.#sayValue();
    canvas.setAttribute('aria-label', this.#summary());
    mark(canvas, 'points', this.#chart.xs.length);
    mark(canvas, 'gaps', this.#chart.gaps.length);
    mark(canvas, 'step', series.step);
    mark(canvas, 'loaded', `${series.metric} ${series.step}`);
  }

  // -- words --------------------------------------------------------------------------------------

  #summary() {
    const { say, number } = this.#ctx;
    const { sum, peak, at } = summaryOf(this.#chart);
    if (peak === null) return say('chart.empty', { name: this.#options.label });
    const values = { name: this.#options.label, max: number(peak), t: dateTime(this.#chart.times[at]) };
    return sum === null ? say('chart.spoken_highest', values) : say('chart.spoken', { ...values, sum: number(sum) });
  }

  #showKey({ weeks = 0, gaps = [] }) {
    const { say } = this.#ctx;
    const { compare } = this.#options;
    const hasBand = this.#chart.low.some((n) => n !== null);
    const hasWeek = this.#chart.weekAgo.some((n) => n !== null);
    const hasUnfinished = this.#chart.unfinished.some((n) => n !== null);
    const lines = [
      ['now', this.#options.label, true], ['unfinished', say('chart.key.unfinished'), hasUnfinished],
      ['week', say('chart.key.week_ago'), hasWeek], ['band', say('chart.key.band', { n: weeks }), hasBand],
      ['gap', say('chart.key.gap'), gaps.length > 0],
    ];
    this.#parts.key.replaceChildren(...lines.filter(([, , isShown]) => isShown).map(
      ([name, text]) => el('li', { data: { key: name } }, el('span', { className: 'swatch' }), text),
    ));
    if (compare && weeks < WEEKS_MIN) {
      this.#parts.key.append(el('li', { data: { key: 'few' } }, say('chart.few_weeks', { n: weeks })));
    }
  }

  #showFoot({ late, as_of: asOf }) {
    const { say, number } = this.#ctx;
    const t = clockTime(asOf ? Date.parse(asOf) : this.#ctx.clock.now());
    const known = Number.isFinite(late) ? say('chart.as_of_late', { t, n: number(late) }) : say('chart.as_of', { t });
    const { missingMs } = this.#chart;
    write(this.#parts.foot, missingMs > 0 ? say('chart.foot', { a: known, b: this.#missing(missingMs) }) : known);
  }

  #missing(ms) {
    const { say, number } = this.#ctx;
    return ms < 2 * HOUR_MS
      ? say('chart.missing_minutes', { n: number(Math.round(ms / 60_000)) })
      : say('chart.missing_hours', { n: number(Math.round(ms / HOUR_MS)) });
  }

  #when({ from, to }) {
    if (STEP_MS[this.#chart.step] >= 24 * HOUR_MS) return date(from);
    const [a, b] = [clockTime(from), clockTime(to)].map((time) => time.slice(0, 5));
    return this.#ctx.say('chart.bucket', { d: date(from), a, b });
  }

  #sayValue() {
    const { say, number } = this.#ctx;
    if (this.#index === null || this.#index >= this.#chart.xs.length) {
      write(this.#parts.value, say('chart.hint'));
      return;
    }
    const point = pointAt(this.#chart, this.#index);
    const values = {
      t: this.#when(point), n: number(point.n ?? NaN), w: number(point.weekAgo ?? NaN), a: number(point.low ?? NaN), b: number(point.high ?? NaN),
    };
    mark(this.#parts.value, 't', point.from);
    mark(this.#parts.value, 'kind', point.kind);
    write(this.#parts.value, say(valueKey(point), values));
  }

  // -- the reader's line, and zoom ----------------------------------------------------------------

  #moved(index) {
    this.#index = index;
    this.#sayValue();
  }

  #key(event) {
    if (this.#plot === null || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.#chart.xs.length - 1;
    const here = this.#index ?? last + 1;
    const goals = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last, PageUp: here - 10, PageDown: here + 10 };
    if (event.code in goals) this.#go(Math.min(last, Math.max(0, goals[event.code])), event.shiftKey);
    else if (event.code === 'Enter' && this.#mark !== null) this.#zoom(this.#mark, this.#index);
    else if (event.code === 'Escape' && this.#mark !== null) this.#go(this.#index, false);
    else return;
    event.preventDefault();
  }

  #go(index, isChoosing) {
    if (isChoosing) this.#mark ??= this.#index ?? index;
    else this.#mark = null;
    this.#index = index;
    this.#plot.point(index, this.#mark);
    this.#sayValue();
  }

  #zoom(one, other) {
    const range = rangeOf(this.#chart, one, other);
    if (range !== null) this.#options.onZoom?.(range);
  }
}

function valueKey({ kind, weekAgo, low }) {
  if (kind === 'silent') return 'chart.at.silent';
  if (kind === 'none') return 'chart.at.none';
  if (kind === 'future') return 'chart.at.future';
  if (kind === 'unfinished') return 'chart.at.unfinished';
  if (low !== null) return 'chart.at.band';
  return weekAgo === null ? 'chart.at.value' : 'chart.at.week';
}
