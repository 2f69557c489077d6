import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bulletOf } from '../js/chart/bullet.js';

test('the marks stand where their numbers are, with room behind the last one', () => {
  const parts = bulletOf({ value: 6, target: 6, maximum: 12 });
  assert.equal(parts.value, parts.target);
  assert.equal(parts.maximum, 2 * parts.target);
  assert.ok(parts.maximum < 1);
  assert.equal(parts.isBeyond, false);
});

test('a figure far beyond is cut and says so, and the marks stay readable', () => {
  const parts = bulletOf({ value: 10_000, target: 1, maximum: 2 });
  assert.deepEqual([parts.value, parts.isBeyond], [1, true]);
  assert.ok(parts.target > 0.1);
});

test('a figure between the limits and the cut has the whole scale to itself', () => {
  const parts = bulletOf({ value: 5, target: 2, maximum: 2 });
  assert.deepEqual([parts.value, parts.isBeyond, parts.maximum], [1, false, null]);
});

test('a target of nothing is a mark at the left', () => {
  assert.deepEqual(bulletOf({ value: 4, target: 0, maximum: 0 }), { value: 1, target: 0, maximum: null, isBeyond: false });
  assert.equal(bulletOf({ value: 0, target: 0, maximum: 0 }).value, 0);
});

test('without a number or a limit there is no bar', () => {
  assert.equal(bulletOf({ value: 'stable', target: 1, maximum: null }), null);
  assert.equal(bulletOf({ value: 4, target: null, maximum: null }), null);
});
