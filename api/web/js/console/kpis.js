// page=kpis: how the alarms treat their operators, against what the standards and the site ask for.

import { withQuery } from '../api.js';
import { badge, PRIORITY_KEYS, svg } from '../badges.js';
import { bullet, bulletOf } from '../chart/bullet.js';
import { el, mark, write } from '../dom.js';
import { date, dateTime, instant, numberWriter, running } from '../formats.js';
import { DAYS_MIN, daysKnown, daysSince, heights, RANGES, shares } from '../kpi_days.js';
import { lastDays, midnight } from '../times.js';
import { Again } from './again.js';
import { choose, control, link, note, notRead, row, table } from './controls.js';
import { SOURCE_KEYS, word } from './life.js';

const REFRESH_MS = 60_000;
const SLOW_MS = 20_000;
const RANGE_DEFAULT = 30;
const PRECISION_SHOWN_MAX = 10;
const SHARE_TARGETS = '<1/5/15/80';
const FIGURE_KEYS = {
  per_day: 'kpi.per_day', per_hour: 'kpi.per_hour', per_10min: 'kpi.per_10min', hours_over_30: 'kpi.hours_over_30',
  periods_over_10: 'kpi.periods_over_10', max_10min: 'kpi.max_10min', max_10min_rolling: 'kpi.max_10min_rolling',
  time_in_flood: 'kpi.time_in_flood', top_10_share: 'kpi.top_10_share', chattering: 'kpi.chattering', fleeting: 'kpi.fleeting',
  stale: 'kpi.stale', unauthorised_suppression: 'kpi.unauthorised_suppression', unauthorised_changes: 'kpi.unauthorised_changes',
  average_class: 'kpi.average_class', upset_class: 'kpi.upset_class', standing: 'kpi.standing', shelved: 'kpi.shelved',
  time_outside_target: 'kpi.time_outside_target', performance_level: 'kpi.performance_level',
  AlarmCount: 'kpi.alarm_count', StartTime: 'kpi.start_time', MaximumActiveState: 'kpi.active_most', MaximumUnAck: 'kpi.unack_most',
  CurrentAlarmRate: 'kpi.rate_now', MaximumAlarmRate: 'kpi.rate_most', AverageAlarmRate: 'kpi.rate_mean', MaximumReAlarmCount: 'kpi.reminders_most',
};
const CLASS_KEYS = {
  very_likely_acceptable: 'kpi.class.acceptable', manageable: 'kpi.class.manageable', likely_over_demanding: 'kpi.class.demanding',
  very_likely_unacceptable: 'kpi.class.unacceptable', should_be_manageable: 'kpi.class.calm', hard_to_cope_with: 'kpi.class.hard',
  definitely_excessive: 'kpi.class.excessive', predictive: 'kpi.level.predictive', robust: 'kpi.level.robust', stable: 'kpi.level.stable',
  reactive: 'kpi.level.reactive', overloaded: 'kpi.level.overloaded',
};
const RANGE_KEYS = { 1: 'kpi.range.1', 7: 'kpi.range.7', 30: 'kpi.range.30', 90: 'kpi.range.90' };

export class Page {
  #root;
  #ctx;
  #view = {};
  #isShown = false;
  #readAtMs = 0;
  #kpis = null;
  #days = null;
  #isFailed = false;
  #again;
  #parts;
  #writers;

  constructor(root, ctx) {
    const { say, lang } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    this.#writers = [0, 1, 2].map((digits) => numberWriter(lang, say, digits));
    const position = control('select', { name: 'position' });
    const range = control('select', { name: 'days' }, RANGES.map((days) => [days, say(RANGE_KEYS[days])]));
    const edition = control('select', { name: 'edition' });
    position.setAttribute('aria-label', say('kpi.position'));
    range.setAttribute('aria-label', say('kpi.range'));
    edition.setAttribute('aria-label', say('kpi.edition'));
    position.addEventListener('change', () => ctx.go({ position: position.value || null }, { push: false }));
    range.addEventListener('change', () => ctx.go({ days: Number(range.value) === RANGE_DEFAULT ? null : Number(range.value) }, { push: false }));
    edition.addEventListener('change', () => ctx.go({ edition: edition.value || null }, { push: false }));
    this.#parts = { position, range, edition, body: el('div', { className: 'kpi-body' }), note: el('p', { className: 'muted' }) };
    root.append(el('header', { className: 'page-head' }, el('div', { className: 'title' }, el('h1', {}, say('nav.kpis')), this.#parts.note),
      el('div', { className: 'filters' }, position, range, edition)), this.#parts.body);
  }

  get #span() {
    return this.#view.days ?? RANGE_DEFAULT;
  }

  show(view) {
    const isOther = ['position', 'days', 'area'].some((name) => view[name] !== this.#view[name]);
    this.#isShown = true;
    this.#view = view;
    this.#parts.range.value = String(this.#span);
    if (isOther) this.#kpis = null;
    this.#draw();
    if (this.#kpis === null) this.#again.ask();
  }

  hide() {
    this.#isShown = false;
  }

  update() {}

  tick(nowMs) {
    if (this.#isShown && nowMs - this.#readAtMs > REFRESH_MS) this.#again.ask();
  }

  command() {
    return false;
  }

  async #load() {
    const { call, clock } = this.#ctx;
    const { position, area } = this.#view;
    const days = this.#span;
    const now = clock.now();
    const { from, to } = lastDays(now, days);
    const first = new Date(midnight(now) - (Math.max(days, 30) - 1) * 86_400_000).toISOString();
    const [kpis, series] = await Promise.all([
      call('GET', withQuery('/api/v1/kpis', { position, area, from, to }), null, { timeoutMs: SLOW_MS }),
      call('GET', withQuery('/api/v1/series', { metric: 'alarms', step: '1d', area, from: first, to }), null, { timeoutMs: SLOW_MS }),
    ]);
    if (position !== this.#view.position || area !== this.#view.area || days !== this.#span) {
      this.#again.ask();
      return;
    }
    this.#readAtMs = clock.now();
    this.#isFailed = !kpis.ok;
    if (kpis.ok) this.#kpis = kpis.body;
    this.#days = series.ok ? series.body.points : null;
    this.#draw();
  }

  #draw() {
    const { say } = this.#ctx;
    mark(this.#root, 'kpis', this.#kpis?.rows.length ?? '');
    if (this.#kpis === null) {
      this.#parts.body.replaceChildren(notRead(say, this.#isFailed));
      return;
    }
    this.#drawChoices();
    write(this.#parts.note, this.#rangeWords());
    this.#parts.body.replaceChildren(this.#figures(), this.#top(), this.#answers(), this.#precision('rule'), this.#precision('device'), this.#perDay());
  }

  /** What the figures are of; where the range begins before the first event, since when and how many days. */
  #rangeWords() {
    const { say } = this.#ctx;
    const { from, to, since } = this.#kpis;
    const range = say('kpi.as_of', { a: dateTime(instant(from)), b: dateTime(instant(to)) });
    if (since === null) return range;
    const days = daysSince(since, to);
    const known = say(days === null ? 'kpi.since_today' : 'kpi.since', { t: dateTime(instant(since)), n: this.#writers[Number.isInteger(days) ? 0 : 1](days) });
    return `${range} \u00b7 ${known}`;
  }

  #drawChoices() {
    const { say, lang } = this.#ctx;
    const { position, edition } = this.#parts;
    const names = this.#kpis.positions.map(({ id, name, name_en: english }) => [id, (lang === 'en' && english) || name]);
    const editions = [...new Set(this.#kpis.rows.map((each) => each.edition).filter(Boolean))];
    choose(position, [['', say('kpi.every_position')], ...names], this.#view.position ?? '');
    choose(edition, [['', say('kpi.every_edition')], ...editions.map((each) => [each, each])], this.#view.edition ?? '');
  }

  #block(title, ...inside) {
    return el('section', { className: 'block scroll' }, el('h3', {}, title), ...inside);
  }

  // -- figures against their targets ---------------------------------------------------------------

  #figures() {
    const { say } = this.#ctx;
    const { root, body } = table(say('nav.kpis'), [
      [say('kpi.figure')], [say('kpi.value'), 'figure'], [say('kpi.bar')], [say('kpi.target'), 'figure'], [say('kpi.maximum'), 'figure'],
      [say('kpi.met')], [say('kpi.edition')],
    ]);
    const wanted = this.#view.edition;
    const rows = this.#kpis.rows.filter((each) => !each.name.startsWith('priority_') && (!wanted || each.edition === wanted));
    body.append(...rows.map((each) => this.#figure(each)));
    const [one, two, three, four] = shares(this.#kpis.rows).map((share) => this.#writers[1](share));
    const spread = say('kpi.spread', { a: one, b: two, c: three, d: four, t: SHARE_TARGETS });
    return this.#block(say('kpi.figures'), el('p', { data: { part: 'spread' } }, spread), root);
  }

  #figure(each) {
    const { say } = this.#ctx;
    const value = this.#value(each);
    const parts = bulletOf(each);
    const [target, maximum] = [each.target, each.maximum].map((n) => (n === null ? say('page.unknown') : this.#number(n)));
    const name = word(FIGURE_KEYS, each.name, say);
    const label = say('kpi.bar_label', { name, value, target, maximum });
    const met = each.met === null ? say('page.unknown') : say(each.met ? 'kpi.is_met' : 'kpi.not_met');
    return row([
      name, [value, 'figure'], parts ? bullet(parts, label) : '', [target, 'figure'], [maximum, 'figure'], met,
      el('span', { className: 'edition' }, each.edition ?? ''),
    ], { kpi: each.name, met: String(each.met) });
  }

  #value({ name, value, unit }) {
    const { say } = this.#ctx;
    if (name === 'StartTime') return dateTime(instant(value));
    if (typeof value === 'string') return word(CLASS_KEYS, value.replaceAll(/[ -]/g, '_'), say);
    if (unit === '%') return say('kpi.percent', { n: this.#number(value) });
    if (unit === 's') return running(Math.round(value), say);
    return this.#number(value);
  }

  #number(n) {
    return this.#writers[Number.isInteger(n) ? 0 : 2](n);
  }

  // -- what stands behind them ---------------------------------------------------------------------

  #top() {
    const { say, number, areas, go } = this.#ctx;
    const { top_10: top } = this.#kpis;
    if (top.length === 0) return this.#block(say('kpi.top'), note(say('kpi.no_rings')));
    const precision = new Map(this.#kpis.precision_by_device.map((each) => [each.device, each.precision]));
    const { root, body } = table(say('kpi.top'), [
      [say('kpi.rule')], [say('kpi.device')], [say('kpi.area')], [say('kpi.times'), 'figure'], [say('kpi.share'), 'figure'], [say('kpi.precision'), 'figure'],
    ]);
    body.append(...top.map((each) => {
      const rule = link(go, { page: 'rules', open: each.rule }, each.rule);
      return row([
        rule, el('code', {}, each.device ?? each.key), areas.shortName(each.area), [number(each.n), 'figure'],
        [say('kpi.percent', { n: this.#writers[1](each.share) }), 'figure'], [this.#percent(precision.get(each.device)), 'figure'],
      ], { actor: each.key });
    }));
    return this.#block(say('kpi.top'), root);
  }

  #percent(share) {
    const { say } = this.#ctx;
    return typeof share === 'number' ? say('kpi.percent', { n: this.#writers[1](100 * share) }) : say('page.unknown');
  }

  #answers() {
    const { say, number } = this.#ctx;
    const { root, body } = table(say('kpi.answers'), [
      [say('kpi.priority')], [say('kpi.times'), 'figure'], [say('kpi.p50'), 'figure'], [say('kpi.p90'), 'figure'],
    ]);
    const by = new Map(this.#kpis.time_to_acknowledge.map((each) => [each.priority, each]));
    for (const priority of [1, 2, 3, 4]) {
      const found = by.get(priority);
      const seconds = (n) => (found ? say('kpi.seconds', { n: this.#writers[0](n) }) : say('page.unknown'));
      const name = el('span', { className: 'name' }, badge(priority, { look: 'none' }), el('span', {}, say(PRIORITY_KEYS[priority - 1])));
      body.append(row([name, [number(found?.n ?? 0), 'figure'], [seconds(found?.p50_s), 'figure'], [seconds(found?.p90_s), 'figure']], { answers: priority }));
    }
    return this.#block(say('kpi.answers'), root);
  }

  #precision(of) {
    const { say, number } = this.#ctx;
    const title = say(of === 'rule' ? 'kpi.precision_rule' : 'kpi.precision_device');
    const found = this.#kpis[of === 'rule' ? 'precision_by_rule' : 'precision_by_device'].slice(0, PRECISION_SHOWN_MAX);
    if (found.length === 0) return this.#block(title, note(say('kpi.no_closings')));
    const { root, body } = table(title, [[say(of === 'rule' ? 'kpi.rule' : 'kpi.device')], [say('kpi.closed'), 'figure'], [say('kpi.precision'), 'figure']]);
    body.append(...found.map((each) => row([
      of === 'rule' ? each.rule : el('span', {}, word(SOURCE_KEYS, each.source, say), ' ', el('code', {}, each.device ?? '')),
      [number(each.n), 'figure'], [this.#percent(each.precision), 'figure'],
    ])));
    return this.#block(title, root);
  }

  // -- day by day ----------------------------------------------------------------------------------

  #perDay() {
    const { say, number, clock } = this.#ctx;
    const points = this.#days;
    if (points === null || points.length === 0) return this.#block(say('kpi.per_day_title'), note(say('detail.failed')));
    const known = daysKnown(points, clock.now());
    const short = known < DAYS_MIN ? [note(say('kpi.short', { n: known }))] : [];
    const most = Math.max(...points.map(({ n }) => n));
    const chart = svg('svg', { class: 'days', viewBox: `0 0 ${points.length * 10} 60`, preserveAspectRatio: 'none', role: 'img',
      'aria-label': say('kpi.days_label', { n: points.length, most: number(most) }) });
    heights(points).forEach((height, i) => {
      const isLast = i === points.length - 1; // today is not over
      chart.append(svg('rect', { class: isLast ? 'open' : 'whole', x: i * 10 + 1, width: 8, y: 60 - height * 58, height: Math.max(height * 58, 0.75) }));
    });
    const { root, body } = table(say('kpi.per_day_title'), [[say('kpi.day')], [say('kpi.times'), 'figure']]);
    body.append(...points.map(({ t, n }) => row([date(instant(t)), [number(n), 'figure']])));
    const details = el('details', {}, el('summary', {}, say('kpi.data_table')), root);
    return this.#block(say('kpi.per_day_title'), ...short, chart, details);
  }
}
