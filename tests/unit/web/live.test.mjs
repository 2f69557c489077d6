import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveFeed } from '../js/live.js';
import { place } from '../js/placing.js';
import { getJson, Upkeep } from '../js/upkeep.js';

/** Stands where the browser's EventSource stands: this file is about when we leave one. */
class Wire extends EventTarget {
  static made = [];
  readyState = 1;

  constructor(url) {
    super();
    this.url = url;
    Wire.made.push(this);
  }

  close() {
    this.readyState = 2;
  }

  send(name, data) {
    const event = new Event(name);
    event.data = typeof data === 'string' ? data : JSON.stringify(data);
    this.dispatchEvent(event);
  }
}

function feed() {
  Wire.made = [];
  const got = [];
  const refusals = [];
  const live = new LiveFeed(
    '/live', (name, data) => got.push([name, data]), () => refusals.push(1), (url) => new Wire(url),
  );
  return { live, got, refusals, made: Wire.made };
}

/** Tick each second until a new connection is made; gives the seconds it took. */
function secondsToConnect(live, from) {
  const count = Wire.made.length;
  for (let s = 0; s < 120; s += 1) {
    live.tick(from + s * 1000);
    if (Wire.made.length > count) return s;
  }
  return Infinity;
}

test('a connection that the browser gave up is made again', () => {
  const { live, made } = feed();
  const now = performance.now();
  live.tick(now);
  made[0].readyState = 2;
  live.tick(now + 1000);
  assert.ok(secondsToConnect(live, now + 1000) <= 2);
  assert.equal(made[1].url, '/live');
});

test('only a connection that the server refused is told as refused', () => {
  const { live, made, refusals } = feed();
  const now = performance.now();
  live.tick(now);
  live.tick(now + 15_000); // gone quiet
  assert.equal(refusals.length, 0);
  secondsToConnect(live, now + 15_000);
  made.at(-1).readyState = 2;
  live.tick(now + 20_000);
  live.tick(now + 20_001);
  assert.equal(refusals.length, 1);
});

test('a screen whose session is over goes to the login and would come back as it was', async (t) => {
  const went = [];
  const place = { pathname: '/wall', search: '?area=05443&screen=55', replace: (url) => went.push(url) };
  let status = 503;
  t.mock.method(globalThis, 'fetch', async () => new Response('{}', { status }));
  globalThis.location = place;
  await assert.rejects(getJson('/api/v1/me'));
  assert.deepEqual(went, []);
  status = 401;
  await assert.rejects(getJson('/api/v1/me'));
  assert.deepEqual(went, ['/login?next=%2Fwall%3Farea%3D05443%26screen%3D55']);
});

test('a connection that has gone quiet is left after fifteen seconds', () => {
  const { live, made } = feed();
  const now = performance.now();
  live.tick(now);
  live.tick(now + 14_000);
  assert.equal(made[0].readyState, 1);
  live.tick(now + 15_000);
  assert.equal(made[0].readyState, 2);
});

test('attempts are spread out, and never by more than nine seconds', () => {
  const { live, made } = feed();
  let now = performance.now();
  live.tick(now);
  const waits = [];
  for (let i = 0; i < 12; i += 1) {
    made.at(-1).readyState = 2;
    now += 1000;
    live.tick(now);
    const wait = secondsToConnect(live, now);
    waits.push(wait);
    now += wait * 1000;
  }
  assert.ok(waits[0] <= 1, `${waits}`);
  assert.ok(waits.at(-1) >= 6 && Math.max(...waits) <= 9, `${waits}`);
});

test('events of a connection that was left are not taken', () => {
  const { live, got, made } = feed();
  live.tick(0);
  live.restart(0);
  made[0].send('alarm', { id: 'late' });
  assert.deepEqual(got, []);
});

test('half a message is no message', () => {
  const { live, got, made } = feed();
  live.tick(0);
  made[0].send('alarm', '{"id":');
  made[0].send('heartbeat', { now: 'x' });
  assert.deepEqual(got, [['heartbeat', { now: 'x' }]]);
});

test('a dropped client leaves by itself', () => {
  const { live, made } = feed();
  live.tick(performance.now());
  made[0].send('dropped', { reason: 'slow' });
  assert.equal(made[0].readyState, 2);
});

test('a screen in doubt leaves a connection that speaks but gives no snapshot', () => {
  const { live, made } = feed();
  const now = performance.now();
  live.tick(now);
  made[0].send('heartbeat', {});
  live.wantSnapshot(now + 2000);
  assert.equal(made[0].readyState, 1);
  live.wantSnapshot(now + 4000);
  assert.equal(made[0].readyState, 2);
});

test('a page that was left holds no connection, whatever its timers do, until it comes back', () => {
  const { live, made } = feed();
  live.tick(0);
  live.leave();
  for (let s = 1; s < 30; s += 1) live.tick(s * 1000);
  assert.equal(made[0].readyState, 2);
  assert.equal(made.length, 1);
  live.comes();
  live.tick(30_000);
  assert.equal(made.length, 2);
});

test('what failed is asked for again after ten seconds, what worked only for a new key', async () => {
  let asked = 0;
  let isUp = false;
  const told = [];
  const upkeep = new Upkeep(async () => {
    asked += 1;
    if (!isUp) throw new Error('away');
  }, (s) => told.push(s));
  await upkeep.tick(0, 'minute 1');
  await upkeep.tick(9_999, 'minute 1');
  assert.deepEqual([asked, told], [1, [10]]);
  isUp = true;
  await upkeep.tick(10_000, 'minute 1');
  await upkeep.tick(60_000, 'minute 1');
  assert.equal(asked, 2);
  await upkeep.tick(61_000, 'minute 2');
  assert.equal(asked, 3);
});

test('markers never hide one another, stay on the picture, and names step aside', () => {
  const frame = { w: 496, h: 984 };
  const marks = Array.from({ length: 10 }, (_, i) => ({
    point: { x: 240 + i, y: 900 }, badge: { w: 52, h: 52 }, name: i < 4 ? { w: 260, h: 52 } : null, land: null,
  }));
  const boxes = place(marks, frame, 16).flatMap(({ badge, name }) => [badge, name]).filter(Boolean);
  assert.ok(boxes.length >= 10);
  boxes.forEach((a, i) => {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.w <= frame.w && a.y + a.h <= frame.h);
    for (const b of boxes.slice(i + 1)) {
      assert.ok(a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h);
    }
  });
});

test('a small commune is not hidden by its own marker', () => {
  const land = { x: 240, y: 880, w: 22, h: 22 };
  const mark = { point: { x: 250, y: 890 }, badge: { w: 52, h: 52 }, name: null, land };
  const [{ badge }] = place([mark], { w: 496, h: 984 }, 16);
  assert.ok(badge.x >= 262 || badge.x + 52 <= 240 || badge.y >= 902 || badge.y + 52 <= 880);
});
