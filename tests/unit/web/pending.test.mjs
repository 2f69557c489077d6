import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KEPT_MAX, Pending, UNSETTLED_MS, wordsOf } from '../js/console/pending.js';

const NOW = Date.parse('2026-11-22T07:05:00Z');
const AT = '2026-11-22T07:05:06Z';

function row(fields = {}) {
  return { id: 'a', version: 3, severity: 'medium', priority: 3, state: 'unacknowledged', title: 'x', ...fields };
}

function alarm(fields = {}) {
  return { id: 'a', version: 4, severity: 'medium', state: 'unacknowledged', ended_at: null, changed_at: AT, ...fields };
}

const answer = (status, body) => ({ ok: status < 300, status, body, failure: null });
const NONE = { ok: false, status: 0, body: null, failure: 'timeout' };

function begun(move = 'acknowledge', fields = {}, body = {}) {
  const pending = new Pending();
  return { pending, one: pending.begin(row(fields), move, body, NOW) };
}

test('a move shows at once as what it will make, with a mark that it is on its way', () => {
  for (const [move, fields, body, drawn] of [
    ['acknowledge', {}, {}, { state: 'acknowledged' }],
    ['acknowledge', { state: 'returned' }, {}, { ended: true }],
    ['unacknowledge', { state: 'acknowledged' }, {}, { state: 'unacknowledged' }],
    ['shelve', {}, { minutes: 15 }, { state: 'shelved' }],
    ['unshelve', { state: 'shelved' }, {}, { state: 'acknowledged' }],
    ['assign', {}, { assignee: 'An' }, { owner: 'An' }],
    ['close', {}, { code: 'true' }, { ended: true }],
    ['comment', {}, { comment: 'x' }, {}],
  ]) {
    const { pending } = begun(move, fields, body);
    assert.deepEqual(pending.overlay('a'), { mark: 'sending', code: null, isOutlined: false, ...drawn }, move);
    assert.equal(pending.isSending('a'), true);
    assert.deepEqual(pending.tray(), []);
  }
});

test('the same move is not sent twice while the first is on its way', () => {
  const { pending } = begun();
  assert.equal(pending.begin(row(), 'acknowledge', {}, NOW), null);
  assert.notEqual(pending.begin(row(), 'comment', { comment: 'x' }, NOW), null);
});

test('200: the mark is gone and nothing is said', () => {
  const { pending, one } = begun();
  const body = alarm({ state: 'acknowledged' });
  assert.deepEqual(pending.answered(one, answer(200, body)), { result: 'done', alarm: body });
  assert.equal(pending.overlay('a'), null);
  assert.deepEqual(pending.tray(), []);
});

test('the transition by the live view first: the base is drawn, and the answer changes nothing more', () => {
  const { pending, one } = begun();
  pending.heard(row({ version: 3 }));
  assert.equal(pending.overlay('a').state, 'acknowledged');
  pending.heard(row({ version: 4, state: 'acknowledged' }));
  assert.equal('state' in pending.overlay('a'), false);
  assert.equal(pending.answered(one, answer(200, alarm({ state: 'acknowledged' }))).result, 'done');
  assert.equal(pending.overlay('a'), null);
});

test('409 severity rose: back to the alarm as it is, outlined until somebody has looked at it', () => {
  const { pending, one } = begun();
  const worse = alarm({ severity: 'critical' });
  const body = { code: 'severity', alarm: worse, changed: { by: null, at: AT, type: 'severity_changed' } };
  assert.deepEqual(pending.answered(one, answer(409, body)), { result: 'refused', alarm: worse });
  assert.deepEqual(one.said, { key: 'race.severity', values: { from: 3, to: 1, at: Date.parse(AT) } });
  assert.deepEqual(pending.overlay('a'), { mark: 'refused', code: 'severity', isOutlined: true });
  assert.deepEqual(pending.tray(), [one]);
  assert.equal(pending.looked('a'), true);
  assert.equal(pending.overlay('a'), null);
  assert.deepEqual(pending.tray(), []);
});

test('409 somebody was faster: their state and their name', () => {
  const { pending, one } = begun();
  const body = {
    code: 'already', alarm: alarm({ state: 'acknowledged' }), changed: { by: 'Trần Văn Đức', at: AT, type: 'acknowledged' },
  };
  assert.equal(pending.answered(one, answer(409, body)).result, 'refused');
  assert.deepEqual(one.said, { key: 'race.already', values: { name: 'Trần Văn Đức', at: Date.parse(AT) } });
  assert.equal('state' in pending.overlay('a'), false);
});

test('409 it has ended, or its state does not allow the move: both are told with the move', () => {
  const over = begun('shelve', {}, { minutes: 15 });
  const ended = { code: 'ended', alarm: alarm({ ended_at: AT, state: 'normal' }), changed: { by: 'An', at: AT, type: 'closed' } };
  over.pending.answered(over.one, answer(409, ended));
  assert.deepEqual(over.one.said, { key: 'race.ended', values: { at: Date.parse(AT), move: 'shelve' } });
  const other = begun('acknowledge');
  const state = { code: 'state', alarm: alarm({ state: 'shelved' }), changed: { by: 'An', at: AT, type: 'shelved' } };
  other.pending.answered(other.one, answer(409, state));
  assert.deepEqual(other.one.said, { key: 'race.state', values: { state: 'shelved', move: 'acknowledge' } });
});

test('409 too long a shelf, and a wish that waits otherwise', () => {
  const long = begun('shelve', {}, { minutes: 10080 });
  long.pending.answered(long.one, answer(409, { code: 'time', alarm: alarm({ severity: 'critical' }), limit_s: 900 }));
  assert.deepEqual(long.one.said, { key: 'race.time', values: { priority: 1, limitS: 900 } });
  const asked = begun('close', {}, { code: 'true' });
  asked.pending.answered(asked.one, answer(409, { code: 'asked', alarm: alarm(), approval: { by: 'An' } }));
  assert.deepEqual(asked.one.said, { key: 'race.asked', values: { name: 'An' } });
});

test('403: back, with the move that the account may not make', () => {
  const { pending, one } = begun('shelve', {}, { minutes: 15 });
  assert.equal(pending.answered(one, answer(403, { code: 'forbidden' })).result, 'refused');
  assert.deepEqual(one.said, { key: 'race.forbidden', values: { move: 'shelve' } });
  assert.equal('state' in pending.overlay('a'), false);
});

test('202: nothing has moved, a second person is asked; the next step of the alarm ends the waiting', () => {
  const { pending, one } = begun('close', {}, { code: 'true' });
  const asked = { alarm: alarm({ version: 4 }), approval: { id: 'x' } };
  assert.equal(pending.answered(one, answer(202, asked)).result, 'waiting');
  assert.deepEqual(pending.overlay('a'), { mark: 'waiting', code: null, isOutlined: false });
  assert.deepEqual(pending.tray(), []);
  pending.heard(row({ version: 4 }));
  assert.equal(pending.overlay('a').mark, 'waiting');
  pending.heard(row({ version: 5 }));
  assert.equal(pending.overlay('a'), null);
});

test('202: an alarm that is over waits for nobody', () => {
  const { pending, one } = begun('close', {}, { code: 'true' });
  pending.answered(one, answer(202, { alarm: alarm(), approval: { id: 'x' } }));
  pending.over('a');
  assert.equal(pending.overlay('a'), null);
});

test('no answer: unknown, and what the alarm and its log say decides', () => {
  const mine = { type: 'acknowledged', by: 'Hằng', at: AT };
  for (const [read, lines, result, key] of [
    [alarm({ state: 'acknowledged' }), [mine], 'done', null],
    [alarm({ state: 'acknowledged' }), [{ ...mine, by: 'Đức' }], 'refused', 'race.already'],
    [alarm({ state: 'acknowledged' }), [{ ...mine, at: '2026-11-22T07:04:00Z' }], 'refused', 'race.already'],
    [alarm({ severity: 'high' }), [{ type: 'severity_changed', by: null, at: AT }], 'refused', 'race.severity'],
    [alarm({ state: 'normal', ended_at: AT }), [{ type: 'closed', by: 'Đức', at: AT }], 'refused', 'race.ended'],
    [alarm({ version: 3 }), [{ type: 'raised', by: null, at: '2026-11-22T07:00:00Z' }], 'refused', 'race.offline'],
  ]) {
    const { pending, one } = begun();
    assert.equal(pending.answered(one, NONE).result, 'unknown');
    assert.deepEqual(pending.overlay('a'), { mark: 'unknown', code: null, isOutlined: false });
    assert.deepEqual([pending.tray(), pending.unknown()], [[one], [one]]);
    assert.equal(pending.looked('a'), false, 'nobody knows yet, so looking ends nothing');
    assert.equal(pending.readAgain(one, read, lines, 'Hằng').result, result);
    assert.equal(one.said?.key ?? null, key ?? 'race.unknown');
    assert.equal(pending.tray().length, result === 'done' ? 0 : 1);
  }
});

test('what is not in the log yet may still be under way: it is not called unsent before the server must be through', () => {
  const { pending, one } = begun();
  pending.answered(one, NONE);
  const still = alarm({ version: 3 });
  assert.equal(pending.readAgain(one, still, [], 'Hằng', NOW + UNSETTLED_MS - 1).result, 'unknown');
  assert.deepEqual([pending.overlay('a').mark, pending.unknown()], ['unknown', [one]]);
  const mine = { type: 'acknowledged', by: 'Hằng', at: '2026-11-22T07:05:08Z' };
  assert.equal(pending.readAgain(one, alarm({ state: 'acknowledged' }), [mine], 'Hằng', NOW + 9000).result, 'done');
  const lost = begun();
  lost.pending.answered(lost.one, NONE);
  assert.equal(lost.pending.readAgain(lost.one, still, [], 'Hằng', NOW + UNSETTLED_MS).result, 'refused');
  assert.equal(lost.one.said.key, 'race.offline');
});

test('the same move again, while one waits or is not known, is answered with what that one says', () => {
  const { pending, one } = begun();
  assert.equal(pending.of('a', 'acknowledge').said, null);
  pending.answered(one, NONE);
  assert.equal(pending.begin(row(), 'acknowledge', {}, NOW), null);
  assert.equal(pending.of('a', 'acknowledge').said.key, 'race.unknown');
  assert.equal(pending.of('b', 'acknowledge'), null);
});

test('an answer of a proxy or of a server in trouble is no answer', () => {
  const { pending, one } = begun();
  assert.equal(pending.answered(one, answer(503, null)).result, 'unknown');
  const other = begun();
  assert.equal(other.pending.answered(other.one, answer(400, null)).result, 'refused');
  assert.deepEqual(other.one.said, { key: 'race.invalid', values: { code: '400' } });
});

test('what was refused may be tried again, and the tray is bounded', () => {
  const { pending, one } = begun();
  pending.answered(one, answer(403, { code: 'forbidden' }));
  const again = pending.begin(row(), 'acknowledge', {}, NOW);
  assert.equal(pending.overlay('a').state, 'acknowledged');
  pending.answered(again, answer(200, alarm()));
  assert.deepEqual(pending.tray(), []);
  for (let i = 0; i < KEPT_MAX + 10; i += 1) {
    const each = pending.begin(row({ id: `r${i}` }), 'acknowledge', {}, NOW);
    pending.answered(each, answer(403, { code: 'forbidden' }));
  }
  pending.begin(row({ id: 'last' }), 'acknowledge', {}, NOW);
  assert.equal(pending.tray().length, KEPT_MAX);
  assert.equal(pending.tray().at(-1).id, 'r10');
});

test('what was typed for a move that did not arrive stays until it is sent or thrown away', () => {
  const { pending, one } = begun('comment', {}, { comment: 'đã gọi chủ nhà' });
  pending.answered(one, NONE);
  pending.readAgain(one, alarm({ version: 3 }), [], 'An', NOW + UNSETTLED_MS);
  assert.deepEqual([one.mark, one.words], ['refused', 'đã gọi chủ nhà']);
  assert.equal(pending.looked('a'), false, 'to look at the alarm sends nothing');
  const next = pending.begin(row(), 'comment', { comment: 'xe đã đến' }, NOW);
  assert.deepEqual(pending.tray().map(({ words }) => words), ['đã gọi chủ nhà'], 'the next one does not take its place');
  pending.answered(next, answer(200, alarm()));
  pending.unsent(row(), 'close', { code: 'true', comment: 'cháy bếp' }, { key: 'race.offline', values: {} }, NOW);
  assert.deepEqual(pending.tray().map(({ words }) => words), ['cháy bếp', 'đã gọi chủ nhà']);
  for (const kept of pending.tray()) pending.drop(kept);
  assert.deepEqual([pending.tray(), pending.overlay('a')], [[], null]);
});

test('a name that was typed is kept, a move that needs no words is not', () => {
  assert.equal(wordsOf('assign', { assignee: 'An' }), 'An');
  assert.equal(wordsOf('close', { code: 'true' }), null);
  assert.equal(wordsOf('acknowledge', {}), null);
});
