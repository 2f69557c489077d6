import assert from 'node:assert/strict';
import { test } from 'node:test';

import { dayOf, dayWords } from '../js/day.js';

test('a day is written day first and kept year first', () => {
  assert.equal(dayOf('05/11/2026'), '2026-11-05');
  assert.equal(dayOf(' 5-1-2027 '), '2027-01-05');
  assert.equal(dayOf('29/02/2028'), '2028-02-29');
  assert.equal(dayWords('2026-11-05'), '05/11/2026');
  assert.equal(dayWords('2026-11-05T17:00:00Z'), '05/11/2026');
});

test('nothing is nothing, and what is no day is none', () => {
  assert.equal(dayOf('  '), '');
  assert.equal(dayWords(null), '');
  for (const typed of ['29/02/2027', '31/04/2026', '2026-11-05', '5/11', '0/1/2026', '1/13/2026', 'x']) assert.equal(dayOf(typed), null, typed);
});
