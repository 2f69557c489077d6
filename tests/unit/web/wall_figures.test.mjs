import assert from 'node:assert/strict';
import { test } from 'node:test';

import { overdueWords } from '../js/wall/citizens.js';
import { blindness, countClasses, heardShare, roundTop, silentClasses } from '../js/wall/coverage.js';
import { alarmsOf, fireCounts, listed, openAlarms } from '../js/wall/fire_counts.js';
import { gapShares, withOngoing } from '../js/chart/gaps.js';
import { abandonedShare } from '../js/wall/services.js';
import { timeline } from '../js/wall/timeline.js';
import { lastDay, midnight, monthBegin, today } from '../js/times.js';

const heard = (known, n, source = 'camera') => ({ devices: { [source]: { known, heard: n } } });

test('under half heard is blind, under nine tenths sparse, and no device is neither', () => {
  const areas = { a: heard(10, 4), b: heard(10, 5), c: heard(10, 9), d: heard(10, 10), e: { devices: {} } };
  assert.deepEqual([...blindness(areas, ['camera'])], [['a', 'blind'], ['b', 'sparse']]);
  assert.deepEqual([...blindness(areas, ['fire'])], []);
  assert.deepEqual([...blindness(null, ['camera'])], [], 'before the figures have come');
  assert.equal(heardShare({}, ['camera']), null);
});

test('devices of several sources are heard together', () => {
  const devices = { camera: { known: 6, heard: 6 }, fire: { known: 4, heard: 0 } };
  assert.equal(heardShare(devices, ['camera', 'fire']), 0.6);
});

test('the more is silent the brighter; where there is nothing there is no grey', () => {
  const areas = { all: heard(50, 50), one: heard(50, 49), few: heard(50, 45), many: heard(50, 10), none: heard(0, 0) };
  assert.deepEqual([...silentClasses(areas, ['camera'])], [['all', 1], ['one', 2], ['few', 4], ['many', 5]]);
});

test('a scale ends at a round number that holds the largest', () => {
  for (const [largest, top] of [[0, 5], [3, 5], [6, 10], [10, 10], [11, 20], [21, 50], [74, 100], [812, 1000], [NaN, 5]]) {
    assert.equal(roundTop(largest), top, String(largest));
  }
});

test('counts are five equal steps, and nothing is not the first of them', () => {
  const areas = { a: { n: 0 }, b: { n: 1 }, c: { n: 50 }, d: { n: 100 }, e: {} };
  const { classes, top } = countClasses(areas, ({ n }) => n);
  assert.equal(top, 100);
  assert.deepEqual([...classes], [['b', 1], ['c', 3], ['d', 5]]);
});

const fire = (device, more = {}) => ({
  id: device, device, rule: 'fire-alarm', severity: 'critical', priority: 1, state: 'unacknowledged', active: true, ...more,
});

test('a device counts once as burning, however many of its alarms are open', () => {
  const alarms = [
    fire('p/1'), fire('p/1', { id: 'again' }), fire('p/2', { state: 'acknowledged' }),
    fire('p/3', { active: false, state: 'returned' }), fire('p/4', { state: 'shelved' }),
    fire('p/5', { rule: 'fire-trouble', severity: 'low', priority: 4 }),
    fire('p/6', { rule: 'silent-fire-device', severity: 'low', priority: 4 }),
  ];
  assert.deepEqual(fireCounts(alarms), { burning: 2, trouble: 1 });
  assert.deepEqual(fireCounts([]), { burning: 0, trouble: 0 });
});

test('rows in columns become alarms as the feed names them', () => {
  const columns = ['id', 'severity', 'state', 'raised_at', 'owner', 'flags', 'device'];
  const [alarm] = alarmsOf({ columns, rows: [['a', 'high', 'acknowledged', 0, 'An', 3, 'p/1']] });
  assert.equal(alarm.priority, 2);
  assert.equal(alarm.raised_at, '1970-01-01T00:00:00.000Z');
  assert.deepEqual([alarm.assignee, alarm.active, alarm.folded], ['An', true, true]);
});

function cut(isComplete, held, asked = null) {
  return {
    picture: { folded: 1, book: { complete: isComplete, rows: () => held } },
    docs: { current: (name) => (name === 'alarms.camera' ? asked : null) },
  };
}

test('the alarms of a source that a cut list leaves out are those that were asked for', () => {
  const camera = (id, more) => ({ id, source: 'camera', severity: 'low', state: 'unacknowledged', ...more });
  const other = { ...camera('f'), source: 'fire' };
  const ids = ({ alarms }) => alarms.map(({ id }) => id);
  const whole = openAlarms('camera', cut(true, [camera('a'), other, camera('s', { state: 'shelved' })]));
  assert.deepEqual([ids(whole), whole.isWhole], [['a'], true]);
  const before = openAlarms('camera', cut(false, [other]));
  assert.deepEqual([ids(before), before.isWhole], [[], false], 'that there is none is not known');
  const answer = {
    columns: ['id', 'source', 'severity', 'state', 'raised_at', 'flags'],
    rows: [['a', 'camera', 'low', 'acknowledged', 0, 1], ['b', 'camera', 'low', 'returned', 0, 2]],
  };
  const found = openAlarms('camera', cut(false, [other], answer));
  assert.deepEqual([ids(found), found.isWhole], [['a', 'b'], true]);
  assert.deepEqual(ids(listed(found, { folded: 1 })), ['a']);
  assert.deepEqual(ids(listed(found, { folded: 0 })), ['a', 'b'], 'a flood that is over folds nothing');
});

test('who still waits is not among those of whom some have gone', () => {
  assert.equal(abandonedShare({ issued: 100, served: 30, abandoned: 10 }), 0.25);
  assert.equal(abandonedShare({ issued: 5, served: 0, abandoned: 0 }), null);
  assert.equal(abandonedShare(undefined), null);
});

test('that nothing is overdue is said only when it is known', () => {
  const words = {
    say: (key, { report, n } = {}) => [key, report, n].filter(Boolean).join(' '),
    areas: { shortName: () => '' }, number: String,
  };
  assert.deepEqual(overdueWords(null, words), []);
  assert.deepEqual(overdueWords({ oldest_overdue: [] }, words), ['report.none_overdue']);
  const late = [{ report: '#1', area: '05443', overdue_working_days: 3 }];
  assert.deepEqual(overdueWords({ oldest_overdue: late }, words), ['report.oldest', 'report.oldest_one #1 3']);
});

test('a timeline has the first word of each source, then the latest, in their order', () => {
  const piece = (minute, source) => ({ source, from_at: `2026-11-22T07:${String(minute).padStart(2, '0')}:00Z` });
  const found = timeline([
    piece(9, 'camera'), piece(3, 'citizen'), piece(2, 'fire'), piece(0, 'camera'), piece(1, 'camera'),
    { source: 'fire', from_at: 'no time' },
  ], 4);
  assert.deepEqual(found.map(({ at, source }) => [new Date(at).getUTCMinutes(), source]),
    [[0, 'camera'], [2, 'fire'], [3, 'citizen'], [9, 'camera']]);
  assert.deepEqual(timeline([], 4), []);
});

test('days and months begin at midnight of the province, whatever the machine is set to', () => {
  const at = (text) => Date.parse(text);
  assert.equal(midnight(at('2026-11-22T16:59:59Z')), at('2026-11-21T17:00:00Z'));
  assert.equal(midnight(at('2026-11-22T17:00:00Z')), at('2026-11-22T17:00:00Z'));
  assert.equal(monthBegin(at('2026-12-31T17:00:00Z')), at('2026-12-31T17:00:00Z'));
  assert.equal(monthBegin(at('2026-12-31T16:59:59Z')), at('2026-11-30T17:00:00Z'));
  assert.equal(today(at('2026-11-22T05:00:00Z')).from, '2026-11-21T17:00:00.000Z');
  assert.deepEqual(lastDay(at('2026-11-22T05:30:00Z')), { from: '2026-11-21T06:00:00.000Z', to: '2026-11-22T06:00:00.000Z' });
});

test('a silence has its place on the axis; what lies before or after it is cut off', () => {
  const hour = (n) => `2026-11-22T${String(n).padStart(2, '0')}:00:00Z`;
  const points = [0, 1, 2, 3].map((n) => ({ t: hour(n), n: 0 }));
  const shares = (...gaps) => gapShares(points, gaps.map(([from, to]) => ({ from: hour(from), to: hour(to) })), 3_600_000);
  assert.deepEqual(shares([1, 2]), [[0.25, 0.5]]);
  assert.deepEqual(shares([3, 9]), [[0.75, 1]]);
  assert.deepEqual(shares([5, 9]), []);
  const silent = withOngoing([{ from: hour(0), to: hour(1) }], Date.parse(hour(3)));
  assert.deepEqual(gapShares(points, silent, 3_600_000), [[0, 0.25], [0.75, 1]], 'what goes on has no end yet');
  assert.deepEqual(withOngoing([], null), []);
  assert.deepEqual(gapShares([], [{ from: hour(1), to: hour(2) }], 3_600_000), []);
});
