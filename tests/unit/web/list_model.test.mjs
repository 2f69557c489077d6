import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmIndex } from '../js/alarm_index.js';
import { isAnnunciated } from '../js/alarms.js';
import { ListModel } from '../js/console/list_model.js';
import { matcher } from '../js/fold.js';
import { FLAGS } from '../js/slim.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'];

function row(id, { priority = 2, state = 'unacknowledged', raisedAt = 0, folded = false, ...rest } = {}) {
  return {
    id, priority, severity: SEVERITIES[priority - 1], state, raisedAt, version: 1, area: '05443', source: 'fire',
    rule: 'r', title: `title ${id}`, flags: FLAGS.active | (folded ? FLAGS.folded : 0), owner: null, until: null,
    incident: null, hidden: null, ...rest,
  };
}

function world(...rows) {
  const index = new AlarmIndex();
  for (const each of rows) index.apply(each);
  const model = new ListModel(index, ({ title }) => [title]);
  model.setView({}, null);
  model.build();
  return { index, model };
}

test('priority 1 is above the list under every filter, and in it only when the strip is full', () => {
  const { index, model } = world(...Array.from({ length: 6 }, (_, i) => row(`p${i}`, { priority: 1, raisedAt: -i })), row('x'));
  assert.deepEqual([model.pinned, model.rest], [['p0', 'p1', 'p2', 'p3'], 2]);
  assert.deepEqual(model.ids, ['p4', 'p5', 'x']);
  model.setView({ severity: ['low'] }, null);
  model.build();
  assert.deepEqual([model.pinned.length, model.ids], [4, []]);
  assert.equal(model.shown() + model.covered().n, index.size);
});

test('a held list notes what comes and what leaves; a new priority 1 is below it at once, and moves nothing', () => {
  const { index, model } = world(row('a'), row('b'));
  index.apply(row('c'));
  index.ended('b', 9);
  index.apply(row('fire', { priority: 1 }));
  model.note(['c', 'b', 'fire']);
  assert.deepEqual([model.ids, model.arrivals, model.isGone('b')], [['a', 'b'], 1, true]);
  assert.deepEqual([model.pinned, model.newcomers], [[], ['fire']]);
  assert.equal(model.row('b').title, 'title b');
  model.build();
  assert.deepEqual(model.ids, ['a', 'c']);
});

test('a hand on the list doubles no priority 1 that the strip had no room for', () => {
  const { index, model } = world(...Array.from({ length: 7 }, (_, i) => row(`p${i}`, { priority: 1, raisedAt: -i })), row('x'));
  model.note([]);
  assert.deepEqual([model.pinned, model.rest, model.ids], [['p0', 'p1', 'p2', 'p3'], 3, ['p4', 'p5', 'p6', 'x']]);
  index.apply(row('new', { priority: 1, raisedAt: 9 }));
  model.note(['new']);
  assert.deepEqual([model.pinned.length, model.rest, model.newcomers], [4, 3, ['new']]);
  for (let n = 0; n < 5; n += 1) index.apply(row(`more${n}`, { priority: 1 }));
  model.note([]);
  assert.deepEqual([model.newcomers.length, model.newRest, model.rest], [4, 2, 3]);
  model.build();
  assert.deepEqual([model.pinned[0], model.rest, model.newcomers, model.newRest], ['new', 9, [], 0]);
});

test('one that becomes priority 1 under the hand keeps its line, and is counted as one more', () => {
  const { index, model } = world(row('a'), row('b'), row('c'));
  index.apply(row('b', { priority: 1, version: 2 }));
  model.note(['b']);
  assert.deepEqual([model.newcomers, model.newRest, model.ids], [[], 1, ['a', 'b', 'c']]);
  const steps = [];
  for (let at = model.step(null, 1); steps.at(-1) !== at; at = model.step(at, 1)) steps.push(at);
  assert.deepEqual(steps, ['a', 'b', 'c']);
});

test('shown, waiting, covered and hidden are all open alarms after any change, held or not', () => {
  let seed = 11;
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return (seed >> 8) % n; };
  const states = ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed'];
  const { index, model } = world();
  const versions = new Map();
  for (const view of [{}, { severity: ['high', 'low'] }, { state: ['unacknowledged'] }]) {
    model.setView(view, null);
    model.build();
    for (let i = 0; i < 2000; i += 1) {
      const id = `a${random(120)}`;
      const version = (versions.get(id) ?? 0) + 1;
      versions.set(id, version);
      if (random(4) === 0) index.ended(id, version);
      else {
        index.apply(row(id, {
          priority: random(4) + 1, state: states[random(5)], version, folded: random(3) === 0, rule: `r${random(3)}`,
        }));
      }
      if (random(10) === 0) model.build();
      else model.note([id]);
      const ringing = index.all().filter(isAnnunciated).length;
      if (random(10) === 0) {
        model.build();
        assert.equal(model.shown() + model.covered().n, ringing, JSON.stringify(view));
        assert.equal(model.arrivals, 0);
      }
    }
  }
});

test('one of a group that becomes priority 1 under the hand comes out of it, and is counted once', () => {
  const { index, model } = world(row('a', { folded: true }), row('b'), row('c'));
  index.apply(row('b', { priority: 1, version: 2 }));
  model.note(['b']);
  assert.deepEqual([model.newcomers, model.newRest, model.shown()], [['b'], 0, 3]);
  model.build();
  assert.deepEqual([model.pinned, model.shown()], [['b'], 3]);
});

test('priority 1 that somebody has shelved stands neither above nor in the list', () => {
  const { model } = world(row('a', { priority: 1 }), row('s', { priority: 1, state: 'shelved' }), row('r', { priority: 1, state: 'returned' }));
  assert.deepEqual([model.pinned, model.ids, model.shown()], [['a', 'r'], [], 2]);
});

test('a group opens and closes, and when the flood is over its alarms stand alone', () => {
  const { index, model } = world(row('a', { folded: true }), row('b'), row('c', { rule: 'other' }));
  const [key] = model.ids.filter((id) => id.startsWith('group:'));
  assert.equal(model.ids.length, 2);
  assert.equal(model.summary(key).n, 2);
  assert.equal(model.fold(key, true), true);
  assert.equal(model.fold(key, true), false);
  model.build();
  assert.deepEqual([model.ids.length, model.shown()], [4, 3]);
  index.apply(row('a', { version: 2 }));
  model.note(['a']);
  model.build();
  assert.deepEqual(model.ids.filter((id) => id.length === 1).sort(), ['a', 'b', 'c']);
  assert.equal(model.shown(), 3);
});

test('a group whose alarms have all ended under the hand says what it said, and that it is over', () => {
  const { index, model } = world(row('a', { folded: true }), row('b'), row('c', { rule: 'other' }));
  const [key] = model.ids.filter((id) => id.startsWith('group:'));
  for (const id of ['a', 'b']) index.ended(id, 9);
  model.note(['a', 'b']);
  assert.deepEqual([model.isGone(key), model.summary(key).n, model.summary(key).rule], [true, 2, 'r']);
  model.build();
  assert.deepEqual(model.ids, ['c']);
});

test('what the list holds is what can be seen of it: in it, above it, inside a group', () => {
  const { model } = world(row('p', { priority: 1 }), row('a', { folded: true }), row('b'), row('c', { rule: 'other' }));
  assert.deepEqual(['p', 'a', 'b', 'c', 'x'].map((id) => model.holds(id)), [true, true, true, true, false]);
  model.setView({ rule: 'other' }, null);
  model.build();
  assert.deepEqual(['p', 'a', 'b', 'c'].map((id) => model.holds(id)), [true, false, false, true]);
});

test('an alarm that becomes priority 1 under the hand stands above when the list is let go; it is counted once', () => {
  const { index, model } = world(row('a'), row('b'));
  index.apply(row('a', { priority: 1, version: 2 }));
  model.note(['a']);
  assert.deepEqual([model.newcomers, model.ids, model.isGone('a'), model.shown()], [[], ['a', 'b'], false, 2]);
  model.build();
  assert.deepEqual([model.pinned, model.ids], [['a'], ['b']]);
});

test('a search is looked for in slices, its best hits come first, and what changes is taken in', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => row(`a${String(i).padStart(4, '0')}`, { title: 'Ngập nước' }));
  rows[4999].title = 'Báo cháy';
  rows[10].title = 'Cháyx';
  const { index, model } = world(...rows);
  model.setView({ q: 'chay' }, matcher('chay'));
  assert.equal(model.searchOn(), false);
  assert.equal(model.isSearching, true);
  index.apply(row('new', { title: 'cháy rừng' }));
  model.heard(['new']);
  while (!model.searchOn()) assert.equal(model.isSearching, true);
  model.build();
  assert.deepEqual(model.ids, ['a0010', 'a4999', 'new']);
  assert.equal(model.marks('a4999').length, 1);
});

test('the list stays as it was until a search is through: half an answer is none', () => {
  const rows = Array.from({ length: 5000 }, (_, i) => row(`a${String(i).padStart(4, '0')}`, { title: 'Báo cháy' }));
  const { index, model } = world(...rows);
  model.build();
  model.setView({ q: 'chay' }, matcher('chay'));
  assert.equal(model.searchOn(), false);
  model.build();
  assert.equal(model.ids.length, 5000, 'a build that others asked for');
  index.apply(row('a4999', { title: 'Báo cháy', version: 9 }));
  model.note(['a4999']);
  assert.equal(model.isGone('a4999'), false, 'a held list has nothing that is not there any more');
  model.setView({ q: 'ngap' }, matcher('ngap'));
  while (!model.searchOn());
  model.build();
  assert.deepEqual(model.ids, []);
});

test('a search finds a commune by a name that came after it was first looked for', () => {
  const index = new AlarmIndex();
  let name = '19001';
  const model = new ListModel(index, ({ title }) => [title, name]);
  index.apply(row('a'));
  const found = () => {
    model.setView({ q: 'dai tu' }, matcher('dai tu'));
    while (model.isSearching) model.searchOn();
    model.build();
    return model.ids;
  };
  assert.deepEqual(found(), []);
  name = 'Xã Đại Từ';
  model.heard(null);
  assert.deepEqual(found(), ['a']);
});

test('what a first search would read is read while it is typed, each alarm once', () => {
  const index = new AlarmIndex();
  for (let i = 0; i < 1200; i += 1) index.apply(row(`a${i}`));
  let n = 0;
  const model = new ListModel(index, ({ title }) => {
    n += 1;
    return [title];
  });
  const ahead = model.ahead();
  while (ahead.isSearching) ahead.searchOn();
  assert.equal(n, 1200);
  model.setView({ q: 'title' }, matcher('title'));
  while (model.isSearching) model.searchOn();
  model.build();
  assert.deepEqual([n, model.ids.length], [1200, 1200]);
});

test('ids are looked into only when that is asked for', () => {
  const { model } = world(row('0198abcd', { title: 'Khói' }));
  const found = (hasIds) => {
    model.setView({ q: '98abcd' }, matcher('98abcd'), hasIds);
    while (model.isSearching) model.searchOn();
    model.build();
    return model.ids;
  };
  assert.deepEqual([found(false), found(true)], [[], ['0198abcd']]);
});

test('a search finds what came later with a whole page, and forgets what has left with one', () => {
  const { index, model } = world(row('known', { title: 'Báo cháy' }));
  model.setView({ q: 'chay' }, matcher('chay'));
  while (!model.searchOn());
  model.build();
  index.apply(row('page', { title: 'Cháy rừng' }));
  index.ended('known', 9);
  model.heard(null);
  assert.equal(model.isSearching, true);
  while (!model.searchOn());
  model.build();
  assert.deepEqual([model.ids, model.isSearching, model.marks('known').length], [['page'], false, 0]);
});

test('the alarm beside another is found over the heads of groups, and none beyond an end', () => {
  const { model } = world(row('p', { priority: 1 }), row('a', { folded: true }), row('b'), row('z', { rule: 'other', raisedAt: -9 }));
  assert.deepEqual([model.neighbour('p', 1), model.neighbour('z', -1)], ['z', 'p']);
  assert.deepEqual([model.neighbour('z', 1), model.neighbour('p', -1), model.neighbour('left', 1)], [null, null, null]);
});

test('steps go from the strip into the list, and stay on it', () => {
  const { model } = world(row('p', { priority: 1 }), row('a'));
  for (const [from, by, to] of [[null, 1, 'p'], [null, -1, 'a'], [null, -Infinity, 'p'], [null, Infinity, 'a'], ['p', 1, 'a'], ['a', 5, 'a'], ['a', -1, 'p'], ['left', 1, 'p']]) {
    assert.equal(model.step(from, by), to, `${from} ${by}`);
  }
  assert.equal(world().model.step(null, 1), null);
});

test('under a filter steps begin with what was found; what only its priority brings here comes by single steps up', () => {
  const { model } = world(
    row('sos1', { priority: 1, raisedAt: 4, source: 'citizen' }), row('fire', { priority: 1, raisedAt: 3 }),
    row('sos2', { priority: 1, raisedAt: 2, source: 'citizen' }), row('a', { raisedAt: 1 }), row('b'),
  );
  model.setView({ source: ['fire'] }, null);
  model.build();
  assert.deepEqual(model.all, ['sos1', 'sos2', 'fire', 'a', 'b'], 'a hit of the strip stands beside the others');
  assert.deepEqual(model.all.filter((id) => model.isOutside(id)), ['sos1', 'sos2']);
  for (const by of [1, -Infinity]) assert.equal(model.step(null, by), 'fire');
  for (const from of ['fire', 'a', 'b']) assert.equal(model.step(from, -Infinity), 'fire');
  assert.deepEqual([model.step(null, Infinity), model.step('fire', 20), model.step('b', -20)], ['b', 'b', 'fire']);
  assert.deepEqual([model.step('fire', -1), model.step('sos2', 1), model.step('sos1', Infinity)], ['sos2', 'fire', 'b']);
});

test('a search without a hit leads nowhere down, and up to what is always shown', () => {
  const { model } = world(row('p', { priority: 1 }), row('q', { priority: 1, raisedAt: 1 }));
  model.setView({ source: ['camera'] }, null);
  model.build();
  assert.deepEqual([model.step(null, 1), model.step(null, -Infinity), model.step(null, -1)], [null, 'p', 'p']);
  assert.deepEqual([model.step('p', -1), model.step('q', 1)], ['q', 'p']);
});

test('a priority 1 that ends under the hand says what it said, and that it is over', () => {
  const { index, model } = world(row('p', { priority: 1 }), row('a'));
  index.apply(row('new', { priority: 1 }));
  model.note(['new']);
  index.ended('p', 9);
  index.ended('new', 9);
  model.note(['p', 'new']);
  for (const id of ['p', 'new']) assert.deepEqual([model.row(id)?.title, model.isGone(id), model.hasEnded(id)], [`title ${id}`, true, true]);
  assert.deepEqual([model.pinned, model.newcomers], [['p'], ['new']]);
});

test('what only leaves the filter under the hand has not ended', () => {
  const { index, model } = world(row('a'), row('b'));
  model.setView({ state: ['unacknowledged', 'returned'] }, null);
  model.build();
  index.apply(row('a', { state: 'acknowledged', version: 2 }));
  model.note(['a']);
  assert.deepEqual([model.isGone('a'), model.hasEnded('a')], [true, false]);
});
