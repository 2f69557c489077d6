import assert from 'node:assert/strict';
import { test } from 'node:test';

import { newcomers, PINNED_MAX, strip, stripMaxOf } from '../js/console/pinned.js';
import { LINES_MAX, RowsPool } from '../js/console/rows_pool.js';

const row = (id, fields = {}) => ({ id, priority: 1, state: 'unacknowledged', ...fields });
const many = (n) => Array.from({ length: n }, (_, i) => row(`p${i}`));

test('as many are drawn as there is room for, and the rest is counted', () => {
  assert.deepEqual(strip([], PINNED_MAX), { ids: [], rest: [] });
  assert.deepEqual(strip(many(6), PINNED_MAX), { ids: ['p0', 'p1', 'p2', 'p3'], rest: ['p4', 'p5'] });
  assert.deepEqual(strip(many(3), 2), { ids: ['p0', 'p1'], rest: ['p2'] });
});

test('on a low screen the strips leave room for a line of the list', () => {
  assert.deepEqual([Infinity, 12, 11, 8, 7, 4].map(stripMaxOf), [PINNED_MAX, PINNED_MAX, 2, 2, 1, 1]);
  // The head, and above and below each with a line of how many more there are.
  for (const lines of [6, 8, 12]) assert.ok(lines - 1 - 2 * (stripMaxOf(lines) + 1) >= 1, `${lines}`);
});

test('what comes while the list is held stands in the order in which it came, and what has ended stays', () => {
  assert.deepEqual(newcomers([row('a')], [], 4), { ids: ['a'], rest: [] });
  const { ids, rest } = newcomers([row('c'), row('b'), row('a')], ['a', 'gone'], 4);
  assert.deepEqual([ids, rest], [['a', 'gone', 'c', 'b'], []]);
  const full = newcomers(many(9), ['p0', 'p1'], 2);
  assert.deepEqual([full.ids, full.rest.length], [['p0', 'p1'], 7]);
});

test('no screen has more than 80 rows in its document', () => {
  const [first, last] = RowsPool.range(800_000, 4000, 32, 50_000);
  assert.ok(last - first <= LINES_MAX);
  // Above and below it, how many more there are of each, and the head.
  assert.ok(LINES_MAX + 2 * (PINNED_MAX + 1) + 1 <= 80);
  assert.deepEqual(RowsPool.range(0, 640, 32, 3), [0, 3]);
  const [from, to] = RowsPool.range(3200, 640, 32, 50_000);
  assert.ok(from < 100 && to > 120);
});

test('lines come in whole stretches, so that most steps of a scroll change none', () => {
  let changes = 0;
  let before = '';
  for (let top = 32_000; top < 64_000; top += 32) {
    const [first, last] = RowsPool.range(top, 850, 32, 50_000);
    assert.ok(first * 32 <= top - 6 * 32 && last * 32 >= top + 850 + 6 * 32, `${first} to ${last} at ${top}`);
    assert.ok(last - first <= LINES_MAX);
    if (`${first} ${last}` !== before) changes += 1;
    before = `${first} ${last}`;
  }
  assert.ok(changes <= 250, `${changes} changes in a thousand lines`);
  // So high a screen has room for what it needs only.
  const [first, last] = RowsPool.range(32_000 + 5 * 32, 1700, 32, 50_000);
  assert.ok(first * 32 <= 32_000 - 32 && last * 32 >= 32_160 + 1700 + 6 * 32, `${first} to ${last}`);
});
