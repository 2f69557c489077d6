// The citizens page: open reports by state, what came today and about what, how long it takes, and what
// has waited longest.

import { countByArea } from '../alarms.js';
import { el } from '../dom.js';
import { running } from '../formats.js';
import { lastDay, lastDays, today } from '../times.js';
import { BarList } from './bars.js';
import { Cell, heading, strip, WordLine } from './blocks.js';
import { countClasses, roundTop } from './coverage.js';
import { keepAlarms, openAlarms } from './fire_counts.js';
import { CommuneMap } from './commune_map.js';
import { DayColumns } from './day_columns.js';

const CATEGORIES_MAX = 6;
const OLDEST_MAX = 2;

const CATEGORY_KEYS = {
  traffic: 'category.traffic', road: 'category.traffic', waste: 'category.waste',
  environment: 'category.waste', order: 'category.urban_order', urban_order: 'category.urban_order',
  construction: 'category.construction', lighting: 'category.lighting', water: 'category.water',
  tree: 'category.trees', trees: 'category.trees', security: 'category.security',
  health: 'category.health', education: 'category.education', noise: 'category.noise',
  flooding: 'category.flooding', power: 'category.power', landslide: 'category.landslide',
  other: 'category.other',
};

export class Citizens {
  root = el('section', { className: 'page citizens' });
  map;
  #ctx;
  #cells;
  #day;
  #bars = new BarList();
  #times = new WordLine('times');
  #oldest = new WordLine('oldest');

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    this.map = new CommuneMap(ctx, say('page.citizens_short'));
    this.#cells = {
      sos: new Cell('reports-sos', say('report.sos_short'), say),
      open: new Cell('reports-open', say('report.open'), say),
      doing: new Cell('reports-doing', say('report.doing'), say),
      overdue: new Cell('reports-overdue', say('report.overdue'), say),
    };
    this.#day = new DayColumns('citizen-day', ctx);
    this.root.append(this.map.root, el('div', { className: 'body' },
      strip(Object.values(this.#cells)), this.#day.root,
      heading(say('report.by_category')), this.#bars.root, this.#times.root, this.#oldest.root));
  }

  isEmpty() {
    return (this.#ctx.picture.source('citizen')?.state ?? 'unknown') === 'unknown';
  }

  keep(when) {
    const { docs, area, now } = this.#ctx;
    docs.keep('figures', () => area('/api/v1/areas/figures'), when);
    docs.keep('reports.today', () => area(`/api/v1/reports/summary?${new URLSearchParams(today(now()))}`), when);
    docs.keep('reports.month', () => area(`/api/v1/reports/summary?${new URLSearchParams(lastDays(now(), 30))}`), when);
    docs.keep('day.citizen', () => area(`/api/v1/series?${new URLSearchParams({
      metric: 'events', source: 'citizen', step: '1h', compare: 'true', ...lastDay(now()),
    })}`), when);
    keepAlarms('citizen', this.#ctx, when);
  }

  draw() {
    const { picture, docs, say, number, unit } = this.#ctx;
    const { overdue, new_today: fresh } = picture.overview.reports ?? {};
    const found = docs.current('reports.today');
    const { alarms: open, isWhole } = openAlarms('citizen', this.#ctx);
    // The alarms, as the map and the bands have them: a call that is over stays open until somebody has seen it.
    const sos = isWhole ? open.filter(({ rule }) => rule === 'sos').length : undefined;
    const state = picture.source('citizen')?.state === 'silent' ? 'silent' : '';
    const worst = (rule) => open.find((alarm) => alarm.rule === rule)?.priority ?? null;
    this.#cells.sos.show({
      value: sos, text: number(sos), unit: say('unit.open_calls'), state, priority: sos > 0 ? worst('sos') : null,
    });
    this.#cells.open.show({ value: found?.open, text: number(found?.open), unit: say('unit.reports_word'), state });
    this.#cells.doing.show({
      value: found?.in_progress, text: number(found?.in_progress), unit: say('unit.reports_word'), state,
    });
    this.#cells.overdue.show({
      value: overdue, text: number(overdue), unit: say('unit.reports_word'), state,
      priority: overdue > 0 ? worst('report-overdue') : null,
    });
    this.#day.show('day.citizen', say('report.day', {
      n: number(fresh), m: number(found?.resolved),
    }));
    this.#bars.show(this.#categories(found));
    this.#drawWords();
    const { classes, top } = countClasses(docs.get('figures')?.areas, ({ reports_open: n }) => n);
    this.map.show({ alarms: countByArea(open), classes }, unit());
    this.map.legend({ title: say('legend.reports'), low: '1', high: number(top) });
  }

  #categories(found) {
    const { say, number } = this.#ctx;
    const counts = new Map(); // two codes of one word are one line
    for (const { category, new: n } of found?.by_category ?? []) {
      const label = CATEGORY_KEYS[category] ? say(CATEGORY_KEYS[category]) : category;
      counts.set(label, (counts.get(label) ?? 0) + n);
    }
    const rows = [...counts].map(([label, n]) => ({ key: label, label, n })).sort((a, b) => b.n - a.n);
    const shown = rows.slice(0, rows.length > CATEGORIES_MAX ? CATEGORIES_MAX - 1 : CATEGORIES_MAX);
    const rest = rows.slice(shown.length).reduce((sum, { n }) => sum + n, 0);
    if (rest > 0) shown.push({ key: 'rest', n: rest, label: say('category.rest') });
    const top = roundTop(Math.max(0, ...shown.map(({ n }) => n)));
    return shown.map(({ key, n, label }) => ({ key, label, text: number(n), value: n / top }));
  }

  #drawWords() {
    const { docs, say, areas, number, percent } = this.#ctx;
    const month = docs.current('reports.month');
    const median = month?.resolve_median_s;
    this.#times.show([
      say('report.median_d', { d: Number.isFinite(median) ? running(Math.round(median), say) : say('page.unknown') }),
      say('report.on_time_p', { p: percent(month?.on_time_rate) }),
    ]);
    this.#oldest.show(overdueWords(month, { say, areas, number }), Math.min(OLDEST_MAX, month?.oldest_overdue.length ?? 0));
  }
}

/** What has waited longest; nothing before that is known, and "none" only when it is. */
export function overdueWords(summary, { say, areas, number }) {
  if (!summary) return [];
  const oldest = summary.oldest_overdue.slice(0, OLDEST_MAX).map((one) => say('report.oldest_one', {
    report: one.report, place: areas.shortName(one.area), n: number(one.overdue_working_days),
  }));
  return oldest.length > 0 ? [say('report.oldest'), ...oldest] : [say('report.none_overdue')];
}
