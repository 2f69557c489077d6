import assert from 'node:assert/strict';
import { test } from 'node:test';

import { between, lookAt } from '../js/wall/flight.js';

const whole = { x: 0, y: 0, w: 600, h: 900 };
const goal = { x: 200, y: 500, w: 60, h: 90 };

test('a flight begins where it is and ends where it goes', () => {
  assert.deepEqual(between(whole, goal, 0), whole);
  assert.deepEqual(between(whole, goal, 1), goal);
  assert.deepEqual(between(whole, goal, 7), goal, 'a late frame does not fly past');
});

test('on the way the goal never leaves the picture, and the shape stays', () => {
  for (let share = 0; share <= 1; share += 0.05) {
    const box = between(whole, goal, share);
    assert.ok(box.x <= goal.x + 1e-9 && box.x + box.w >= goal.x + goal.w - 1e-9, `x at ${share}`);
    assert.ok(box.y <= goal.y + 1e-9 && box.y + box.h >= goal.y + goal.h - 1e-9, `y at ${share}`);
    assert.ok(Math.abs(box.w / box.h - 600 / 900) < 1e-9);
  }
});

test('a flight at the same height moves evenly', () => {
  const beside = { ...whole, x: 100 };
  assert.deepEqual(between(whole, beside, 0.5), { ...whole, x: 50 });
});

test('the look at a place has it in the middle, its commune inside, and the shape of the frame', () => {
  const point = { x: 210, y: 520 };
  const commune = { x: 200, y: 500, w: 30, h: 40 };
  const look = lookAt(point, commune, { w: 600, h: 900 });
  assert.deepEqual([look.x + look.w / 2, look.y + look.h / 2], [210, 520]);
  assert.ok(look.x <= 200 && look.x + look.w >= 230 && look.y <= 500 && look.y + look.h >= 540);
  assert.ok(Math.abs(look.w / look.h - 600 / 900) < 1e-9);
});

test('a tiny commune is not looked at through a microscope, a huge one not from further than all', () => {
  const tiny = lookAt({ x: 5, y: 5 }, { x: 5, y: 5, w: 0.1, h: 0.1 }, { w: 600, h: 900 });
  assert.equal(tiny.w, 50);
  const huge = lookAt({ x: 300, y: 450 }, { x: 0, y: 0, w: 600, h: 900 }, { w: 600, h: 900 });
  assert.equal(huge.w, 600);
});
