import assert from 'node:assert/strict';
import { test } from 'node:test';

import { slants } from '../js/chart/quiet_band.js';
import { fitRoom, isWhole } from '../js/wall/room.js';
import { rowsThatFit } from '../js/wall/rows.js';
import { mostWanted } from '../js/wall/sources.js';

/** A page of 800 px that needs `heights[room]`. */
function page(heights) {
  const root = { dataset: {} };
  return { root, box: { clientHeight: 800, get scrollHeight() { return heights[root.dataset.room]; } } };
}

test('a page gives up no more than it must, and has it back when there is room', () => {
  const heights = { full: 900, short: 801, tight: 700, bare: 300 };
  const { root, box } = page(heights);
  assert.equal(fitRoom(root, [box]), true);
  assert.equal(root.dataset.room, 'short', 'browsers round by a pixel');
  assert.equal(fitRoom(root, [box]), false);
  heights.full = 800;
  assert.equal(fitRoom(root, [box]), true);
  assert.equal(root.dataset.room, 'full');
});

test('a page that never fits is as short as it gets', () => {
  const { root, box } = page({ full: 900, short: 900, tight: 900, bare: 900 });
  fitRoom(root, [box, { clientHeight: 5, scrollHeight: 5 }]);
  assert.equal(root.dataset.room, 'bare');
  assert.equal(isWhole(box), false);
});

test('rows that are not all leave room for the line that counts the others', () => {
  assert.equal(rowsThatFit(6, 6.2), 6);
  assert.equal(rowsThatFit(7, 6.2), 5);
  assert.equal(rowsThatFit(7, 6.8), 6);
  assert.equal(rowsThatFit(3, 0), 1);
});

test('where not all sources have a line, those that are well step aside first', () => {
  const rows = ['a', 'b', 'c', 'd'];
  const stateOf = (name) => (name === 'c' ? 'silent' : 'healthy');
  assert.deepEqual(mostWanted(rows, 2, stateOf), ['a', 'c']);
  assert.deepEqual(mostWanted(rows, 4, stateOf), rows);
});

test('the band of a silence has few lines, and none outside of it', () => {
  const ends = [...slants(100, 900, 1000, 100).matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  assert.ok(ends.length > 20 && ends.length < 70);
  assert.ok(ends.every(([x, y]) => x >= 100 && x <= 900 && y >= 0 && y <= 100));
  assert.equal(slants(500, 500, 1000, 100), '');
});
