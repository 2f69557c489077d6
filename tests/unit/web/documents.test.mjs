import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ReloadPlan } from '../js/care.js';
import { Documents } from '../js/wall/documents.js';

const settled = () => new Promise((done) => setImmediate(done));

test('a document is fetched once per period, however many pages want it', async () => {
  const asked = [];
  const docs = new Documents(async (path) => {
    asked.push(path);
    return { path };
  });
  const keep = (now) => docs.keep('figures', () => '/figures', { now, steady: now, everyMs: 60_000 });
  keep(600_000);
  keep(600_000);
  assert.equal(docs.pending, 1);
  await settled();
  assert.deepEqual(asked, ['/figures']);
  assert.equal(docs.pending, 0);
  assert.deepEqual(docs.get('figures'), { path: '/figures' });
  keep(660_000 + 5000); // one period later, whatever the delay of this screen
  await settled();
  assert.equal(asked.length, 2);
  assert.equal(docs.version('figures'), 2);
});

test('another key is a reason to ask at once', async () => {
  let asked = 0;
  const docs = new Documents(async () => { asked += 1; });
  for (const key of [1, 1, 2]) {
    docs.keep('incident', () => '/x', { now: 0, steady: 0, key });
    await settled();
  }
  assert.equal(asked, 2);
});

test('a failure is told, the old answer stays, and it is tried again after ten seconds', async () => {
  let isAway = false;
  const docs = new Documents(async () => {
    if (isAway) throw new Error('away');
    return 'good';
  });
  const keep = async (now) => {
    docs.keep('d', () => '/d', { now, steady: now, everyMs: 1000 });
    await settled();
  };
  await keep(100_000);
  isAway = true;
  await keep(110_000);
  assert.ok(docs.isFailed('d'));
  assert.equal(docs.get('d'), 'good');
  isAway = false;
  await keep(119_000);
  assert.ok(docs.isFailed('d'), 'not yet');
  await keep(120_500);
  assert.ok(!docs.isFailed('d'));
  docs.forget('d');
  assert.equal(docs.get('d'), null);
});

test('figures that could not be read for five minutes are not told as those of now', async () => {
  let isAway = false;
  const docs = new Documents(async () => {
    if (isAway) throw new Error('away');
    return 'good';
  });
  const keep = async (now) => {
    docs.keep('d', () => '/d', { now, steady: now });
    await settled();
  };
  assert.equal(docs.current('d'), null);
  await keep(100_000);
  isAway = true;
  for (let now = 110_000; now < 400_000; now += 10_000) {
    await keep(now);
    assert.equal(docs.current('d'), 'good', String(now));
  }
  await keep(400_000);
  assert.equal(docs.current('d'), null);
  assert.equal(docs.get('d'), 'good', 'outlines and targets stay');
  isAway = false;
  await keep(411_000);
  assert.equal(docs.current('d'), 'good');
});

const at = (text) => Date.parse(text);

test('once a night at four, for an hour, and then not before the next night', () => {
  const plan = new ReloadPlan(at('2026-11-22T05:00:00Z'), 0); // noon of the province
  assert.ok(!plan.isDue(at('2026-11-22T20:59:59Z')));
  assert.ok(plan.isDue(at('2026-11-22T21:00:00Z')));
  assert.ok(plan.isDue(at('2026-11-22T21:59:59Z')));
  assert.ok(!plan.isDue(at('2026-11-22T22:00:00Z')), 'an hour was not enough');
  assert.ok(!plan.isDue(at('2026-11-23T20:59:59Z')));
  assert.ok(plan.isDue(at('2026-11-23T21:30:00Z')));
});

test('a page that was opened just after four waits a day; its spread moves its time', () => {
  const plan = new ReloadPlan(at('2026-11-22T21:00:01Z'), 0);
  assert.ok(!plan.isDue(at('2026-11-22T21:10:00Z')));
  assert.ok(plan.isDue(at('2026-11-23T21:00:00Z')));
  const early = new ReloadPlan(at('2026-11-22T05:00:00Z'), -600_000);
  assert.ok(early.isDue(at('2026-11-22T20:50:00Z')));
  assert.ok(!early.isDue(at('2026-11-22T20:49:59Z')));
});
