import assert from 'node:assert/strict';
import { test } from 'node:test';

import { movesOf, stepLine, word, STATE_KEYS } from '../js/console/life.js';
import { factsOf, metres, nearRows, picturesOf, reliabilityOf } from '../js/console/proof.js';

const SAY = (key) => key;

test('each state offers its own moves, and an ended alarm only a remark', () => {
  assert.equal(movesOf({ state: 'unacknowledged', active: true })[0], 'acknowledge');
  assert.equal(movesOf({ state: 'acknowledged', active: true })[0], 'unacknowledge');
  assert.equal(movesOf({ state: 'returned', active: false })[0], 'acknowledge');
  assert.equal(movesOf({ state: 'shelved' })[0], 'unshelve');
  assert.equal(movesOf({ state: 'out_of_service' })[0], 'return-to-service');
  assert.ok(!movesOf({ state: 'suppressed' }).includes('shelve'));
  assert.deepEqual(movesOf({ state: 'normal', ended_at: '2026-11-22T07:00:00Z' }), ['comment']);
  assert.deepEqual(movesOf({ state: 'a state of tomorrow' }), ['comment']);
});

test('a latch is let go only when its condition is over and somebody knows', () => {
  const latched = { latched: true, active: false };
  assert.equal(movesOf({ ...latched, state: 'acknowledged' })[0], 'reset');
  assert.ok(!movesOf({ ...latched, state: 'unacknowledged' }).includes('reset'));
  assert.ok(!movesOf({ ...latched, active: true, state: 'acknowledged' }).includes('reset'));
});

test('a step names the state that it led to, when it led to one', () => {
  const step = { seq: 7, at: 'x', type: 'shelved', from_state: 'unacknowledged', to_state: 'shelved' };
  assert.equal(stepLine(step).to, 'shelved');
  assert.equal(stepLine({ ...step, type: 'commented', to_state: 'unacknowledged' }).to, null);
  assert.equal(stepLine({ ...step, type: 'closed', to_state: 'normal' }).to, null);
  assert.equal(word(STATE_KEYS, 'shelved', SAY), 'state.shelved');
  assert.equal(word(STATE_KEYS, 'new one', SAY), 'new one');
});

test('no device is not the same as no signal', () => {
  const none = { state: 'none', heard: 0, known: 0, silent: [] };
  assert.equal(reliabilityOf(none).key, 'evidence.no_device');
  const silent = { state: 'none', heard: 0, known: 2, silent: ['CAM-1', 'CAM-2'] };
  assert.deepEqual(reliabilityOf(silent), { key: 'evidence.none', values: { n: 0, of: 2, names: 'CAM-1, CAM-2' } });
  const many = { state: 'partial', heard: 1, known: 9, silent: ['a', 'b', 'c', 'd'] };
  assert.equal(reliabilityOf(many).values.names, 'a, b, c');
});

test('distances are written as people here write numbers', () => {
  assert.equal(metres(80.4, 'vi'), '80\u00a0m');
  assert.equal(metres(1234, 'vi'), '1,2\u00a0km');
  assert.equal(metres(1234, 'en'), '1.2\u00a0km');
  assert.equal(metres(null, 'vi'), null);
});

test('facts are shown in one order, and unknown ones are not', () => {
  const facts = { share: 0.4, n: 3, secret: 'x', oldest_at: '2026-11-22T07:00:00Z', value: null };
  assert.deepEqual(factsOf(facts).map(([key]) => key), ['fact.n', 'fact.share', 'fact.oldest_at']);
  assert.equal(factsOf(facts)[2][2], true);
  assert.deepEqual(factsOf(undefined), []);
});

test('each device says what it said last; the same name of another source is another device', () => {
  const devices = [{ source: 'fire', device: 'A' }, { source: 'camera', device: 'A' }];
  const events = [
    { source: 'fire', device: 'A', time: '2026-11-22T07:00:00Z', kind: 'smoke' },
    { source: 'fire', device: 'A', time: '2026-11-22T07:01:00Z', kind: 'heat' },
  ];
  const [fire, camera] = nearRows({ devices, events });
  assert.equal(fire.said.kind, 'heat');
  assert.equal(camera.said, null);
});

test('the newest pictures come first, and only as many as fit', () => {
  const events = [1, 3, 2].map((n) => ({ time: `2026-11-22T07:0${n}:00Z`, picture: `/p/${n}` }));
  const found = picturesOf({ events: [...events, { time: 'z', picture: null }] }, 2);
  assert.deepEqual(found.map(({ picture }) => picture), ['/p/3', '/p/2']);
});
