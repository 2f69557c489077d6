import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Announcer, URGENT_MAX } from '../js/console/announcer.js';

const rows = (...priorities) => priorities.map((priority, i) => ({ id: `${priority}${i}`, priority }));

test('a priority 1 is said at once, the next ones by name too, each five seconds after the other', () => {
  const announcer = new Announcer();
  const said = [];
  for (let s = 0; s < 20; s += 1) {
    const { urgent, summary } = announcer.hear(s === 0 ? rows(1, 1, 1) : [], s * 1000);
    if (urgent) said.push(`${s} ${urgent.id}`);
    assert.equal(summary, 0, 'nobody is counted who is said by name');
  }
  assert.deepEqual(said, ['0 10', '5 11', '10 12']);
});

test('what somebody has acknowledged before its turn is not said any more, and no name twice', () => {
  const announcer = new Announcer();
  announcer.hear(rows(1, 1, 1), 0);
  announcer.hear([{ id: '12', priority: 1 }], 1000);
  const isRinging = (id) => id !== '11';
  assert.equal(announcer.hear([], 5000, isRinging).urgent?.id, '12');
  assert.equal(announcer.hear([], 10_000, isRinging).urgent, null);
});

test('the rest is one number every fifteen seconds, and none is left out of it', () => {
  const announcer = new Announcer();
  let said = 0;
  let sentences = 0;
  for (let s = 0; s < 60; s += 1) {
    const { summary } = announcer.hear(rows(2, 3, 4), s * 1000);
    said += summary;
    sentences += Number(summary > 0);
  }
  said += announcer.hear([], 60_000).summary;
  assert.equal(said, 180);
  assert.ok(sentences <= 4, `${sentences}`);
});

test('more priority 1 alarms than a minute has room for are counted', () => {
  const announcer = new Announcer();
  const { urgent, summary } = announcer.hear(rows(...Array(URGENT_MAX + 2).fill(1)), 0);
  assert.ok(urgent);
  assert.equal(summary, 2);
});
