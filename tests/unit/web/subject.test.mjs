import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rowOf, slimOf } from '../js/slim.js';
import { subjectOf } from '../js/subject.js';

const ALARM = { device: null, key: null, area: '05443', source: 'fire', title: 'Báo cháy: khói' };

test('alarms of one title in one ward are told apart by their device, reports by their number', () => {
  assert.equal(subjectOf({ ...ALARM, device: 'TT-0192', key: 'TT-0192' }), 'TT-0192');
  assert.equal(subjectOf({ ...ALARM, source: 'citizen', title: 'Khẩn cấp SOS', key: 'PA-2026-0017' }), 'PA-2026-0017');
});

test('what the row says anyway is not said twice', () => {
  for (const key of ['05443', '19', 'fire', '05443|smoke', null, undefined]) assert.equal(subjectOf({ ...ALARM, key }), '', key);
  assert.equal(subjectOf({ ...ALARM, title: 'Chờ quá 30 phút tại Bộ phận Một cửa Chợ Mới', key: 'Chợ Mới' }), '');
  assert.equal(subjectOf({ ...ALARM, title: 'Báo cháy: TT-0192', device: 'TT-0192' }), '');
});

test('a row of a page and one of the feed know it alike', () => {
  const sos = { ...ALARM, id: 'a', severity: 'critical', state: 'returned', title: 'Khẩn cấp SOS', key: 'PA-17' };
  assert.equal(subjectOf(slimOf(sos, 'vi')), 'PA-17');
  assert.equal(subjectOf(rowOf(['severity', 'title', 'device', 'key'], ['critical', 'Khẩn cấp SOS', null, 'PA-17'])), 'PA-17');
  assert.equal(slimOf({ ...sos, device: 'TT-0192', key: 'TT-0192' }, 'vi').key, null, 'a row is small');
});
