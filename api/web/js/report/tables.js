// What stands in the tables of the report: heads, rows and totals as texts. A figure that events may
// still change is {text, open: true}.

import { PRIORITY_KEYS, SEVERITIES } from '../badges.js';
import { numberOf } from '../titles.js';
import { sourceName } from './sentences.js';
import { timeOfDay } from './writing.js';

// Categories are words of the sender's; one that we do not know keeps its own.
const CATEGORY_KEYS = {
  construction: 'report.category.construction',
  education: 'report.category.education',
  emergency: 'report.sos',
  flooding: 'report.category.flooding',
  health: 'report.category.health',
  landslide: 'report.category.landslide',
  lighting: 'report.category.lighting',
  noise: 'report.category.noise',
  order: 'report.category.order',
  other: 'report.category.other',
  power: 'report.category.power',
  road: 'report.category.road',
  security: 'report.category.security',
  traffic: 'report.category.traffic',
  tree: 'report.category.tree',
  waste: 'report.category.waste',
  water: 'report.category.water',
};
const CODE_KEYS = {
  true: 'report.code.true', false: 'report.code.false', test: 'report.code.test',
  duplicate: 'report.code.duplicate', no_impact: 'report.code.no_impact',
};
const KPI_KEYS = {
  acknowledge_p90: 'report.kpi.acknowledge_p90', wait_p90: 'report.kpi.wait_p90',
  on_time_rate: 'report.kpi.on_time_rate', reports_on_time_rate: 'report.kpi.reports_on_time_rate',
  per_hour: 'report.kpi.per_hour', max_10min_rolling: 'report.kpi.max_10min',
  time_in_flood: 'report.kpi.time_in_flood', top_10_share: 'report.kpi.top_10_share',
  stale: 'report.kpi.stale', standing: 'report.kpi.standing',
};

/** The tables of one report; `name(code)` names an area. */
export function tablesOf(report, { say, write, name }) {
  const open = (text) => (report.open && text !== write.none ? { text, open: true } : text);
  const of = { report, say, write, name, open };
  return {
    alarms: alarms(of), incidents: incidents(of), categories: categories(of), sos: sos(of),
    queues: queues(of), dossiers: dossiers(of), offices: offices(of), kpis: kpis(of),
    top: top(of), sources: sources(of),
  };
}

function alarms({ report, say, write }) {
  const line = (of) => [
    write.count(of.raised), write.count(of.acknowledged), write.lasted(of.ack_p50_s),
    write.lasted(of.ack_p90_s), write.count(of.open_at_end), write.count(of.over_24h), write.count(of.shelved),
  ];
  return {
    head: [
      say('report.priority'), say('report.raised'), say('report.acknowledged'), say('report.median'),
      say('report.p90'), say('report.open_at_end'), say('report.over_24h'), say('report.shelved'),
    ],
    rows: SEVERITIES.map((severity, i) => [
      { text: say(PRIORITY_KEYS[i]), priority: i + 1 }, ...line(report.alarms.by_severity[severity]),
    ]),
    foot: [say('report.total'), ...line(report.alarms.total)],
  };
}

function incidents({ report, say, write, name }) {
  return {
    head: [say('report.incident'), say('report.place'), say('report.when'), say('report.sources'), say('report.lead'), say('report.result')],
    rows: report.incidents.map((each) => [
      { text: `${numberOf(each)} ${each.title}`, priority: SEVERITIES.indexOf(each.severity) + 1 },
      each.area ? name(each.area) : write.none,
      during(each, report, say),
      each.sources.map((source) => sourceName(source, say)).join(', '),
      each.lead ?? write.none,
      each.closed_at ? (CODE_KEYS[each.closing_code] ? say(CODE_KEYS[each.closing_code]) : write.none) : say('report.still_open'),
    ]),
    more: report.incidents_total - report.incidents.length,
  };
}

function during({ began_at: began, closed_at: closed }, { from, to }, say) {
  const start = Date.parse(began) < Date.parse(from) ? null : timeOfDay(began, to);
  const end = closed ? timeOfDay(closed, to) : null;
  if (start && end) return `${start}\u2013${end}`;
  if (start) return say('report.since', { t: start });
  return end ? say('report.until', { t: end }) : say('report.all_day');
}

function categories({ report, say, write, open }) {
  const line = (of) => [
    open(write.count(of.new)), open(write.count(of.resolved)), open(write.rate(of.on_time_rate)),
    open(write.count(of.open)), open(write.count(of.overdue)),
  ];
  return {
    head: [say('report.field'), say('report.new'), say('report.resolved'), say('report.on_time'), say('report.unsolved'), say('report.overdue')],
    rows: report.reports.by_category.map((each) => [
      CATEGORY_KEYS[each.category] ? say(CATEGORY_KEYS[each.category]) : each.category, ...line(each),
    ]),
    foot: [say('report.total'), ...line(report.reports)],
  };
}

function sos({ report, say, write, name }) {
  const waiting = report.reports.sos.filter((each) => !each.resolved_at).length;
  return {
    head: [say('report.sos'), say('report.place'), say('report.received_at'), say('report.resolved_at')],
    rows: report.reports.sos.map((each) => [
      `#${each.report}`, name(each.area), atTime(each.opened_at, report),
      each.resolved_at ? atTime(each.resolved_at, report) : say('report.not_resolved'),
    ]),
    foot: [
      say('report.total'), write.count(report.reports.sos.length), '',
      say('report.not_resolved_n', { n: write.count(waiting) }),
    ],
  };
}

function atTime(text, { from, to }) {
  const time = timeOfDay(text, to);
  return Date.parse(text) < Date.parse(from) ? `\u2026 ${time}` : time;
}

function queues({ report, say, write, open }) {
  const { queues: all } = report;
  return {
    head: [say('report.slowest'), say('report.issued'), say('report.median'), say('report.p90'), say('report.abandoned')],
    rows: all.worst.map((each) => [
      each.office, open(write.count(each.issued)), open(write.lasted(each.p50_s)),
      open(write.lasted(each.p90_s)), open(write.count(each.abandoned)),
    ]),
    foot: [
      say('report.total'), open(write.count(all.issued)), open(write.lasted(all.wait_s.p50)),
      open(write.lasted(all.wait_s.p90)), open(write.count(all.abandoned)),
    ],
    longest: open(write.lasted(all.wait_s.max)),
    rate: open(write.rate(all.abandoned_rate)),
  };
}

function dossiers({ report, say, write, open }) {
  const line = (of, star) => [
    star(write.count(of.received)), star(write.count(of.resolved)), star(write.rate(of.on_time_rate)),
    star(write.rate(of.within_term_rate)), star(write.count(of.open)), star(write.count(of.overdue)),
  ];
  const target = report.kpis.find((each) => each.name === 'on_time_rate')?.target ?? null;
  return {
    head: [
      say('report.dossiers'), say('report.dossiers_in'), say('report.dossiers_out'), say('report.on_time_rate'),
      say('report.within_term'), say('report.pending'), say('report.overdue'),
    ],
    rows: [
      [say('report.this_day'), ...line(report.dossiers, open)],
      [say('report.week_ago'), ...line(report.dossiers.week_ago, (text) => text)],
      [say('report.target'), '', '', write.rate(target), '', '', ''],
    ],
  };
}

function offices({ report, say, write, open }) {
  const total = report.dossiers;
  return {
    head: [say('report.lowest'), say('report.dossiers_out'), say('report.on_time_rate'), say('report.pending'), say('report.overdue')],
    rows: report.dossiers.worst.map((each) => [
      each.office, open(write.count(each.resolved)), open(write.rate(each.on_time_rate)),
      open(write.count(each.open)), open(write.count(each.overdue)),
    ]),
    foot: [
      say('report.total'), open(write.count(total.resolved)), open(write.rate(total.on_time_rate)),
      open(write.count(total.open)), open(write.count(total.overdue)),
    ],
  };
}

function kpis({ report, say, write }) {
  return {
    head: [say('report.kpi'), say('report.value'), say('report.target'), '', say('report.met'), say('report.change_30d')],
    rows: report.kpis.map((each) => {
      const written = writer(each.unit, write);
      return [
        KPI_KEYS[each.name] ? say(KPI_KEYS[each.name]) : each.name, written(each.value), written(each.target),
        { bar: { value: each.value, target: each.target, isShare: each.unit === '1' } },
        each.met === null ? write.none : say(each.met ? 'report.met_yes' : 'report.met_no'),
        write.change(each.change_30d, written),
      ];
    }),
  };
}

function writer(unit, write) {
  return { s: write.lasted, 1: write.rate, '%': write.percent }[unit] ?? write.decimal;
}

function top({ report, say, write, name }) {
  const rows = report.top_10 ?? [];
  const sum = (key) => rows.reduce((total, each) => total + each[key], 0);
  return {
    head: [say('report.alarm'), say('report.place'), say('report.times'), say('report.share'), say('report.precision')],
    rows: rows.map((each) => [
      each.title ?? each.rule, each.area ? name(each.area) : write.none, write.count(each.n),
      write.percent(each.share), write.rate(each.precision),
    ]),
    foot: rows.length ? [say('report.total'), '', write.count(sum('n')), write.percent(Math.min(100, sum('share'))), ''] : null,
    isUnknown: report.top_10 === null,
  };
}

function sources({ report, say, write, open }) {
  const rows = report.sources ?? [];
  const sum = (key) => rows.reduce((total, each) => total + each[key], 0);
  return {
    head: [say('report.source'), say('report.events'), say('report.coverage'), say('report.dead_letters')],
    rows: rows.map((each) => [
      sourceName(each.source, say), open(write.count(each.events)), open(write.rate(each.coverage)), write.count(each.dead_letters),
    ]),
    foot: rows.length ? [say('report.total'), open(write.count(sum('events'))), '', write.count(sum('dead_letters'))] : null,
    silences: rows.flatMap(({ source, gaps }) => (gaps ?? []).map((gap) => say('report.point.source_silent', {
      source: sourceName(source, say), from: timeOfDay(gap.from, report.to), to: timeOfDay(gap.to, report.to),
    }))),
    isUnknown: report.sources === null,
  };
}
