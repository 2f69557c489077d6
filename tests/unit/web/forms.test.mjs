import assert from 'node:assert/strict';
import { test } from 'node:test';

import { endText, nextAt, noteOf, shiftEnd } from '../js/console/forms.js';

const at = (text) => Date.parse(`${text}+07:00`);

test('a shift ends at 7 and at 19 o\'clock here, whatever the machine is set to', () => {
  for (const [now, end] of [
    ['2026-11-22T06:59:59', '2026-11-22T07:00:00'], ['2026-11-22T07:00:00', '2026-11-22T19:00:00'],
    ['2026-11-22T14:05:00', '2026-11-22T19:00:00'], ['2026-12-31T23:30:00', '2027-01-01T07:00:00'],
  ]) assert.equal(shiftEnd(at(now)), at(end), now);
});

test('a time that is past today is tomorrow\'s, and what is no time is none', () => {
  const now = at('2026-11-22T14:05:00');
  assert.equal(nextAt('14:06', now), at('2026-11-22T14:06:00'));
  assert.equal(nextAt('14:05', now), at('2026-11-23T14:05:00'));
  assert.equal(nextAt('00:00', now), at('2026-11-23T00:00:00'));
  for (const text of ['', '24:00', '7:00', '12:60', 'x']) assert.equal(nextAt(text, now), null, text);
});

test('an end that is over is not shown again: it would be tomorrow\'s', () => {
  const until = '2026-11-22T12:00:00.000Z';
  assert.equal(endText(until, at('2026-11-22T18:50:00')), '19:00');
  assert.equal(endText(until, at('2026-11-22T19:00:00')), '');
});

test('the note of a shelf is what was typed behind the reason', () => {
  assert.equal(noteOf('Bảo trì: thay pin', 'Bảo trì'), 'thay pin');
  assert.equal(noteOf('Bảo trì', 'Bảo trì'), '');
  assert.equal(noteOf('thay pin', ''), 'thay pin');
});
