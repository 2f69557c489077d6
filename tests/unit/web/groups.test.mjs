import assert from 'node:assert/strict';
import { test } from 'node:test';

import { firstOuts, grouped, groupKey, isGroup, summary } from '../js/console/groups.js';
import { FLAGS } from '../js/slim.js';

function row(id, { priority = 3, folded = true, rule = 'silent', area = '05443', raisedAt = 0, state = 'unacknowledged' } = {}) {
  return { id, priority, rule, area, raisedAt, state, title: `title of ${id}`, flags: FLAGS.active | (folded ? FLAGS.folded : 0) };
}

const ROWS = [
  row('p1', { priority: 1 }), row('other', { folded: false, rule: 'r' }), row('a', { priority: 2, raisedAt: 5, folded: false }),
  row('b', { raisedAt: 1 }), row('x', { area: null }), row('c', { raisedAt: 9 }), row('s', { state: 'shelved' }),
];
const SILENT = groupKey(ROWS[2]);

test('a group that a flood has folded stands as one row, with its first alarm, where the most urgent would stand', () => {
  const { ids, members } = grouped(ROWS, new Set());
  assert.deepEqual(ids, ['p1', 'other', SILENT, 'x', 's']);
  assert.deepEqual(members.get(SILENT), ['a', 'b', 'c']);
  assert.deepEqual(ids.map(isGroup), [false, false, true, false, false]);
});

test('priority 1 is never in a group, and neither is one alarm alone nor one that is hidden', () => {
  assert.deepEqual(grouped([ROWS[0], row('p1b', { priority: 1 })], new Set()).ids, ['p1', 'p1b']);
  assert.deepEqual(grouped([ROWS[4]], new Set()).ids, ['x']);
  assert.deepEqual(grouped([ROWS[6], row('t', { state: 'shelved' })], new Set()).ids, ['s', 't']);
});

test('an opened group shows its alarms under its row, and no alarm is shown or counted twice', () => {
  const { ids, members } = grouped(ROWS, new Set([SILENT]));
  assert.deepEqual(ids, ['p1', 'other', SILENT, 'a', 'b', 'c', 'x', 's']);
  const inGroups = [...members.values()].flat();
  const alone = ids.filter((id) => !isGroup(id) && !inGroups.includes(id));
  assert.equal(inGroups.length + alone.length, ROWS.length);
});

test('without a flood the order is that of the rows', () => {
  const calm = ROWS.map((each) => ({ ...each, flags: FLAGS.active }));
  assert.deepEqual(grouped(calm, new Set([SILENT])).ids, calm.map(({ id }) => id));
});

test('a group says how many, how urgent, since when and which came first', () => {
  const byId = new Map(ROWS.map((each) => [each.id, each]));
  const said = summary(['a', 'b', 'c', 'left'], (id) => byId.get(id));
  assert.deepEqual(said, {
    n: 3, priority: 2, oldestAt: 1, oldest: 'b', rule: 'silent', area: '05443', title: 'title of b',
  });
  assert.equal(summary(['left'], () => null), null);
});

test('one alarm alone came first of nothing', () => {
  const told = [{ n: 3, first_out: 'a' }, { n: 1, first_out: 'b' }];
  assert.deepEqual([...firstOuts(told)], ['a']);
});
