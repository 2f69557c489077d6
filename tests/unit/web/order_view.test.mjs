import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OrderView } from '../js/console/order_view.js';

test('while somebody holds the list nothing moves: what comes waits, what leaves stays marked', () => {
  const view = new OrderView();
  view.bring(['a', 'b', 'c']);
  const open = new Set(['a', 'c', 'new']);
  view.note(['b', 'new', 'a'], (id) => open.has(id));
  assert.deepEqual(view.ids, ['a', 'b', 'c']);
  assert.deepEqual([view.isGone('a'), view.isGone('b')], [false, true]);
  assert.equal(view.arrivals, 1);
  view.bring(['new', 'a', 'c']);
  assert.deepEqual([view.ids, view.arrivals, view.isGone('b')], [['new', 'a', 'c'], 0, false]);
});

test('one that came and left again was never there, and one that came back is not gone', () => {
  const view = new OrderView();
  view.bring(['a']);
  view.note(['x'], () => true);
  view.note(['x'], () => false);
  assert.equal(view.arrivals, 0);
  view.note(['a'], () => false);
  assert.equal(view.isGone('a'), true);
  view.note(['a'], () => true);
  assert.equal(view.isGone('a'), false);
});

test('noting many changes is the same as comparing both lists at the end', () => {
  let seed = 7;
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n; };
  const view = new OrderView();
  const shown = Array.from({ length: 60 }, (_, i) => `a${i}`);
  view.bring(shown);
  const now = new Set(shown);
  for (let round = 0; round < 500; round += 1) {
    const id = `a${random(90)}`;
    if (random(2)) now.add(id);
    else now.delete(id);
    view.note([id], (each) => now.has(each));
  }
  assert.deepEqual(view.ids, shown);
  assert.deepEqual([...view.waiting].sort(), [...now].filter((id) => !shown.includes(id)).sort());
  assert.deepEqual(shown.filter((id) => view.isGone(id)), shown.filter((id) => !now.has(id)));
});
