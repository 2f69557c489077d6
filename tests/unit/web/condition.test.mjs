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
  assert.equal(condition.at(13 * S).name, 'loading');
  for (let s = 1; s < 14; s += 1) condition.heard(s * S); // heartbeats are no snapshot
  assert.equal(condition.at(14 * S).name, 'stale');
});

test('heartbeats every ten seconds keep the screen live', () => {
  const condition = live();
  for (let s = 10; s < 3600; s += 10) {
    condition.heard(s * S);
    assert.equal(condition.at((s + 9) * S, { processing: 'healthy' }).name, 'live');
  }
});

test('fourteen seconds of silence are stale, so that a screen says it within fifteen; sixty are a lost alarm system', () => {
  const condition = live();
  assert.equal(condition.at(14.9 * S, { processing: 'healthy' }).name, 'live');
  assert.equal(condition.at(15 * S, { processing: 'healthy' }).name, 'stale');
  assert.equal(condition.at(60 * S, { processing: 'healthy' }).name, 'stale');
  assert.equal(condition.at(61 * S, { processing: 'healthy' }).name, 'lost');
  assert.equal(condition.heardAt, 1 * S);
});

test('only a snapshot ends stale, and ten seconds long it says so', () => {
  const condition = live();
  condition.at(20 * S, { processing: 'healthy' });
  condition.heard(21 * S);
  assert.equal(condition.at(21 * S, { processing: 'healthy' }).name, 'stale');
  assert.equal(condition.heardAt, 1 * S, 'the figures are still the old ones');
  condition.snapshot(22 * S);
  assert.deepEqual(condition.at(22 * S, { processing: 'healthy' }), { name: 'live', stale: false, back: 'back' });
  condition.heard(30 * S);
  assert.equal(condition.at(31 * S, { processing: 'healthy' }).back, 'back');
  assert.equal(condition.at(32 * S, { processing: 'healthy' }).back, null);
});

test('a reset is said as a reload, also without a silence', () => {
  const condition = live();
  condition.reset();
  condition.snapshot(5 * S);
  assert.equal(condition.at(5 * S, { processing: 'healthy' }).back, 'reloaded');
  assert.equal(condition.at(15 * S, { processing: 'healthy' }).back, null);
});

test('the first snapshot is not a reconnection', () => {
  const condition = new Condition(0);
  condition.reset();
  condition.snapshot(1 * S);
  assert.equal(condition.at(2 * S, { processing: 'healthy' }).back, null);
});

test('stopped processing is a lost alarm system although the feed is alive', () => {
  const condition = live();
  assert.deepEqual(condition.at(2 * S, { processing: 'stopped' }), { name: 'lost', stale: false, back: null });
  assert.equal(condition.at(2 * S, { processing: 'degraded' }).name, 'live');
  assert.equal(condition.at(2 * S, { processing: 'healthy' }).name, 'live');
});

test('numbers of more than fifteen seconds ago are stale although heartbeats come', () => {
  const condition = live();
  const asOfMs = 1_000_000;
  let beat = 1;
  const at = (s, ageS) => {
    for (; beat <= s; beat += 1) condition.heard(beat * S);
    return condition.at(s * S, { processing: 'healthy', asOfMs, serverNowMs: asOfMs + ageS * S });
  };
  assert.equal(at(10, 11.3).name, 'live', 'a beat and a reading are never that late');
  assert.equal(at(20, 16).name, 'stale');
  assert.equal(condition.heardAt, 4 * S, 'the figures are of then');
  assert.equal(at(63, 59).name, 'stale');
  assert.equal(at(65, 61).name, 'lost');
  assert.deepEqual(at(66, 1), { name: 'live', stale: false, back: 'back' }, 'nothing was missed: no snapshot needed');
  assert.equal(at(76, 1).back, null);
});

test('another connection is wanted when the feed was silent, not while only the numbers are old', () => {
  const condition = live();
  const asOfMs = 1_000_000;
  const server = (ageS) => ({ processing: 'healthy', asOfMs, serverNowMs: asOfMs + ageS * S });
  condition.heard(10 * S);
  assert.equal(condition.at(20 * S, server(40)).name, 'stale');
  assert.equal(condition.wantsSnapshot, false);
  assert.equal(condition.at(25 * S, server(45)).name, 'stale');
  assert.equal(condition.wantsSnapshot, true, 'and now it is silent, too');
  condition.snapshot(26 * S);
  assert.equal(condition.wantsSnapshot, false);
});

test('a minute behind what happens is a lost alarm system', () => {
  const condition = live();
  assert.equal(condition.at(2 * S, { processing: 'degraded', lagS: 60 }).name, 'live');
  assert.equal(condition.at(2 * S, { processing: 'degraded', lagS: 60.1 }).name, 'lost');
});

test('after a sleep the screen is stale at once, not lost, until a snapshot', () => {
  const condition = live();
  condition.jumped(3600 * S);
  assert.equal(condition.at(3600 * S, { processing: 'healthy' }).name, 'stale');
  condition.snapshot(3601 * S);
  assert.equal(condition.at(3601 * S, { processing: 'healthy' }).name, 'live');
});

test('clocks that part, or a quarter of a minute on both, are a jump', () => {
  const watch = new JumpWatch(100 * S, 0);
  assert.equal(watch.jumped(101 * S, 1 * S), false);
  assert.equal(watch.jumped(104 * S, 5 * S), false, 'a clock that is set by a second');
  assert.equal(watch.jumped(164 * S, 6 * S), true, 'slept, and the steady clock slept too');
  assert.equal(watch.jumped(168 * S, 7 * S), true, 'slept for three seconds');
  assert.equal(watch.jumped(184 * S, 23 * S), true, 'slept, and the steady clock went on');
  assert.equal(watch.jumped(100 * S, 24 * S), true, 'somebody set the clock back');
  assert.equal(watch.jumped(101 * S, 25 * S), false);
});

test('a page that was busy for ten seconds has not slept', () => {
  const watch = new JumpWatch(100 * S, 0);
  assert.equal(watch.jumped(110 * S, 10 * S), false);
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

test('the timer of a page that nobody sees may be a minute late: that is no sleep', () => {
  const watch = new JumpWatch(0, 0);
  assert.equal(watch.jumped(60 * S, 60 * S, true), false);
  assert.equal(watch.jumped(120 * S, 120 * S, true), false);
  assert.equal(watch.jumped(150 * S, 150 * S, false), false, 'it is seen again');
  assert.equal(watch.jumped(180 * S, 180 * S, false), true);
  assert.equal(watch.jumped(181 * S, 181 * S, true), false);
  assert.equal(watch.jumped(3781 * S, 3781 * S, true), true, 'an hour is a sleep, seen or not');
});
