import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  clockTime, date, dateTime, instant, numberWriter, running, secondsBetween, shortTime, spokenRunning, weekday,
} from '../js/formats.js';
import { Areas } from '../js/areas.js';
import { wallScale } from '../js/care.js';
import { chosenLang, sayer } from '../js/i18n.js';
import { lastHour } from '../js/times.js';

const say = sayer({
  'alarm.days': '{d} ngày {h} giờ', 'alarm.for_hours': '{h} giờ {m} phút', 'alarm.for_minutes': '{m} phút {s} giây',
  'alarm.for_seconds': '{s} giây', 'page.unknown': '?', 'area.all': 'ALL',
  'area.ward': 'P. {name}', 'area.commune': 'X. {name}',
});
const at = (text) => Date.parse(text);

test('times are those of Vietnam, whatever the machine is set to', () => {
  assert.equal(dateTime(at('2026-11-22T07:05:09Z')), '22/11/2026 14:05:09');
  assert.equal(clockTime(at('2026-11-21T17:00:00Z')), '00:00:00');
  assert.equal(date(at('2026-12-31T17:30:00Z')), '01/01/2027');
  assert.equal(date(at('2028-02-28T17:30:00Z')), '29/02/2028');
  assert.equal(weekday(at('2026-11-21T17:00:00Z')), 'weekday.sun');
});

test('a time of another day carries its date', () => {
  const now = at('2026-11-22T07:05:09Z');
  assert.equal(shortTime(at('2026-11-22T06:52:00Z'), now), '13:52');
  assert.equal(shortTime(at('2026-11-21T06:52:00Z'), now), '21/11 13:52');
});

test('running times are heard in words', () => {
  const heard = (seconds) => spokenRunning(seconds, say);
  assert.deepEqual([42, 102, 3600, 86_399].map(heard), ['42 giây', '1 phút 42 giây', '1 giờ 0 phút', '23 giờ 59 phút']);
  assert.equal(heard(2 * 86_400 + 3 * 3600), '2 ngày 03 giờ');
});

test('running times count hours up to a day, then days', () => {
  assert.equal(running(0, say), '00:00:00');
  assert.equal(running(102, say), '00:01:42');
  assert.equal(running(86399, say), '23:59:59');
  assert.equal(running(2 * 86400 + 3 * 3600 + 59, say), '2 ngày 03 giờ');
  assert.equal(secondsBetween(2000, 1000), 0);
});

test('numbers have a point per thousand, and unknown is not zero', () => {
  const write = numberWriter('vi', say);
  assert.equal(write(1284), '1.284');
  assert.equal(write(0), '0');
  assert.equal(write(-3), '\u22123');
  for (const unknown of [undefined, null, NaN]) assert.equal(write(unknown), '?');
  assert.equal(numberWriter('en', say)(612221), '612,221');
});

test('a time that cannot be read is no time', () => {
  assert.equal(instant(null), null);
  assert.equal(instant('yesterday'), null);
  assert.equal(instant('2026-11-22T07:05:09Z'), 1795331109000);
});

test('a missing sentence shows its key, a missing value its place', () => {
  assert.equal(say('no.such'), 'no.such');
  assert.equal(sayer({ a: '{n} of {m}' })('a', { n: 0 }), '0 of {m}');
  assert.equal(chosenLang('en'), 'en');
  assert.equal(chosenLang('../../x'), 'vi');
});

test('names of communes are shortened, never re-spelt', () => {
  const areas = new Areas(say);
  areas.fill([
    { code: '05443', name: 'Phan Đình Phùng', kind: 'ward' },
    { code: '02143', name: 'Xã Văn Lang', kind: 'commune' },
    { code: '05665', name: 'Xã Văn Lăng', kind: 'commune' },
  ]);
  assert.equal(areas.shortName('05443'), 'P. Phan Đình Phùng');
  assert.equal(areas.shortName('02143'), 'X. Văn Lang');
  assert.equal(areas.shortName('05665'), 'X. Văn Lăng');
  assert.equal(areas.shortName('19'), 'ALL');
  assert.equal(areas.shortName('99999', 'Phường Định Hoá'), 'P. Định Hoá');
});

test('the text grows for a small screen far away, up to a limit that is said', () => {
  assert.deepEqual(wallScale(65, 5), { scale: 1, isTooSmall: false });
  const small = wallScale(55, 5);
  assert.ok(small.scale > 1.1 && small.scale < 1.2);
  assert.deepEqual(wallScale(32, 6), { scale: 1.5, isTooSmall: true });
});

test('nothing is too small for who asked for no size; pages side by side have half of it', () => {
  assert.deepEqual(wallScale(null, null, 0.5), { scale: 1, isTooSmall: false });
  assert.deepEqual(wallScale(null, 5), { scale: 1, isTooSmall: false }, 'drawn for 65 inches');
  assert.equal(wallScale(65, null, 0.5).isTooSmall, true);
  const large = wallScale(98, null, 0.5);
  assert.ok(large.scale > 1.2 && large.scale < 1.4 && !large.isTooSmall);
  assert.deepEqual(wallScale(65, 2, 0.5), { scale: 1, isTooSmall: false }, 'who stands near');
});

test('the last hour is sixty whole minutes and ends with the one under way', () => {
  const { from, to } = lastHour(at('2026-11-22T07:05:09Z'));
  assert.equal(from, '2026-11-22T06:06:00.000Z');
  assert.equal(to, '2026-11-22T07:06:00.000Z');
});
