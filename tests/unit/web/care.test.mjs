import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apart, isReady, reloadAfterErrors, reloadPage } from '../js/care.js';

const settled = () => new Promise((done) => setImmediate(done));
const T0 = Date.parse('2026-11-22T07:00:00Z');

function page(ready) {
  const target = new EventTarget();
  const reloads = [];
  let seen = 0;
  reloadAfterErrors(() => T0, (n) => { seen = n; }, { target, ready, reload: (now) => reloads.push(now) > 0 });
  const fail = async (message = 'x is not a function') => {
    target.dispatchEvent(Object.assign(new Event('error'), { message }));
    await settled();
  };
  return { fail, reloads, seen: () => seen };
}

test('after the third error the page starts again', async () => {
  const { fail, reloads, seen } = page(async () => true);
  await fail();
  await fail();
  assert.deepEqual(reloads, []);
  await fail();
  assert.deepEqual(reloads, [T0]);
  assert.equal(seen(), 3);
});

test('a size that is told a frame later is no error', async () => {
  const { fail, reloads, seen } = page(async () => true);
  for (let i = 0; i < 5; i += 1) await fail('ResizeObserver loop completed with undelivered notifications.');
  assert.deepEqual(reloads, []);
  assert.equal(seen(), 0);
});

test('errors while the server is away do not take the page off the screen', async () => {
  let isThere = false;
  const { fail, reloads } = page(async () => isThere);
  for (let i = 0; i < 5; i += 1) await fail();
  assert.deepEqual(reloads, []);
  isThere = true;
  await fail();
  assert.deepEqual(reloads, [T0]);
});

test('a server that is cut off, or says that it is not ready, is not', async () => {
  assert.equal(await isReady(async () => ({ ok: true })), true);
  assert.equal(await isReady(async () => ({ ok: false })), false);
  assert.equal(await isReady(async () => { throw new TypeError('away'); }), false);
});

function reloader() {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  return (nowMs) => reloadPage(nowMs, { location: { reload() {} }, storage });
}

test('a page reloads at most once in five minutes, also when its clock was put back', () => {
  const reload = reloader();
  assert.ok(reload(T0));
  assert.ok(!reload(T0 + 299_000));
  assert.ok(reload(T0 + 300_000));
  assert.ok(reload(T0 - 3_600_000));
});

test('a part that fails is told, and the others go on', () => {
  const told = [];
  const tell = (error) => told.push(error.message);
  const done = [1, 2, 3].map((n) => apart(() => {
    if (n === 2) throw new Error('two');
    return n;
  }, tell));
  assert.deepEqual(done, [1, undefined, 3]);
  assert.deepEqual(told, ['two']);
});
