import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kindOf, PATTERNS, Rhythm, Sound } from '../js/sound.js';

const S = 1000;
const none = { 1: 0, 2: 0, 3: 0 };

test('the worst wins: the lost system, then 1, 2 and 3', () => {
  assert.equal(kindOf({ isLost: true, waiting: { 1: 5, 2: 5, 3: 5 } }), 'lost');
  assert.equal(kindOf({ waiting: { 1: 1, 2: 5, 3: 5 }, flood: true }), 1);
  assert.equal(kindOf({ waiting: { ...none, 2: 1, 3: 1 }, fresh: true }), 2);
  assert.equal(kindOf({ waiting: { ...none, 3: 1 }, fresh: true }), 3);
  assert.equal(kindOf({ waiting: { ...none, 3: 1 } }), null, 'a 3 sounds once, when it comes');
  assert.equal(kindOf({ waiting: none, flood: true }), null);
});

test('in a flood 2 and 3 share one pulse', () => {
  assert.equal(kindOf({ waiting: { ...none, 2: 40 }, flood: true }), 'flood');
  assert.equal(kindOf({ waiting: { ...none, 3: 40 }, flood: true }), 'flood');
  assert.equal(PATTERNS.flood.tones.length, 1);
});

test('no pattern is the three pulses of an evacuation', () => {
  for (const { tones } of Object.values(PATTERNS)) assert.notEqual(tones.length, 3);
});

function times(kinds) {
  const rhythm = new Rhythm();
  return kinds.flatMap((kind, s) => (rhythm.isDue(kind, s * S) ? [s] : []));
}

test('priority 1 sounds at once and every five seconds', () => {
  assert.deepEqual(times(Array(16).fill(1)), [0, 5, 10, 15]);
});

test('priority 2 and the lost system every thirty seconds, priority 3 once', () => {
  assert.deepEqual(times(Array(61).fill(2)), [0, 30, 60]);
  assert.deepEqual(times(Array(61).fill('lost')), [0, 30, 60]);
  assert.deepEqual(times([3, null, null, null, null, null, 3, null]), [0, 6]);
});

test('what is worse is not kept waiting by what is less', () => {
  const rhythm = new Rhythm();
  assert.ok(rhythm.isDue(2, 0));
  assert.ok(!rhythm.isDue(2, 5 * S));
  assert.ok(rhythm.isDue(1, 6 * S));
});

test('what follows another sound begins five seconds after it, not after a round of its own', () => {
  assert.deepEqual(times([1, ...Array(40).fill('lost')]), [0, 5, 35]);
  assert.deepEqual(times([1, ...Array(40).fill(2)]), [0, 5, 35]);
  assert.deepEqual(times([2, ...Array(6).fill(1)]), [0, 5]);
});

test('what is due can be silenced before it has begun', () => {
  const rhythm = new Rhythm();
  assert.ok(rhythm.isDue(1, 0));
  assert.ok(!rhythm.isDue(2, S));
  rhythm.silence(60 * S, S);
  assert.ok(!rhythm.isDue(2, 6 * S));
});

test('a kind that comes and goes does not sound each second', () => {
  assert.deepEqual(times([1, null, 1, null, 1, null, 1]), [0, 6]);
});

test('silence is for what sounds now: another kind is heard, and a new alarm ends it', () => {
  const rhythm = new Rhythm();
  assert.ok(rhythm.isDue(2, 0));
  rhythm.silence(60 * S, S);
  assert.ok(!rhythm.isDue(2, 30 * S));
  assert.ok(rhythm.isDue(1, 31 * S));
  rhythm.silence(60 * S, 32 * S);
  assert.ok(!rhythm.isDue(1, 40 * S));
  rhythm.wake();
  assert.ok(rhythm.isDue(1, 41 * S));
  rhythm.silence(60 * S, 42 * S);
  assert.ok(!rhythm.isDue(1, 101 * S));
  assert.ok(rhythm.isDue(1, 102 * S));
});

function machine(state) {
  const made = [];
  const param = () => ({ value: 0, setValueAtTime() {}, linearRampToValueAtTime() {} });
  const node = (more) => ({ ...more, connect: (other) => other, disconnect() {} });
  const context = {
    state, currentTime: 0, destination: {},
    createGain: () => node({ gain: param() }),
    createOscillator() {
      const tone = node({ frequency: param(), start() {}, stop(at) { this.stopsAt = at; } });
      made.push(tone);
      return tone;
    },
    async resume() { this.state = 'running'; },
    async suspend() { this.state = 'suspended'; },
  };
  const kept = new Map();
  const storage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  return { context, made, storage };
}

test('nobody asked: off, and nothing sounds', () => {
  const { context, made, storage } = machine('suspended');
  const sound = new Sound(() => context, storage);
  assert.equal(sound.state, 'off');
  assert.ok(!sound.play(1, 0));
  assert.equal(made.length, 0);
});

test('one press allows it for good; after a reload the browser may block it, and that is told', async () => {
  const { context, made, storage } = machine('suspended');
  const sound = new Sound(() => context, storage);
  await sound.allow();
  assert.equal(sound.state, 'on');
  assert.ok(sound.play(1, 0));
  assert.equal(made.length, 5);
  assert.ok(made.every(({ stopsAt }) => stopsAt > 0), 'every pulse ends');
  const reloaded = new Sound(() => machine('suspended').context, storage);
  assert.equal(reloaded.state, 'blocked');
  assert.ok(!reloaded.play(1, 0));
  sound.off();
  assert.equal(sound.state, 'off');
});

test('a machine that cannot sound says blocked instead of failing', async () => {
  const { storage } = machine('suspended');
  const sound = new Sound(() => { throw new Error('no audio'); }, storage);
  await sound.allow();
  assert.equal(sound.state, 'blocked');
});
