import assert from 'node:assert/strict';
import { test } from 'node:test';

import { daysKnown, daysSince, heights, shares } from '../js/kpi_days.js';
import { lastDays, midnight } from '../js/times.js';

const NOW = Date.parse('2026-11-22T18:30:00Z'); // 01:30 of the 23rd in the province

test('a day begins at midnight of the province', () => {
  assert.equal(new Date(midnight(NOW)).toISOString(), '2026-11-22T17:00:00.000Z');
  assert.equal(midnight(midnight(NOW)), midnight(NOW));
  assert.equal(midnight(midnight(NOW) - 1), midnight(NOW) - 86_400_000);
});

test('a range ends now', () => {
  assert.deepEqual(lastDays(NOW, 1), { from: '2026-11-21T18:30:00.000Z', to: '2026-11-22T18:30:00.000Z' });
});

test('what is known begins with the first alarm, not with the range', () => {
  const points = [
    { t: '2026-11-18T17:00:00Z', n: 0 }, { t: '2026-11-19T17:00:00Z', n: 2 }, { t: '2026-11-20T17:00:00Z', n: 0 },
  ];
  assert.equal(daysKnown(points, NOW), 3);
  assert.equal(daysKnown([], NOW), 0);
  assert.equal(daysKnown([{ t: '2026-11-22T17:00:00Z', n: 1 }], NOW), 0);
});

test('columns are drawn from nothing, and quiet days are flat', () => {
  assert.deepEqual(heights([{ n: 0 }, { n: 2 }, { n: 4 }]), [0, 0.5, 1]);
  assert.deepEqual(heights([{ n: 0 }, { n: 0 }]), [0, 0]);
  assert.deepEqual(heights([]), []);
});

test('shares stand in the order of the priorities', () => {
  const rows = [{ name: 'priority_4', value: 79.3 }, { name: 'per_day', value: 1 }, { name: 'priority_1', value: 0.6 }];
  assert.deepEqual(shares(rows), [0.6, null, null, 79.3]);
});

test('days that are known are counted to a tenth, a first one not yet', () => {
  const since = '2026-11-20T00:00:00Z';
  assert.equal(daysSince(since, '2026-11-20T23:59:00Z'), null);
  assert.equal(daysSince(since, '2026-11-21T00:00:00Z'), 1);
  assert.equal(daysSince(since, '2026-11-22T11:59:00Z'), 2.4);
});
