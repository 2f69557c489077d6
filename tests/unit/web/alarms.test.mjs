import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmBook, byUrgency, countByArea, countToAcknowledge, isAwaited, worst } from '../js/alarms.js';
import { Picture } from '../js/picture.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'];

function alarm(id, priority, { state = 'unacknowledged', minute = 0, ...rest } = {}) {
  const raised = `2026-11-22T07:${String(minute).padStart(2, '0')}:00Z`;
  return {
    id, severity: SEVERITIES[priority - 1], priority, state, raised_at: raised, version: 1,
    area: '05443', source: 'fire', closed_at: null, ...rest,
  };
}

function overview(states, severities, reasons = {}) {
  const alarms = { open: 0, by_state: states, by_severity: severities, by_area: {} };
  return { sources: {}, alarms, hidden: { by_reason: reasons } };
}

test('priority comes first, then unacknowledged, then the newest', () => {
  const list = [
    alarm('old', 2, { minute: 1 }), alarm('acked', 2, { state: 'acknowledged', minute: 9 }),
    alarm('new', 2, { minute: 5 }), alarm('low', 4, { minute: 10 }), alarm('top', 1),
  ];
  assert.deepEqual(list.sort(byUrgency).map(({ id }) => id), ['top', 'new', 'old', 'acked', 'low']);
});

test('a priority 1 is awaited until somebody acknowledges it, a lower one while it stands', () => {
  const awaited = (priority) => ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'normal']
    .filter((state) => isAwaited(alarm('a', priority, { state })));
  assert.deepEqual(awaited(1), ['unacknowledged', 'returned']);
  assert.deepEqual(awaited(2), ['unacknowledged']);
});

test('a book holds at most its limit, the most urgent ones, and knows that it is not all', () => {
  const book = new AlarmBook(200);
  book.replace([], 0);
  for (let i = 0; i < 1000; i += 1) book.apply(alarm(`a${i}`, 4, { minute: i % 60 }));
  book.apply(alarm('fire', 1));
  assert.equal(book.size, 200);
  assert.equal(book.rows()[0].id, 'fire');
  assert.equal(book.complete, false);
});

test('an older version of an alarm changes nothing', () => {
  const book = new AlarmBook(10);
  book.replace([alarm('a', 2, { state: 'acknowledged', version: 5 })], 1);
  assert.equal(book.apply(alarm('a', 2, { version: 4 })), false);
  assert.equal(book.rows()[0].state, 'acknowledged');
});

test('the worst of a source is known however many alarms of others fill the list', () => {
  const picture = new Picture(200);
  const by_source = { fire: { critical: 0, high: 0, medium: 2, low: 0 } };
  const told = overview({}, {});
  told.alarms.by_source = by_source;
  const held = Array.from({ length: 200 }, (_, i) => alarm(`a${i}`, 2, { source: 'camera' }));
  picture.snapshot({ overview: told, alarms: held, alarms_total: 300 });
  assert.deepEqual([picture.worstOf('fire'), picture.worstOf('citizen')], [3, null]);
  picture.snapshot({ overview: told, alarms: [alarm('a', 1)], alarms_total: 1 });
  assert.deepEqual([picture.worstOf('fire'), picture.worstOf('citizen')], [1, null], 'counted here when all are held');
});

test('a closed alarm leaves and its time is kept', () => {
  const book = new AlarmBook(10);
  book.replace([alarm('a', 2)], 1);
  book.apply(alarm('a', 2, { state: 'normal', closed_at: '2026-11-22T08:00:00Z', version: 2 }));
  assert.deepEqual(book.rows(), []);
  assert.equal(book.lastClosedAt, '2026-11-22T08:00:00Z');
});

test('shelved alarms are not shown and are counted', () => {
  const picture = new Picture(200);
  const alarms = [alarm('a', 2), alarm('b', 2, { state: 'shelved' }), alarm('c', 4, { state: 'suppressed' })];
  picture.snapshot({ overview: overview({}, {}), alarms, alarms_total: 3 });
  assert.equal(picture.total(), 1);
  assert.deepEqual(picture.hidden(), { shelved: 1, suppressed: 1, out_of_service: 0, folded: 0 });
  assert.equal(picture.total() + 1 + 1, 3);
});

test('with more alarms than are held, the counts are the ones of the server', () => {
  const picture = new Picture(200);
  const alarms = Array.from({ length: 200 }, (_, i) => alarm(`a${i}`, 2));
  const states = { unacknowledged: 700, acknowledged: 20, returned: 4, shelved: 6 };
  const severities = { critical: 0, high: 724, medium: 0, low: 0 };
  const reasons = { shelved: 6, maintenance: 2, inhibition: 3, folded: 500 };
  picture.snapshot({ overview: overview(states, severities, reasons), alarms, alarms_total: 735 });
  assert.equal(picture.total(), 724 - 500, 'what is folded stands behind its group');
  assert.equal(picture.allOpen(), 730);
  assert.equal(new Picture(200).allOpen(), Infinity);
  assert.deepEqual(picture.counts(), severities);
  assert.deepEqual(picture.hidden(), { shelved: 6, suppressed: 5, out_of_service: 0, folded: 500 });
});

test('what a flood folds is counted, and stands in the list again when the flood is over', () => {
  const picture = new Picture(200);
  const alarms = [alarm('a', 3), { ...alarm('b', 3), folded: true }, { ...alarm('c', 3), folded: true }];
  picture.snapshot({ overview: overview({}, {}, { folded: 2 }), alarms, alarms_total: 3 });
  assert.deepEqual(picture.rows().map(({ id }) => id), ['a']);
  assert.equal(picture.total() + picture.hidden().folded, 3);
  assert.equal(picture.counts().medium, 3, 'the header counts all that is annunciated');
  picture.tile({ tile: 'hidden', value: { total: 0, by_reason: { folded: 0 } } }); // no alarm is sent for it
  assert.equal(picture.rows().length, 3);
  assert.equal(picture.hidden().folded, 0);
});

test('floods of several positions are told as one', () => {
  const picture = new Picture(200);
  picture.snapshot({ overview: overview({}, {}), alarms: [], alarms_total: 0 });
  assert.equal(picture.flood(), null);
  const position = (since, n) => ({ since, rate_10m: n, hidden: n - 1, groups_total: 2, groups: [] });
  picture.tile({ tile: 'flood', value: {
    positions: [position('2026-11-22T07:05:00Z', 20), position('2026-11-22T07:01:00Z', 30)], ended: [],
  } });
  assert.deepEqual(picture.flood(), { since: '2026-11-22T07:01:00Z', rate: 50, folded: 48, groups: 4 });
});

test('the worst priority of a commune is found, and none is not the lowest', () => {
  const areas = countByArea([alarm('a', 3), alarm('b', 2), alarm('c', 2, { area: null })]);
  assert.equal(worst(areas['05443']), 2);
  assert.equal(worst({ critical: 0, high: 0, medium: 0, low: 0 }), null);
  assert.equal(worst(undefined), null);
});

test('tile and health events change only what they speak of', () => {
  const picture = new Picture(200);
  picture.tile({ tile: 'camera', value: {} }); // before any snapshot: nothing to change
  const camera = { counts: { '1h': 5 }, state: 'healthy' };
  picture.snapshot({ overview: { sources: { camera }, alarms: {} }, alarms: [], alarms_total: 0 });
  picture.tile({ tile: 'dossiers', value: { received: 3406 } });
  picture.health({ sources: { camera: { state: 'silent' } }, processing: { state: 'stopped' } });
  assert.equal(picture.overview.dossiers.received, 3406);
  assert.equal(picture.source('camera').state, 'silent');
  assert.equal(picture.source('camera').counts['1h'], 5);
  assert.equal(picture.server.processing, 'stopped');
});

test('a picture names the area that it is of', () => {
  const picture = new Picture(200);
  assert.equal(picture.area, null);
  picture.snapshot({ overview: { ...overview({}, {}), area: '05443' }, alarms: [], alarms_total: 0 });
  assert.equal(picture.area, '05443');
});

test('what a flood folds makes room for what can be seen', () => {
  const book = new AlarmBook(2);
  book.replace([], 3);
  book.apply(alarm('seen', 3, { folded: false }));
  book.apply(alarm('folded', 2, { folded: true }));
  book.apply(alarm('too', 4, { folded: false }));
  assert.deepEqual(book.rows().map(({ id }) => id), ['seen', 'too']);
});

test('rows that are asked for are no older than what came meanwhile', () => {
  const book = new AlarmBook(10);
  book.replace([alarm('a', 2, { version: 1 })], 3);
  const take = book.filling();
  book.apply(alarm('b', 3, { version: 4, state: 'normal', closed_at: '2026-01-01T00:00:00Z' }));
  book.apply(alarm('a', 2, { version: 3, state: 'acknowledged' }));
  take([alarm('a', 2, { version: 2 }), alarm('b', 3, { version: 3 }), alarm('c', 4, { version: 1 })]);
  assert.deepEqual(book.rows().map(({ id, state }) => [id, state]), [['a', 'acknowledged'], ['c', 'unacknowledged']]);
});

test('rows that were asked for before a fresh picture are not taken in', () => {
  const book = new AlarmBook(10);
  const take = book.filling();
  book.replace([], 0);
  take([alarm('a', 2)]);
  assert.deepEqual(book.rows(), []);
});

test('what is over and was never acknowledged still wants it', () => {
  assert.equal(countToAcknowledge({ unacknowledged: 2, returned: 6, acknowledged: 9, shelved: 1 }), 8);
  assert.equal(countToAcknowledge({}), 0);
});
