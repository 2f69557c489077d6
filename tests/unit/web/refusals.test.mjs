import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KEPT_MAX, Refusals } from '../js/console/refusals.js';

test('what was refused after its form was left stays until somebody has looked at it, the newest first', () => {
  let changes = 0;
  const refusals = new Refusals(() => { changes += 1; });
  refusals.add('VV-0412 · Kết thúc', 'Vụ việc đã kết thúc.');
  refusals.add('Duyệt đề nghị', 'Đề nghị đã hết hạn.');
  const [newest, first] = refusals.items();
  assert.deepEqual([newest.text, first.text, first.detail], ['Duyệt đề nghị', 'VV-0412 · Kết thúc', 'Vụ việc đã kết thúc.']);
  newest.open();
  assert.deepEqual(refusals.items().map(({ id }) => id), [first.id]);
  assert.equal(changes, 3);
});

test('they are kept within a bound, the oldest go first', () => {
  const refusals = new Refusals(() => {});
  for (let i = 0; i <= KEPT_MAX; i += 1) refusals.add(`${i}`, 'x');
  const kept = refusals.items();
  assert.equal(kept.length, KEPT_MAX);
  assert.deepEqual([kept[0].text, kept.at(-1).text], [`${KEPT_MAX}`, '1']);
});
