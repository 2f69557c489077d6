import assert from 'node:assert/strict';
import { test } from 'node:test';

import { byPriority, Selection, SELECTED_MAX } from '../js/console/selection.js';

const ORDER = ['a', 'b', 'c', 'd', 'e'];

test('one is marked and unmarked, and a range goes from where it began, both ways', () => {
  const selection = new Selection();
  selection.toggle('c');
  selection.extend(ORDER, 'c', 'e');
  assert.deepEqual(selection.ids, ['c', 'd', 'e']);
  selection.extend(ORDER, 'e', 'b');
  assert.deepEqual(selection.ids, ['b', 'c'], 'the range turns round its beginning');
  selection.toggle('c');
  assert.deepEqual(selection.ids, ['b']);
  selection.from('d');
  selection.extend(ORDER, 'd', 'e');
  assert.deepEqual(selection.ids, ['d', 'e'], 'it begins where the focus went last');
  selection.clear();
  selection.extend(ORDER, 'd', 'e');
  assert.deepEqual(selection.ids, ['d', 'e'], 'without a beginning it begins where the focus was');
});

test('a range to or from a row that has left marks nothing else', () => {
  const selection = new Selection();
  selection.toggle('b');
  selection.extend(ORDER, 'b', 'gone');
  assert.deepEqual(selection.ids, ['b']);
});

test('marks are of ids: another order of the list marks nothing else, and what is gone is forgotten', () => {
  const selection = new Selection();
  selection.set(['a', 'b', 'c']);
  selection.keep((id) => id !== 'b');
  assert.deepEqual([selection.has('a'), selection.has('b'), selection.size], [true, false, 2]);
});

test('no more are marked than anybody could answer for', () => {
  const selection = new Selection();
  const many = Array.from({ length: SELECTED_MAX + 5 }, (_, i) => `a${i}`);
  assert.equal(selection.set(many), 5, 'and how many were too many is told');
  assert.equal(selection.size, SELECTED_MAX);
  assert.equal(selection.toggle('one more'), 1);
  assert.equal(selection.size, SELECTED_MAX);
  assert.equal(selection.toggle('a0'), 0);
  assert.equal(selection.extend(many, 'a0', many.at(-1)), 5);
});

test('the bar counts by priority', () => {
  const rows = [1, 2, 3, 3, 4].map((priority) => ({ priority }));
  assert.deepEqual(byPriority(rows), { 1: 1, 2: 1, 3: 2, 4: 1 });
});
