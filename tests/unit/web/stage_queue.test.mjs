import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LEAVE_MS, StageQueue, STAGE_MS, TURN_MS } from '../js/wall/stage_queue.js';

const S = 1000;
const T0 = Date.parse('2026-11-22T07:00:00Z');

function fire(id, atMs, changes = {}) {
  return {
    id, severity: 'critical', priority: 1, state: 'unacknowledged', version: 1, ended_at: null,
    raised_at: new Date(atMs).toISOString(), ...changes,
  };
}

function looked(queue, nowMs) {
  queue.tick(nowMs);
  const { kind, rows, rest, band } = queue.stage(nowMs);
  return { kind, rows: rows.map(({ id }) => id), rest: rest.map(({ id }) => id), band: band.map(({ id }) => id) };
}

function opened() {
  const queue = new StageQueue();
  queue.snapshot([], T0);
  return queue;
}

test('a new priority 1 takes the stage at once; a lower one never does', () => {
  const queue = opened();
  queue.alarm(fire('a', T0, { severity: 'high', priority: 2 }), T0);
  assert.equal(looked(queue, T0).kind, 'none');
  queue.alarm(fire('b', T0), T0 + 1);
  assert.deepEqual(looked(queue, T0 + 1), { kind: 'one', rows: ['b'], rest: [], band: [] });
});

test('an alarm that becomes critical takes the stage, and one that comes back unacknowledged does again', () => {
  const queue = opened();
  queue.alarm(fire('a', T0, { severity: 'high', priority: 2 }), T0);
  queue.alarm(fire('a', T0, { version: 2 }), T0 + 5 * S);
  assert.deepEqual(looked(queue, T0 + 5 * S).rows, ['a']);
  queue.alarm(fire('a', T0, { version: 3, state: 'acknowledged' }), T0 + 6 * S);
  assert.equal(looked(queue, T0 + 17 * S).kind, 'none');
  queue.alarm(fire('a', T0, { version: 4 }), T0 + 1800 * S);
  assert.deepEqual(looked(queue, T0 + 1800 * S).rows, ['a']);
});

test('a repeat, a comment or an assignment restarts nothing', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  for (let s = 0; s <= 119; s += 1) {
    queue.alarm(fire('a', T0, { version: 2 + s, assignee: 'Trực ban' }), T0 + s * S);
    assert.deepEqual(looked(queue, T0 + s * S).rows, ['a']);
  }
  assert.deepEqual(looked(queue, T0 + STAGE_MS), { kind: 'none', rows: [], rest: ['a'], band: ['a'] });
  queue.alarm(fire('a', T0, { version: 200 }), T0 + STAGE_MS + S);
  assert.deepEqual(looked(queue, T0 + STAGE_MS + S).band, ['a']);
});

for (const [what, change] of [
  ['acknowledged', { state: 'acknowledged', acknowledged_by: 'Hằng' }],
  ['ended', { state: 'normal', ended_at: new Date(T0).toISOString() }],
  ['no longer critical', { severity: 'high', priority: 2 }],
]) {
  test(`one that is ${what} leaves after ten seconds, in which that is read`, () => {
    const queue = opened();
    queue.alarm(fire('a', T0), T0);
    looked(queue, T0);
    queue.alarm(fire('a', T0, { version: 2, ...change }), T0 + 30 * S);
    assert.deepEqual(looked(queue, T0 + 30 * S).rows, ['a']);
    assert.deepEqual(looked(queue, T0 + 30 * S + LEAVE_MS - 1).rows, ['a']);
    assert.deepEqual(looked(queue, T0 + 30 * S + LEAVE_MS), { kind: 'none', rows: [], rest: [], band: [] });
  });
}

test('one whose condition is over waits on, on the stage and in the band, until it is acknowledged', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  queue.alarm(fire('a', T0, { version: 2, state: 'returned' }), T0 + 30 * S);
  assert.deepEqual(looked(queue, T0 + 60 * S).rows, ['a']);
  assert.deepEqual(looked(queue, T0 + STAGE_MS).band, ['a']);
  assert.deepEqual(looked(queue, T0 + 3600 * S).band, ['a']);
  queue.alarm(fire('a', T0, { version: 3, state: 'normal', ended_at: new Date(T0).toISOString() }), T0 + 3601 * S);
  assert.deepEqual(looked(queue, T0 + 3601 * S), { kind: 'none', rows: [], rest: [], band: [] });
});

test('one that had returned to normal and begins again takes the stage again', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  queue.alarm(fire('a', T0, { version: 2, state: 'returned' }), T0 + 30 * S);
  assert.deepEqual(looked(queue, T0 + 600 * S).band, ['a']);
  queue.alarm(fire('a', T0, { version: 3 }), T0 + 601 * S);
  assert.deepEqual(looked(queue, T0 + 601 * S).rows, ['a']);
});

test('one in the band that is acknowledged just leaves it', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  assert.deepEqual(looked(queue, T0 + STAGE_MS).band, ['a']);
  queue.alarm(fire('a', T0, { state: 'acknowledged' }), T0 + STAGE_MS + S);
  assert.deepEqual(looked(queue, T0 + STAGE_MS + S), { kind: 'none', rows: [], rest: [], band: [] });
});

test('several take turns of twenty seconds, newest first, and the others are counted', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  looked(queue, T0);
  queue.alarm(fire('b', T0), T0 + 5 * S);
  assert.deepEqual(looked(queue, T0 + 5 * S), { kind: 'one', rows: ['b'], rest: ['a'], band: [] });
  assert.deepEqual(looked(queue, T0 + 5 * S + TURN_MS - 1).rows, ['b']);
  assert.deepEqual(looked(queue, T0 + 5 * S + TURN_MS).rows, ['a']);
  assert.deepEqual(looked(queue, T0 + 5 * S + 2 * TURN_MS).rows, ['b']);
});

test('the next is not shown before the answer of the last one was read', () => {
  const queue = opened();
  queue.alarm(fire('a', T0), T0);
  queue.alarm(fire('b', T0), T0 + 1);
  looked(queue, T0 + 1);
  queue.alarm(fire('b', T0, { state: 'acknowledged' }), T0 + 2 * S);
  assert.deepEqual(looked(queue, T0 + 11 * S).rows, ['b']);
  assert.deepEqual(looked(queue, T0 + 12 * S).rows, ['a']);
});

test('more than three within a minute are a list of six; it ends when three are left', () => {
  const queue = opened();
  for (let i = 0; i < 8; i += 1) queue.alarm(fire(`a${i}`, T0), T0 + i * S);
  const { kind, rows, rest } = looked(queue, T0 + 8 * S);
  assert.equal(kind, 'list');
  assert.deepEqual(rows, ['a7', 'a6', 'a5', 'a4', 'a3', 'a2']);
  assert.deepEqual(rest, ['a1', 'a0']);
  assert.equal(looked(queue, T0 + 100 * S).kind, 'list', 'they are not torn apart after the minute');
  for (let i = 0; i < 5; i += 1) queue.alarm(fire(`a${i}`, T0, { state: 'acknowledged' }), T0 + 101 * S);
  assert.equal(looked(queue, T0 + 101 * S).kind, 'one');
});

test('three spread over time are no rush', () => {
  const queue = opened();
  for (let i = 0; i < 4; i += 1) queue.alarm(fire(`a${i}`, T0), T0 + i * 30 * S);
  assert.equal(looked(queue, T0 + 91 * S).kind, 'one');
});

test('at the first look old ones stand in the band, young ones on the stage', () => {
  const queue = new StageQueue();
  queue.snapshot([fire('old', T0 - 300 * S), fire('young', T0 - 30 * S)], T0);
  assert.deepEqual(looked(queue, T0), { kind: 'one', rows: ['young'], rest: ['old'], band: [] });
});

test('one that came while nobody could see it takes the stage when the picture is back', () => {
  const queue = opened();
  queue.snapshot([fire('unseen', T0 + 10 * S)], T0 + 400 * S);
  assert.deepEqual(looked(queue, T0 + 400 * S).rows, ['unseen']);
  queue.snapshot([], T0 + 500 * S);
  assert.deepEqual(looked(queue, T0 + 511 * S), { kind: 'none', rows: [], rest: [], band: [] });
});

test('what is known stays bounded', () => {
  const queue = opened();
  for (let i = 0; i < 2000; i += 1) queue.alarm(fire(`a${i}`, T0), T0);
  queue.tick(T0);
  const { rows, rest } = queue.stage(T0);
  assert.equal(rows.length + rest.length, 500);
});

test('a new one takes the stage however many wait', () => {
  const queue = opened();
  for (let i = 0; i < 600; i += 1) queue.alarm(fire(`a${i}`, T0), T0);
  queue.tick(T0 + STAGE_MS);
  queue.alarm(fire('new', T0 + STAGE_MS), T0 + STAGE_MS);
  assert.deepEqual(looked(queue, T0 + STAGE_MS).rows, ['new']);
});
