import assert from 'node:assert/strict';
import { test } from 'node:test';

import { roundUp, shade, shades } from '../js/report/drawn.js';
import { fit } from '../js/report/fit.js';
import { placeNames } from '../js/report/places.js';
import { sentences } from '../js/report/sentences.js';
import { tablesOf } from '../js/report/tables.js';
import { calendarDay, moment, timeOfDay, writing } from '../js/report/writing.js';

const say = (key, values = {}) => (key === 'page.unknown' ? '—' : `${key} ${Object.entries(values).map(([k, v]) => `${k}=${v}`).join(' ')}`.trim());
say.n = (key, n, values = {}) => say(`${key}.n`, { n, ...values });
const write = writing('vi', say);
const name = (code) => `area ${code}`;

test('figures are written as people read them, and no case is no zero', () => {
  assert.equal(write.rate(0.9968), '99,68%');
  assert.equal(write.rate(0.99996), '99,99%', 'one of thousands was late');
  assert.equal(write.rate(1), '100,00%');
  assert.equal(write.rate(null), '—');
  assert.equal(write.rate(0), '0,00%');
  assert.equal(write.count(12345), '12.345');
  assert.equal(write.count(0), '0');
  assert.equal(write.lasted(1262.4), '00:21:02');
  assert.equal(write.lasted(null), '—');
  assert.equal(write.decimal(1.66), '1,7');
  assert.equal(write.decimal(6), '6');
});

test('an area whose name has not come is not told as the whole province', () => {
  const named = placeNames([{ code: '05443', kind: 'ward', name: 'Phan Đình Phùng' }], say);
  assert.equal(named('05443'), 'report.ward name=Phan Đình Phùng');
  assert.equal(named('05500'), '05500');
  assert.equal(named(null), 'area.all');
  assert.equal(placeNames([], say)('05443'), '05443');
});

test('a change has its direction as a shape; none is none', () => {
  assert.equal(write.change(0.0123, write.rate), '▲ 1,23%');
  assert.equal(write.change(-30, write.count), '▼ 30');
  assert.equal(write.change(0, write.count), '0');
  assert.equal(write.change(null, write.count), '—');
});

test('durations in sentences are seconds, then minutes, then hours', () => {
  assert.equal(write.spoken(21), 'report.seconds.n n=21');
  assert.equal(write.spoken(119), 'report.seconds.n n=119');
  assert.equal(write.spoken(900), 'report.minutes.n n=15');
  assert.equal(write.spoken(3599), 'report.hours h=1 m=00');
  assert.equal(write.spoken(3900), 'report.hours h=1 m=05');
});

test('the end of the day is 24:00 and its beginning 00:00', () => {
  const end = '2026-11-21T17:00:00Z';
  assert.equal(timeOfDay(end, end), '24:00');
  assert.equal(timeOfDay('2026-11-20T17:00:00Z', end), '00:00');
  assert.equal(timeOfDay('2026-11-21T16:59:59Z', end), '23:59');
  assert.equal(timeOfDay('2026-11-21T07:30:00Z', '2026-11-21T07:30:00Z'), '14:30'); // the running day
  assert.equal(moment('2026-11-21T23:00:00Z'), '06:00 22/11/2026');
  assert.deepEqual(calendarDay('2027-01-05'), { day: '05', month: '01', year: '2027' });
});

test('the longest list gives up its last row first, and none goes below its least', () => {
  const lists = [{ rows: 5, least: 2 }, { rows: 3, least: 1 }].map((list) => ({ ...list, take(n) { this.taken = n; } }));
  let room = 5;
  const used = () => lists.reduce((sum, { rows, taken = rows }) => sum + taken, 0);
  assert.deepEqual(fit(lists, () => used() > room), [2, 3]);
  room = 0;
  assert.deepEqual(fit(lists.map((list) => ({ ...list, taken: list.rows })), () => true), [2, 1]);
  assert.deepEqual(fit([], () => true), []);
});

test('scales end on round numbers, and the legend says what the greys mean', () => {
  assert.deepEqual([0, 1, 3, 5, 6, 11, 87, 100, 214].map(roundUp), [1, 1, 4, 5, 10, 20, 100, 100, 400]);
  assert.deepEqual([0, 1, 2, 3, 5, 6, 10, 11, 900].map(shade), [0, 1, 1, 2, 2, 3, 3, 4, 4]);
  assert.deepEqual(shades(), ['1–2', '3–5', '6–10', '≥ 11']);
});

const points = (...found) => ({ to: '2026-11-21T17:00:00Z', points: found });

test('a point becomes a sentence with its figures in words', () => {
  const [silent, late, waits, strange] = sentences(points(
    { key: 'source_silent', values: { source: 'fire', from: '2026-11-20T19:10:00Z', to: '2026-11-21T17:00:00Z' } },
    { key: 'dossiers_late', values: { rate: 0.9, target: 0.99 } },
    { key: 'waits_long', values: { p90_s: 3900, target_s: 900, office: 'PDP', office_p90_s: 7200 } },
    { key: 'of_a_newer_server', values: {} },
  ), say, write);
  assert.equal(silent, 'report.point.source_silent key=source_silent source=tile.fire from=02:10 to=24:00');
  assert.match(late, /rate=90,00% target=99,00%/);
  assert.match(waits, /p90_s=report.hours h=1 m=05 .* report.point.slowest .*office=PDP/);
  assert.match(strange, /^report.point.other key=of_a_newer_server/);
});

const nothing = { raised: 0, acknowledged: 0, ack_p50_s: null, ack_p90_s: null, open_at_end: 0, over_24h: 0, shelved: 0 };
const none = { new: 0, resolved: 0, on_time: 0, open: 0, overdue: 0, on_time_rate: null };
const dossiers = { received: 4, resolved: 2, on_time: 1, late: 1, open: 2, overdue: 1, on_time_rate: 0.5, within_term_rate: 0.5 };

function report(more = {}) {
  return {
    from: '2026-11-20T17:00:00Z', to: '2026-11-21T17:00:00Z', open: true,
    alarms: { by_severity: { critical: nothing, high: nothing, medium: nothing, low: nothing }, total: nothing },
    incidents: [], incidents_total: 0, reports: { ...none, by_category: [], sos: [] },
    queues: { issued: 0, abandoned: 0, abandoned_rate: null, wait_s: { p50: null, p90: null, max: null }, worst: [] },
    dossiers: { ...dossiers, week_ago: dossiers, worst: [] },
    kpis: [{ name: 'wait_p90', value: null, unit: 's', target: 900, met: null, change_30d: null }],
    top_10: [], sources: [], ...more,
  };
}

const tables = (more) => tablesOf(report(more), { say, write, name });

test('only figures that events can still change are open, and «no case» never is', () => {
  const found = tables();
  assert.deepEqual(found.alarms.rows[0].slice(1), ['0', '0', '—', '—', '0', '0', '0']);
  assert.deepEqual(found.categories.foot.slice(1, 4), [{ text: '0', open: true }, { text: '0', open: true }, '—']);
  assert.deepEqual(found.dossiers.rows[0][1], { text: '4', open: true });
  assert.equal(found.dossiers.rows[1][1], '4'); // a week ago is over
  assert.equal(tables({ open: false }).dossiers.rows[0][1], '4');
});

test('incidents say when, as far as it was in the day', () => {
  const incident = { number: 412, title: 'T', severity: 'high', area: '05443', sources: ['fire', 'drone'], lead: null };
  const { rows, more } = tables({
    incidents_total: 7,
    incidents: [
      { ...incident, began_at: '2026-11-20T10:00:00Z', closed_at: null, closing_code: null },
      { ...incident, began_at: '2026-11-21T07:00:00Z', closed_at: '2026-11-21T07:30:00Z', closing_code: 'true' },
    ],
  }).incidents;
  assert.deepEqual(rows[0], [{ text: 'VV-0412 T', priority: 2 }, 'area 05443', 'report.all_day', 'tile.fire, drone', '—', 'report.still_open']);
  assert.deepEqual(rows[1].slice(2), ['14:00–14:30', 'tile.fire, drone', '—', 'report.code.true']);
  assert.equal(more, 5);
});

test('every list has its total, and what was not read is no empty list', () => {
  const actor = { title: 'T', rule: 'r', area: null, n: 3, share: 30, precision: null };
  assert.deepEqual(tables({ top_10: [actor, actor] }).top.foot, ['report.total', '', '6', '60,0%', '']);
  assert.equal(tables({ top_10: null }).top.isUnknown, true);
  assert.equal(tables({ sources: null }).sources.isUnknown, true);
  assert.equal(tables().sources.isUnknown, false);
  assert.equal(tables().kpis.rows[0][1], '—');
});
