import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmBook, byUrgency, countByArea, worst } from '../js/alarms.js';
import { Picture } from '../js/picture.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'];

function alarm(id, priority, { state = 'unacknowledged', minute = 0, ...rest } = {}) {
  const raised = `2026-11-22T07:${String(minute).padStart(2, '0')}:00Z`;
  return {
    id, severity: SEVERITIES[priority - 1], priority, state, raised_at: raised, version: 1,
    area: '05443', source: 'fire', closed_at: null, ...rest,
  };
}

function overview(states, severities) {
  return { sources: {}, alarms: { open: 0, by_state: states, by_severity: severities, by_area: {} } };
}

test('priority comes first, then unacknowledged, then the newest', () => {
  const list = [
    alarm('old', 2, { minute: 1 }), alarm('acked', 2, { state: 'acknowledged', minute: 9 }),
    alarm('new', 2, { minute: 5 }), alarm('low', 4, { minute: 10 }), alarm('top', 1),
  ];
  assert.deepEqual(list.sort(byUrgency).map(({ id }) => id), ['top', 'new', 'old', 'acked', 'low']);
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
  assert.deepEqual(picture.hidden(), { shelved: 1, suppressed: 1, out_of_service: 0 });
  assert.equal(picture.total() + 1 + 1, 3);
});

test('with more alarms than are held, the counts are the ones of the server', () => {
  const picture = new Picture(200);
  const alarms = Array.from({ length: 200 }, (_, i) => alarm(`a${i}`, 2));
  const states = { unacknowledged: 700, acknowledged: 20, returned: 4, shelved: 6 };
  const severities = { critical: 0, high: 724, medium: 0, low: 0 };
  picture.snapshot({ overview: overview(states, severities), alarms, alarms_total: 730 });
  assert.equal(picture.total(), 724);
  assert.deepEqual(picture.counts(), severities);
  assert.equal(picture.hidden().shelved, 6);
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
  assert.equal(picture.processing, 'stopped');
});
