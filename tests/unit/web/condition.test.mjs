import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Condition } from '../js/condition.js';
import { JumpWatch, ServerClock } from '../js/clock.js';

const S = 1000;

function live() {
  const condition = new Condition(0);
  condition.heard(1 * S);
  condition.snapshot(1 * S);
  return condition;
}

test('before the first snapshot the screen is loading, and stale when none comes', () => {
  const condition = new Condition(0);
  assert.equal(condition.at(14 * S).name, 'loading');
  for (let s = 1; s < 15; s += 1) condition.heard(s * S); // heartbeats are no snapshot
  assert.equal(condition.at(15 * S).name, 'stale');
});

test('heartbeats every ten seconds keep the screen live', () => {
  const condition = live();
  for (let s = 10; s < 3600; s += 10) {
    condition.heard(s * S);
    assert.equal(condition.at((s + 9) * S, 'healthy').name, 'live');
  }
});

test('fifteen seconds of silence are stale, sixty are a lost alarm system', () => {
  const condition = live();
  assert.equal(condition.at(15.9 * S, 'healthy').name, 'live');
  assert.equal(condition.at(16 * S, 'healthy').name, 'stale');
  assert.equal(condition.at(60 * S, 'healthy').name, 'stale');
  assert.equal(condition.at(61 * S, 'healthy').name, 'lost');
  assert.equal(condition.heardAt, 1 * S);
});

test('only a snapshot ends stale, and ten seconds long it says so', () => {
  const condition = live();
  condition.at(20 * S, 'healthy');
  condition.heard(21 * S);
  assert.equal(condition.at(21 * S, 'healthy').name, 'stale');
  assert.equal(condition.heardAt, 1 * S, 'the figures are still the old ones');
  condition.snapshot(22 * S);
  assert.deepEqual(condition.at(22 * S, 'healthy'), { name: 'live', stale: false, back: 'back' });
  condition.heard(30 * S);
  assert.equal(condition.at(31 * S, 'healthy').back, 'back');
  assert.equal(condition.at(32 * S, 'healthy').back, null);
});

test('a reset is said as a reload, also without a silence', () => {
  const condition = live();
  condition.reset();
  condition.snapshot(5 * S);
  assert.equal(condition.at(5 * S, 'healthy').back, 'reloaded');
  assert.equal(condition.at(15 * S, 'healthy').back, null);
});

test('the first snapshot is not a reconnection', () => {
  const condition = new Condition(0);
  condition.reset();
  condition.snapshot(1 * S);
  assert.equal(condition.at(2 * S, 'healthy').back, null);
});

test('stopped processing is a lost alarm system although the feed is alive', () => {
  const condition = live();
  assert.deepEqual(condition.at(2 * S, 'stopped'), { name: 'lost', stale: false, back: null });
  assert.equal(condition.at(2 * S, 'degraded').name, 'live');
  assert.equal(condition.at(2 * S, 'healthy').name, 'live');
});

test('after a sleep the screen is stale at once, not lost, until a snapshot', () => {
  const condition = live();
  condition.jumped(3600 * S);
  assert.equal(condition.at(3600 * S, 'healthy').name, 'stale');
  condition.snapshot(3601 * S);
  assert.equal(condition.at(3601 * S, 'healthy').name, 'live');
});

test('a gap of more than five seconds on either clock is a jump, also backwards', () => {
  const watch = new JumpWatch(100 * S, 0);
  assert.equal(watch.jumped(101 * S, 1 * S), false);
  assert.equal(watch.jumped(104 * S, 4 * S), false);
  assert.equal(watch.jumped(164 * S, 5 * S), true, 'slept, and the steady clock slept too');
  assert.equal(watch.jumped(165 * S, 65 * S), true, 'the timer did not run');
  assert.equal(watch.jumped(100 * S, 66 * S), true, 'somebody set the clock back');
  assert.equal(watch.jumped(101 * S, 67 * S), false);
});

test('the clock is the server\'s, and a late message does not turn it back', () => {
  const clock = new ServerClock(500 * S);
  assert.equal(clock.at(1 * S), 501 * S);
  clock.hear(1000 * S, 10 * S);
  assert.equal(clock.at(12 * S), 1002 * S);
  clock.hear(1009.5 * S, 20 * S); // half a second on the way
  assert.equal(clock.at(20 * S), 1010 * S);
  clock.hear(2000 * S, 30 * S); // the server's clock was set
  assert.equal(clock.at(30 * S), 2000 * S);
});
