import assert from 'node:assert/strict';
import { test } from 'node:test';

import { covered, isFiltered, Looking, passes, Search, toggled, unfiltered, withPriority } from '../js/console/filters.js';
import { lettersOf, matcher } from '../js/fold.js';

function row(id, fields = {}) {
  return { id, state: 'unacknowledged', severity: 'high', priority: 2, area: '05443', source: 'fire', rule: 'r', title: '', ...fields };
}

const ids = (rows, view, hits) => rows.filter(passes(view, hits)).map(({ id }) => id);

test('without a filter the list has what asks for a person; what is hidden only when its state is named', () => {
  const rows = ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed', 'out_of_service']
    .map((state) => row(state, { state }));
  assert.deepEqual(ids(rows, {}), ['unacknowledged', 'acknowledged', 'returned']);
  assert.deepEqual(ids(rows, { state: ['shelved', 'returned'] }), ['returned', 'shelved']);
});

test('each filter narrows, and all of them together', () => {
  const rows = [
    row('a'), row('b', { severity: 'low', priority: 4 }), row('c', { area: null }), row('d', { source: 'camera' }),
    row('e', { rule: 'x' }),
  ];
  assert.deepEqual(ids(rows, { severity: ['low'] }), ['b']);
  assert.deepEqual(ids(rows, { area: '05443', source: ['fire'], rule: 'r', severity: ['high'] }), ['a']);
  assert.deepEqual(ids(rows, {}, new Set(['c', 'd'])), ['c', 'd']);
});

test('shown, covered and hidden together are all alarms', () => {
  const states = ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed'];
  const rows = Array.from({ length: 200 }, (_, i) => row(`a${i}`, {
    state: states[i % 5], priority: (i % 4) + 1, severity: ['critical', 'high', 'medium', 'low'][i % 4],
  }));
  for (const view of [{}, { severity: ['high'] }, { severity: ['critical'], area: '05443' }]) {
    const isShown = passes(view);
    const hidden = rows.filter(({ state }) => state === 'shelved' || state === 'suppressed').length;
    const { n, byPriority } = covered(rows, isShown);
    assert.equal(rows.filter(isShown).length + n + hidden, rows.length);
    assert.equal(Object.values(byPriority).reduce((a, b) => a + b), n);
  }
});

test('a priority is switched on and off, and all four are no filter', () => {
  assert.deepEqual(withPriority({}, 2).severity, ['high']);
  assert.equal(withPriority({ severity: ['high'] }, 2).severity, undefined);
  assert.equal(withPriority({ severity: ['high', 'low', 'medium'] }, 1).severity, undefined);
  assert.deepEqual(toggled(['a'], 'b'), ['a', 'b']);
});

test('filters can be told from what else a view holds, and cleared', () => {
  const view = { page: 'alarms', open: 'x', q: 'chay', severity: ['low'] };
  assert.equal(isFiltered(view), true);
  assert.deepEqual(unfiltered(view), { page: 'alarms', open: 'x' });
  assert.equal(isFiltered(unfiltered(view)), false);
});

test('a search goes through in slices and takes in what changes meanwhile', () => {
  const rows = Array.from({ length: 10 }, (_, i) => row(`a${i}`, { title: i % 2 ? 'Báo cháy' : 'Ngập nước' }));
  const search = new Search(rows, matcher('chay'), ({ title }) => ({ texts: [title], letters: lettersOf([title]) }));
  assert.equal(search.next(4), false);
  assert.equal(search.hits.size, 2);
  assert.equal(search.next(100), true);
  assert.equal(search.hits.size, 5);
  search.test(row('new', { title: 'Cháy rừng' }));
  search.test(row('a1', { title: 'Khói' }));
  assert.deepEqual([...search.hits.keys()].sort(), ['a3', 'a5', 'a7', 'a9', 'new']);
});

test('a search that is asked for again while it looks ends once, with the last wish', () => {
  const timers = [];
  const model = { left: 3, get isSearching() { return this.left > 0; }, searchOn() { this.left -= 1; return this.left === 0; } };
  let nowMs = 0;
  const looking = new Looking(model, (run) => timers.push(run), () => { nowMs += 100; return nowMs; });
  const said = [];
  looking.on(() => said.push('first'));
  looking.on(() => said.push('last'));
  while (timers.length) timers.shift()();
  assert.deepEqual(said, ['last']);
  model.left = 1;
  looking.on(() => said.push('next'));
  assert.deepEqual(said, ['last', 'next']);
});

test('a search looks on while its turn lasts, and the screen gets one between two', () => {
  const timers = [];
  const model = { left: 100, get isSearching() { return this.left > 0; }, searchOn() { this.left -= 1; return this.left === 0; } };
  let nowMs = 0;
  const looking = new Looking(model, (run) => timers.push(run), () => { nowMs += 1; return nowMs; });
  let said = 0;
  looking.on(() => { said += 1; });
  assert.equal(said, 0);
  assert.equal(model.left > 80 && model.left < 95, true, `${model.left} left after the first turn`);
  while (timers.length) timers.shift()();
  assert.equal(said, 1);
});
