// page=charts: any number over time, beside the weeks before. What is asked stands in the address.

import { el } from '../dom.js';
import { allowedStep, stepFor } from '../chart/chart_data.js';
import { seriesChart } from '../chart/series_chart.js';
import { localMoment, momentOf } from '../spans.js';
import { AreaChoice } from './area_choice.js';
import { button, control } from './controls.js';
import { SOURCE_KEYS } from './life.js';

const HOUR_MS = 3_600_000;
const SPANS = {
  '1h': [HOUR_MS, 'chart.span.1h'],
  '3h': [3 * HOUR_MS, 'chart.span.3h'],
  '24h': [24 * HOUR_MS, 'chart.span.24h'],
  '7d': [7 * 24 * HOUR_MS, 'chart.span.7d'],
  '31d': [31 * 24 * HOUR_MS, 'chart.span.31d'],
  '365d': [365 * 24 * HOUR_MS, 'chart.span.365d'],
};
const SPAN_FIRST = '24h';
const METRICS = {
  events: 'chart.metric.events', alarms: 'chart.metric.alarms', wait_p50: 'chart.metric.wait_p50', wait_p90: 'chart.metric.wait_p90',
  issued: 'chart.metric.issued', served: 'chart.metric.served', abandoned: 'chart.metric.abandoned',
  received: 'chart.metric.received', resolved: 'chart.metric.resolved',
};
/** Of the desks alone, whatever source is chosen. */
const OF_SOURCES = ['events', 'alarms'];
const STEP_KEYS = { '1m': 'chart.step.1m', '5m': 'chart.step.5m', '1h': 'chart.step.1h', '1d': 'chart.step.1d' };
/** Numbers that still grow are asked for again so often. */
const AGAIN_MS = 60_000;
const HEIGHT_MIN = 280;
/** What stands above and below the picture. */
const AROUND_PX = 300;
const WEEKS_BEFORE_MAX_MS = 40 * 24 * HOUR_MS;

export class Page {
  #ctx;
  #view = {};
  #chart = null;
  #isMaking = false;
  #isWaiting = false;
  #askedAt = 0;
  #key = '';
  #area;
  #parts;

  constructor(root, ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#area = new AreaChoice(ctx);
    this.#parts = {
      metric: this.#select('metric', say('chart.metric'), Object.entries(METRICS).map(([name, key]) => [name, say(key)])),
      source: this.#select('source', say('health.source'), [['', say('chart.all_sources')], ...Object.entries(SOURCE_KEYS).map(([name, key]) => [name, say(key)])]),
      spans: this.#choice(say('desk.span'), Object.entries(SPANS).map(([name, [, key]]) => [name, say(key), () => this.#go({ span: name, from: null, to: null, step: null })])),
      steps: this.#choice(say('chart.step'), Object.entries(STEP_KEYS).map(([name, key]) => [name, say(key), () => this.#go({ step: name })])),
      body: el('div', { className: 'scroll desk-body chart-panel' }),
    };
    root.append(
      el('header', { className: 'page-head' }, el('h1', {}, say('nav.charts')),
        el('div', { className: 'choice' }, this.#parts.metric, this.#parts.source, this.#area.root),
        this.#parts.spans, this.#parts.steps),
      this.#parts.body,
    );
  }

  show(view) {
    this.#view = view;
    const { metric, source, spans, steps } = this.#parts;
    const asked = this.#asked();
    metric.value = asked.metric;
    source.value = asked.source ?? '';
    source.disabled = !OF_SOURCES.includes(asked.metric);
    this.#area.show(view.area);
    press(spans, view.from || view.to ? null : this.#span());
    press(steps, asked.step);
    for (const made of steps.children) {
      made.disabled = allowedStep(made.dataset.command.slice('choose-'.length), asked.from, this.#end(asked)) !== made.dataset.command.slice('choose-'.length);
    }
    const key = JSON.stringify([view, document.documentElement.dataset.theme]);
    if (key !== this.#key) this.#draw();
    this.#key = key;
  }

  update(change) {
    if (change.ids === null) this.#area.show(this.#view.area);
  }

  tick(nowMs) {
    const isGrowing = this.#end(this.#asked()) >= nowMs - AGAIN_MS;
    if (isGrowing && nowMs - this.#askedAt >= AGAIN_MS && document.visibilityState === 'visible') this.#draw();
  }

  /** Escape goes back to the range from which one zoomed. */
  command(name) {
    if (name !== 'back' || !(this.#view.from || this.#view.to)) return false;
    if (history.state?.zoomed) history.back();
    else this.#go({ from: null, to: null, step: null });
    return true;
  }

  hide() {
    this.#key = '';
  }

  #go(change) {
    this.#ctx.go(change, { push: false });
  }

  #span() {
    return this.#view.span in SPANS ? this.#view.span : SPAN_FIRST;
  }

  #end({ to }) {
    return to ?? this.#ctx.clock.now();
  }

  /** What the address asks for, as the chart wants it. */
  #asked() {
    const now = this.#ctx.clock.now();
    const view = this.#view;
    const [start, end] = [momentOf(view.from), momentOf(view.to)];
    const isOwn = start !== null && (end ?? now) > start;
    const from = isOwn ? start : now - SPANS[this.#span()][0];
    const to = isOwn ? end : null;
    const metric = view.metric in METRICS ? view.metric : 'events';
    const until = to ?? now;
    const step = view.step ? allowedStep(view.step, from, until) : stepFor(from, until);
    return {
      metric, from, to, step, area: view.area,
      source: OF_SOURCES.includes(metric) ? view.source?.[0] : undefined,
      kind: metric === 'events' || metric === 'alarms' ? view.kind : undefined,
      compare: until - from <= WEEKS_BEFORE_MAX_MS,
    };
  }

  #draw() {
    const { say, clock } = this.#ctx;
    const asked = this.#asked();
    this.#askedAt = clock.now();
    const height = Math.max(HEIGHT_MIN, innerHeight - AROUND_PX);
    const options = { ...asked, height, label: say(METRICS[asked.metric]), onZoom: (range) => this.#zoom(range) };
    if (this.#chart) {
      void this.#chart.update(options);
      return;
    }
    // The first one waits for the library: what is chosen meanwhile is asked for when it is there.
    this.#isWaiting = this.#isMaking;
    if (this.#isMaking) return;
    this.#isMaking = true;
    void seriesChart(this.#parts.body, this.#ctx, options).then((chart) => {
      this.#chart = chart;
      if (this.#isWaiting) this.#draw();
    });
  }

  #zoom({ from, to }) {
    this.#ctx.go({ from: localMoment(from), to: localMoment(to), span: null, step: null }, { push: true });
    history.replaceState({ zoomed: true }, '');
  }

  #select(name, label, options) {
    const made = control('select', { name }, options);
    made.setAttribute('aria-label', label);
    made.addEventListener('change', () => this.#go({ [name]: name === 'source' ? (made.value ? [made.value] : null) : made.value }));
    return made;
  }

  #choice(label, items) {
    const set = el('div', { className: 'choice' });
    set.setAttribute('role', 'group');
    set.setAttribute('aria-label', label);
    set.append(...items.map(([name, text, run]) => button(text, run, { command: `choose-${name}` })));
    return set;
  }
}

function press(set, name) {
  for (const made of set.children) made.setAttribute('aria-pressed', String(made.dataset.command === `choose-${name}`));
}
