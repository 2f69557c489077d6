import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canMove, markedAfter, planned, result } from '../js/console/bulk.js';
import { FLAGS } from '../js/slim.js';

const row = (id, fields = {}) => ({ id, priority: 3, state: 'unacknowledged', flags: FLAGS.active, ...fields });
const ids = (plan) => Object.fromEntries(Object.entries(plan).map(([name, rows]) => [name, rows.map(({ id }) => id)]));

test('of several alarms priority 1 and those for two persons are left out before anything is sent', () => {
  const rows = [
    row('a'), row('p1', { priority: 1 }), row('two', { flags: FLAGS.twoAcknowledge }), row('done', { state: 'acknowledged' }),
  ];
  assert.deepEqual(ids(planned('acknowledge', rows)), { send: ['a'], alone: ['p1'], two: ['two'], not: ['done'] });
  assert.deepEqual(ids(planned('close', [row('x'), row('c', { flags: FLAGS.twoClose })])).two, ['c']);
});

test('one alarm alone is sent whatever its priority', () => {
  assert.deepEqual(ids(planned('acknowledge', [row('p1', { priority: 1, flags: FLAGS.twoAcknowledge })])).send, ['p1']);
});

test('priority 1 is never in a bulk, whatever the move', () => {
  for (const [move, state] of [
    ['assign', 'acknowledged'], ['comment', 'shelved'], ['shelve', 'acknowledged'], ['unshelve', 'shelved'],
    ['close', 'returned'], ['return-to-service', 'out_of_service'],
  ]) {
    const plan = planned(move, [row('a', { state }), row('b', { state }), row('p1', { priority: 1, state })]);
    assert.deepEqual(ids(plan), { send: ['a', 'b'], alone: ['p1'], two: [], not: [] }, move);
  }
});

test('a move is made from the states that allow it', () => {
  for (const [move, state, can] of [
    ['acknowledge', 'returned', true], ['acknowledge', 'acknowledged', false], ['acknowledge', 'shelved', false],
    ['unacknowledge', 'acknowledged', true], ['shelve', 'suppressed', false], ['unshelve', 'shelved', true],
    ['return-to-service', 'out_of_service', true], ['remove-from-service', 'out_of_service', false],
    ['close', 'suppressed', true], ['comment', 'shelved', true],
  ]) assert.equal(canMove(move, row('a', { state })), can, `${move} ${state}`);
  const latched = row('a', { state: 'acknowledged', flags: FLAGS.latched });
  assert.equal(canMove('reset', latched), true);
  assert.equal(canMove('reset', { ...latched, flags: FLAGS.latched | FLAGS.active }), false);
});

test('the result of a bulk keeps what has to be looked at again', () => {
  const outcomes = [['a', 'done'], ['b', 'refused'], ['c', 'unknown'], ['d', 'waiting']].map(([id, became]) => ({ id, result: became }));
  assert.deepEqual(result(outcomes, 6), { done: 1, refused: 1, unknown: 1, waiting: 1, left: 2, keep: ['b', 'c'] });
});

test('after a bulk what was refused stays marked; other marks that were made meanwhile stay as they are', () => {
  const outcomes = [['a', 'done'], ['b', 'refused']].map(([id, became]) => ({ id, result: became }));
  assert.deepEqual(markedAfter(['a', 'b', 'p1'], ['a', 'b', 'p1'], outcomes, ['b']), ['b']);
  assert.deepEqual(markedAfter(['a', 'b'], ['x', 'y'], outcomes, ['b']), ['x', 'y']);
  assert.deepEqual(markedAfter(['a', 'b'], ['a', 'b', 'x'], outcomes, ['b']), ['b', 'x']);
  assert.deepEqual(markedAfter(['a', 'b'], [], outcomes, ['b']), [], 'marks that were taken away do not come back');
  assert.deepEqual(markedAfter(['a', 'b'], ['a', 'b'], [], []), ['a', 'b'], 'nothing was sent');
});
