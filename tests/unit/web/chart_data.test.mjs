import assert from 'node:assert/strict';
import test from 'node:test';

import {
  SHIFT_S, allowedStep, axisText, chartOf, formOf, indexAt, pointAt, rangeOf, stepFor, summaryOf,
} from '../js/chart/chart_data.js';

const at = (text) => Date.parse(text);
const NOON = at('2026-11-22T05:00:00Z'); // 12:00 in the province
const MINUTE = 60_000;
const DAY = 86_400_000;

const points = (...values) => values.map((n, index) => ({ t: new Date(NOON + index * MINUTE).toISOString(), n }));

test('an empty minute is a zero; a minute in which the source was silent is none', () => {
  const chart = chartOf({
    step: '1m', points: points(3, 0, 0, 0, 5),
    gaps: [{ from: '2026-11-22T05:02:00Z', to: '2026-11-22T05:04:00Z' }],
  }, NOON + DAY);
  assert.deepEqual(chart.values, [3, 0, null, null, 5]);
  assert.deepEqual(chart.silent, [false, false, true, true, false]);
  assert.equal(chart.missingMs, 2 * MINUTE);
  assert.deepEqual(chart.gaps, [[chart.xs[2], chart.xs[4]]]);
  assert.equal(pointAt(chart, 1).kind, 'value');
  assert.equal(pointAt(chart, 2).kind, 'silent');
  assert.deepEqual(summaryOf(chart), { sum: 8, peak: 5, at: 4 });
});

test('a waiting time of nobody is none, and waiting times have no sum', () => {
  const waits = points(120, null, 240).map((point, index) => ({
    ...point, week_ago: [60, null, 90][index], low: [null, null, 30][index], high: [null, null, 400][index],
  }));
  const chart = chartOf({ metric: 'wait_p50', step: '1m', points: waits }, NOON + DAY);
  assert.deepEqual(chart.values, [120, null, 240]);
  assert.deepEqual(chart.weekAgo, [60, null, 90]);
  assert.deepEqual([chart.low, chart.high], [[null, null, 30], [null, null, 400]]);
  assert.deepEqual([0, 1].map((index) => pointAt(chart, index).kind), ['value', 'none']);
  assert.deepEqual(summaryOf(chart), { sum: null, peak: 240, at: 2 });
  const running = chartOf({ metric: 'wait_p90', step: '1m', points: points(null, null) }, NOON + 30_000);
  assert.deepEqual([0, 1].map((index) => pointAt(running, index).kind), ['none', 'future']);
  const gaps = [{ from: '2026-11-22T05:01:00Z', to: '2026-11-22T05:02:00Z' }];
  assert.equal(pointAt(chartOf({ metric: 'wait_p50', step: '1m', points: waits, gaps }, NOON + DAY), 1).kind, 'silent');
  assert.deepEqual(chartOf({ metric: 'issued', step: '1m', points: points(0) }, NOON + DAY).values, [0]);
});

test('a step that is only in part silent keeps what was counted in it', () => {
  const chart = chartOf({
    step: '1h', points: [{ t: '2026-11-22T05:00:00Z', n: 40 }],
    gaps: [{ from: '2026-11-22T05:20:00Z', to: '2026-11-22T05:50:00Z' }],
  }, NOON + DAY);
  assert.deepEqual(chart.values, [40]);
  assert.equal(chart.missingMs, 30 * MINUTE);
});

test('the step that goes on is not whole, and what is still to come is nothing', () => {
  const chart = chartOf({ step: '1m', points: points(4, 7, 2, 0) }, NOON + 2.5 * MINUTE);
  assert.deepEqual(chart.values, [4, 7, null, null]);
  assert.deepEqual(chart.unfinished, [null, null, 2, null]);
  assert.deepEqual([0, 1, 2, 3].map((index) => pointAt(chart, index).kind), ['value', 'value', 'unfinished', 'future']);
  const silent = chartOf({
    step: '1m', points: points(0), gaps: [{ from: '2026-11-22T04:00:00Z', to: '2026-11-22T05:00:30Z' }],
  }, NOON + 30_000);
  assert.equal(pointAt(silent, 0).kind, 'silent');
});

test('the axis is the province seven hours ahead of UTC, all year', () => {
  const chart = chartOf({ step: '1m', points: points(1) }, NOON + DAY);
  assert.equal(chart.xs[0], NOON / 1000 + SHIFT_S);
  assert.equal(axisText(chart.xs[0], '1m'), '12:00');
  assert.equal(axisText(at('2026-11-22T17:00:00Z') / 1000 + SHIFT_S, '5m'), '23/11');
  assert.equal(axisText(at('2026-02-28T17:00:00Z') / 1000 + SHIFT_S, '1d'), '01/03');
  assert.equal(axisText(at('2026-07-01T18:05:00Z') / 1000 + SHIFT_S, '1h'), '01:05');
});

test('the weeks before come along; what is not known of them stays unknown', () => {
  const chart = chartOf({
    step: '1m', weeks: 4,
    points: [{ t: '2026-11-22T05:00:00Z', n: 3, week_ago: 0, low: 0, high: 9 }, { t: '2026-11-22T05:01:00Z', n: 3, week_ago: null, low: null, high: null }],
  }, NOON + DAY);
  assert.deepEqual(chart.weekAgo, [0, null]);
  assert.deepEqual([chart.low, chart.high], [[0, null], [9, null]]);
});

test('a range has the finest step that can be read', () => {
  assert.equal(stepFor(0, 3 * 3_600_000), '1m');
  assert.equal(stepFor(0, DAY), '5m');
  assert.equal(stepFor(0, DAY + 1), '1h');
  assert.equal(stepFor(0, 31 * DAY), '1h');
  assert.equal(stepFor(0, 32 * DAY), '1d');
  assert.equal(allowedStep('1m', 0, 6 * DAY), '1m');
  assert.equal(allowedStep('1m', 0, 7 * DAY), '1h');
  assert.equal(allowedStep('2m', 0, DAY), '5m');
  assert.deepEqual(['1m', '5m', '1h', '1d'].map(formOf), ['columns', 'columns', 'steps', 'columns']);
});

test('a part is chosen from either end, and one step alone is none', () => {
  const chart = chartOf({ step: '1m', points: points(1, 2, 3, 4) }, NOON + DAY);
  assert.deepEqual(rangeOf(chart, 2, 1), { from: NOON + MINUTE, to: NOON + 3 * MINUTE });
  assert.equal(rangeOf(chart, 1, 1), null);
  assert.equal(indexAt(chart, chart.xs[2] + 30), 2);
  assert.equal(indexAt(chart, chart.xs[0] - 500), 0);
});
