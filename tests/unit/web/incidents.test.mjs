import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LINES_MAX, agreeing, lasts, restOf, timeline } from '../js/console/timeline.js';
import { bodyOf, limitOf, matcherLines, words } from '../js/console/silence.js';

const AT = (minute) => `2026-11-22T07:${String(minute).padStart(2, '0')}:00Z`;
const piece = (minute, fields = {}) => ({
  from_at: AT(minute), severity: 'high', source: 'camera', key: 'CAM-1', n: 1, alarm: 'a', ...fields,
});
const step = (minute, type, fields = {}) => ({
  seq: minute, at: AT(minute), type, by: null, comment: null, body: {}, ...fields,
});

test('evidence and what people did stand in one order; a rule that joins says nothing new', () => {
  const log = [step(1, 'opened'), step(2, 'joined'), step(4, 'commented', { by: 'A', comment: 'x' })];
  const lines = timeline({ evidence: [piece(3), piece(1)], log });
  assert.deepEqual(lines.map(({ kind, type }) => type ?? kind), ['evidence', 'opened', 'evidence', 'commented']);
  const joined = [step(2, 'joined', { by: 'A' })];
  assert.equal(timeline({ evidence: [], log: joined }).length, 1);
});

test('an alarm that a person put in without evidence stands where it was raised', () => {
  const alarm = (id, minute) => ({ alarm: { id, raised_at: AT(minute), severity: 'low', source: 'fire', device: 'P', title: 't' } });
  const lines = timeline({ evidence: [piece(1)], log: [step(3, 'opened')], members: [alarm('a', 0), alarm('b', 2)] });
  assert.deepEqual(lines.map(({ alarm: id, type }) => type ?? id), ['a', 'b', 'opened']);
});

test('a long life shows its newest lines', () => {
  const log = Array.from({ length: LINES_MAX + 5 }, (_, n) => ({ ...step(1, 'commented'), by: 'A', seq: n }));
  const lines = timeline({ evidence: [], log });
  assert.equal(lines.length, LINES_MAX);
  assert.equal(lines[0].seq, 5);
});

test('the rest is acknowledged at once but for priority 1 and what wants two persons', () => {
  const alarm = (id, fields) => ({ id, severity: 'high', state: 'unacknowledged', ended_at: null, two_person: [], ...fields });
  const { bulk, single } = restOf([
    alarm('a'), alarm('b', { state: 'returned' }), alarm('c', { severity: 'critical' }),
    alarm('d', { two_person: ['acknowledge'] }), alarm('e', { state: 'acknowledged' }),
    alarm('f', { ended_at: AT(1) }), alarm('g', { two_person: ['close'] }),
  ]);
  assert.deepEqual(bulk.map(({ id }) => id), ['a', 'b', 'g']);
  assert.deepEqual(single.map(({ id }) => id), ['c', 'd']);
});

test('the sources that could agree are shown, and which do', () => {
  assert.deepEqual(agreeing(['fire', 'queue']).map(({ source, agrees }) => `${source} ${agrees}`), [
    'camera false', 'fire true', 'citizen false', 'queue true',
  ]);
});

test('an incident that is over has stopped lasting', () => {
  const closed = { began_at: AT(0), closed_at: AT(5), state: 'closed' };
  assert.equal(lasts(closed, Date.parse(AT(50))), 300);
  assert.equal(lasts({ ...closed, state: 'open', closed_at: null }, Date.parse(AT(50))), 3000);
});

const FORM = { kind: 'silence', rules: 'fire-trouble', areas: '', sources: '', devices: '', severities: '', reason: 'x', minutes: '60' };

test('a silence is written as the API takes it', () => {
  const { body } = bodyOf({ ...FORM, areas: '05443, 05455,05443', by: 'A' });
  assert.deepEqual(body, {
    kind: 'silence', matcher: { rules: ['fire-trouble'], areas: ['05443', '05455'] }, reason: 'x', minutes: 60, by: 'A',
  });
  assert.deepEqual(words('a,\n b ,,a'), ['a', 'b']);
});

test('what is wrong with a silence is said with its field', () => {
  assert.equal(bodyOf({ ...FORM, reason: '  ' }).field, 'reason');
  assert.equal(bodyOf({ ...FORM, rules: ' ' }).problem, 'ledger.no_matcher');
  assert.equal(bodyOf({ ...FORM, rules: '', severities: 'low' }).problem, 'ledger.no_matcher');
  assert.equal(bodyOf({ ...FORM, severities: 'urgent' }).field, 'severities');
  for (const minutes of ['', '0', '1.5', '-5', 'x']) assert.equal(bodyOf({ ...FORM, minutes }).field, 'minutes');
});

test('a matcher reads in the order of the form', () => {
  assert.deepEqual(matcherLines({ severities: ['low'], rules: ['a'], areas: [] }), [['rules', ['a']], ['severities', ['low']]]);
  assert.deepEqual(limitOf(28_800 + 300), { h: 8, m: '05' });
});
