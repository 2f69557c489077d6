import assert from 'node:assert/strict';
import test from 'node:test';

import { csvOf } from '../js/csv.js';
import { asked, daySpan, dayView, localDay, localMoment, localStamp, momentOf } from '../js/spans.js';

const NOW = Date.parse('2026-11-22T18:30:00Z'); // 01:30 on the 23rd in the province

test('a day of the province begins at 17:00 UTC, whatever the machine thinks', () => {
  assert.equal(localDay(NOW), '2026-11-23');
  assert.equal(localDay(Date.parse('2026-11-22T16:59:59Z')), '2026-11-22');
  assert.equal(momentOf('2026-11-23'), Date.parse('2026-11-22T17:00:00Z'));
  assert.equal(momentOf('2026-11-23T08:00'), Date.parse('2026-11-23T01:00:00Z'));
  assert.equal(momentOf('2026-11-23T08:00Z'), Date.parse('2026-11-23T08:00:00Z'));
  assert.equal(momentOf('2026-13-40'), null);
  assert.equal(momentOf(undefined), null);
});

test('a moment in the address is read back as it was written', () => {
  const text = localMoment(NOW);
  assert.equal(text, '2026-11-23T01:30+07:00');
  assert.equal(momentOf(text), NOW);
  assert.equal(localStamp(NOW + 9_000), '2026-11-23T01:30:09+07:00');
  assert.equal(localStamp(null), null);
});

test('every named range is found again by what it puts into the address', () => {
  for (const name of ['today', 'yesterday', 'week', 'month']) {
    assert.equal(daySpan(dayView(name, NOW), NOW).name, name);
  }
  assert.deepEqual(asked(daySpan(dayView('yesterday', NOW), NOW)), {
    from: '2026-11-21T17:00:00.000Z', to: '2026-11-22T17:00:00.000Z',
  });
  assert.equal(asked(daySpan({}, NOW)).to, null);
});

test('a range of its own stands as it is; an end alone is the day that it ends', () => {
  assert.equal(daySpan({ from: '2026-11-01', to: '2026-11-08' }, NOW).name, null);
  assert.equal(localDay(daySpan({ to: '2026-11-08' }, NOW).from), '2026-11-07');
});

test('a file opens with its marks, and no name in it is a formula', () => {
  const text = csvOf(['Nơi', 'n'], [['=1+1', 3], ['a "b", c', null], ['-5', -5], ['Đ\nE', 0.5]]);
  assert.equal(text, '\ufeffNơi,n\r\n\'=1+1,3\r\n"a ""b"", c",\r\n\'-5,-5\r\n"Đ\nE",0.5\r\n');
});
