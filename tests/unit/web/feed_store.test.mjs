import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmIndex } from '../js/alarm_index.js';
import { FeedStore } from '../js/feed_store.js';

const COLUMNS = ['id', 'rule', 'source', 'severity', 'state', 'area', 'device', 'title', 'raised_at', 'changed_at', 'owner',
  'version', 'flags', 'until', 'incident', 'hidden', 'key'];
const T = '2026-11-22T07:00:00.000Z';

function alarm(id, { severity = 'high', state = 'unacknowledged', version = 1, ended_at = null } = {}) {
  return {
    id, rule: 'r', source: 'fire', severity, state, active: true, area: '05443', device: null, title: id, title_en: id,
    raised_at: T, changed_at: T, assignee: null, acknowledged_by: null, version, ended_at, hidden_by: [], two_person: [],
  };
}

function tuple({ id, severity, state, version }) {
  return [id, 'r', 'fire', severity, state, '05443', null, id, Date.parse(T), Date.parse(T), null, version, 1, null, null, null, null];
}

/** Stands where the browser's EventSource stands. */
class Wire extends EventTarget {
  readyState = 1;

  close() {
    this.readyState = 2;
  }

  send(name, data, id = '') {
    const event = new Event(name);
    Object.assign(event, { data: JSON.stringify(data), lastEventId: id });
    this.dispatchEvent(event);
  }
}

/** A store on wires that the test holds: what is asked waits until the test answers. */
function world() {
  const made = { wires: [], asked: [], told: [], frames: [], at: 0, isHidden: false };
  const index = new AlarmIndex();
  const store = new FeedStore({
    lang: 'vi', index, wallMs: 0,
    onChange: (change) => made.told.push(change),
    open: () => { made.wires.push(new Wire()); return made.wires.at(-1); },
    call: (method, path) => new Promise((answer) => made.asked.push({ path, answer })),
    frame: (act) => made.frames.push(act),
    steady: () => made.at,
    isHidden: () => made.isHidden,
  });
  const draw = () => made.frames.splice(0).forEach((act) => act());
  return { made, index, store, draw, wire: () => made.wires.at(-1) };
}

function overview(extra = {}) {
  return {
    sources: {}, processing: { state: 'healthy', lag_s: 0.4 },
    alarms: { by_severity: { critical: 0, high: 9, medium: 0, low: 0 }, by_state: { unacknowledged: 9 }, by_area: {} }, ...extra,
  };
}

function snapshot(alarms, total = alarms.length) {
  return { as_of: T, version: '1', overview: overview(), alarms, alarms_total: total };
}

const rows = (alarms, next = null) => ({ ok: true, status: 200, failure: null, body: { columns: COLUMNS, rows: alarms.map(tuple), next } });
const refused = { ok: false, status: 503, failure: null, body: null };
const settle = () => new Promise((done) => setImmediate(done));

test('the first rows are there before the snapshot', async () => {
  const { made, index, store, draw } = world();
  store.start();
  assert.match(made.asked[0].path, /^\/api\/v1\/alarms\/rows\?lang=vi&limit=200$/);
  made.asked[0].answer(rows([alarm('a')]));
  await settle();
  draw();
  assert.equal(index.size, 1);
  assert.equal(made.told[0].ids, null);
  assert.equal(made.told[0].condition.name, 'loading');
});

test('a snapshot of all is whole at once; one of a part is filled page by page, one at a time', async () => {
  const { made, index, store, draw, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 3));
  made.asked[0].answer(rows([alarm('late')])); // the first rows come after the snapshot: not needed any more
  await settle();
  draw();
  assert.deepEqual(store.loaded, [1, 3]);
  assert.equal(store.isWhole, false);
  assert.deepEqual(store.counts().bySeverity.high, 9, 'the server counts until everything is here');
  assert.equal(made.asked.length, 2);
  made.asked[1].answer(rows([alarm('a'), alarm('b')], 'c1'));
  await settle();
  assert.equal(made.asked.length, 3);
  assert.match(made.asked[2].path, /cursor=c1/);
  made.asked[2].answer(rows([alarm('c')]));
  await settle();
  draw();
  assert.deepEqual(store.loaded, [3, 3]);
  assert.equal(store.counts().bySeverity.high, 3);
  assert.equal(index.get('late'), null);
});

test('an alarm that ended while the pages came stays ended', async () => {
  const { made, index, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 2));
  wire().send('alarm', alarm('b', { version: 2, state: 'normal', ended_at: T }), '17');
  made.asked[1].answer(rows([alarm('a'), alarm('b')]));
  await settle();
  assert.equal(index.get('b'), null);
  assert.equal(store.position, '17');
  assert.equal(store.received, 1);
});

test('what a new snapshot does not name any more has left', async () => {
  const { index, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a'), alarm('b')]));
  wire().send('snapshot', snapshot([alarm('b')]));
  assert.deepEqual(index.all().map(({ id }) => id), ['b']);
  assert.equal(store.snapshots, 2);
});

test('after an outage what was known before is not counted as loaded', async () => {
  const { made, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a'), alarm('b'), alarm('c')]));
  assert.deepEqual(store.loaded, [3, 3]);
  wire().send('snapshot', snapshot([alarm('x')], 3));
  assert.deepEqual(store.loaded, [1, 3]);
  made.asked.at(-1).answer(rows([alarm('x'), alarm('y'), alarm('z')]));
  await settle();
  assert.deepEqual(store.loaded, [3, 3]);
});

test('pages of a load that a new snapshot has overtaken are not taken', async () => {
  const { made, index, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 2));
  wire().send('snapshot', snapshot([alarm('b')], 2));
  made.asked[1].answer(rows([alarm('gone')]));
  await settle();
  assert.equal(index.get('gone'), null);
  made.asked[2].answer(rows([alarm('b'), alarm('c')]));
  await settle();
  assert.deepEqual(index.all().map(({ id }) => id).sort(), ['b', 'c']);
});

test('a page that did not come is asked for again, later and later', async () => {
  const { made, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 2));
  const waits = [];
  for (let i = 0; i < 4; i += 1) {
    made.asked.at(-1).answer(refused);
    await settle();
    const count = made.asked.length;
    const from = made.at;
    while (made.asked.length === count && made.at - from < 20_000) {
      made.at += 1000;
      if ((made.at / 1000) % 5 === 0) wire().send('health', { as_of: new Date(Date.parse(T) + made.at).toISOString() });
      store.tick(made.at);
    }
    waits.push((made.at - from) / 1000);
  }
  assert.deepEqual(waits, [2, 5, 10, 10]);
});

test('many changes of one frame are told once, with what began to ring', () => {
  const { made, store, draw, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('known', { state: 'acknowledged' })]));
  draw();
  made.told.length = 0;
  wire().send('alarm', alarm('new'), '2');
  wire().send('alarm', alarm('known', { version: 2, state: 'acknowledged' }), '3');
  wire().send('alarm', alarm('known', { version: 3, severity: 'critical' }), '4');
  wire().send('alarm', alarm('new', { version: 2, state: 'acknowledged' }), '5');
  wire().send('tile', { tile: 'flood', value: { positions: [], ended: [] } });
  assert.equal(made.told.length, 0);
  draw();
  assert.equal(made.told.length, 1);
  const [{ ids, news, tiles }] = made.told;
  assert.deepEqual([...ids].sort(), ['known', 'new']);
  assert.deepEqual(news.map(({ id, version }) => `${id} ${version}`), ['new 1', 'known 3']);
  assert.deepEqual([...tiles], ['flood']);
});

test('what began to ring while the connection was away is news; what was there at first is none', () => {
  const { made, store, draw, wire } = world();
  const news = () => made.told.splice(0).flatMap((change) => change.news.map(({ id }) => id));
  store.start();
  wire().send('snapshot', snapshot([alarm('a'), alarm('b', { state: 'acknowledged' })]));
  draw();
  assert.deepEqual(news(), []);
  wire().send('snapshot', snapshot([alarm('a'), alarm('b', { version: 2 }), alarm('c', { severity: 'critical' })]));
  draw();
  assert.deepEqual(news(), ['b', 'c']);
});

test('a change of an alarm whose page has not come yet does not make it a new one', () => {
  const { made, store, draw, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 4));
  draw();
  made.told.length = 0;
  wire().send('alarm', alarm('old', { severity: 'low', version: 7 }), '2');
  wire().send('alarm', alarm('new', { severity: 'low' }), '3');
  wire().send('alarm', alarm('urgent', { version: 7 }), '4');
  draw();
  assert.deepEqual(made.told[0].news.map(({ id }) => id), ['new', 'urgent']);
});

test('the end of a flood unfolds without an entry in the log: all rows are read anew, once', async () => {
  const { made, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')]));
  const before = made.asked.length;
  const over = { tile: 'flood', value: { positions: [], ended: [{ id: 'f1' }] } };
  wire().send('tile', over);
  wire().send('tile', over);
  assert.equal(made.asked.length, before + 1);
  made.asked.at(-1).answer(rows([alarm('a')]));
  await settle();
  wire().send('tile', over);
  assert.equal(made.asked.length, before + 1);
});

test('a flood that ends while the pages come has them read from the first again', async () => {
  const { made, index, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([alarm('a')], 2));
  const before = made.asked.length;
  wire().send('tile', { tile: 'flood', value: { positions: [], ended: [{ id: 'f1' }] } });
  assert.equal(made.asked.length, before + 1);
  made.asked[before - 1].answer(rows([alarm('stale')], 'c1'));
  await settle();
  assert.equal(made.asked.length, before + 1, 'the load that was overtaken asks for no more');
  made.asked[before].answer(rows([alarm('a'), alarm('b')]));
  await settle();
  assert.deepEqual([store.isWhole, index.get('stale'), index.size], [true, null, 2]);
});

test('numbers that hang make the page stale although heartbeats come', () => {
  const { made, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([]));
  for (made.at = 0; made.at <= 20_000; made.at += 5000) {
    wire().send('heartbeat', { now: new Date(Date.parse(T) + made.at).toISOString() });
    wire().send('health', { as_of: T, sources: {}, processing: { state: 'healthy', lag_s: 0 } });
    assert.equal(store.condition().stale, made.at > 15_000, `${made.at}`);
    store.tick(made.at);
  }
  for (; made.at <= 60_000; made.at += 1000) {
    if (made.at % 5000 === 0) wire().send('heartbeat', { now: new Date(Date.parse(T) + made.at).toISOString() });
    store.tick(made.at);
  }
  assert.equal(made.wires.length, 1, 'another connection would not make them newer');
});

test('a page that nobody sees gives its connection back after a minute, and starts anew when it is seen', () => {
  const { made, store, wire } = world();
  store.start();
  wire().send('snapshot', snapshot([]));
  made.isHidden = true;
  const tick = (s) => {
    made.at = s * 1000;
    if (s % 5 === 0) wire().send('health', { as_of: new Date(Date.parse(T) + made.at).toISOString() });
    store.tick(made.at);
  };
  for (let s = 0; s < 60; s += 1) tick(s);
  assert.equal(wire().readyState, 1);
  tick(60);
  assert.equal(wire().readyState, 2);
  for (let s = 61; s < 90; s += 1) tick(s);
  assert.equal(made.wires.length, 1, 'and does not come back by itself');
  made.isHidden = false;
  for (let s = 90; s < 93 && made.wires.length === 1; s += 1) tick(s);
  assert.equal(made.wires.length, 2);
  assert.equal(store.condition().stale, true, 'until it has a picture of now');
  wire().send('snapshot', { ...snapshot([]), as_of: new Date(Date.parse(T) + made.at).toISOString() });
  assert.equal(store.condition().stale, false);
});
