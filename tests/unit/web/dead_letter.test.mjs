import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { chosen, distance, envelopeOf, fieldsOf, fixOf, groupKey, meaning, mistake } from '../js/dead_letter.js';

const MISSING = { reason: 'schema', detail: 'data.label: Field required', headers: [] };
const letter = (event, more = {}) => ({ ...MISSING, text: JSON.stringify(event), ...more });

test('a group has the same word everywhere, and another detail another word', () => {
  const group = { source: 'camera', reason: 'schema', detail: 'data.label: Field required' };
  assert.equal(groupKey(group), groupKey({ ...group, n: 7 }));
  assert.notEqual(groupKey(group), groupKey({ ...group, detail: 'data.kind: Field required' }));
  assert.match(groupKey({ ...group, detail: 'Ằ \u{1f525} / ?' }), /^[\w.:-]{1,100}$/);
});

test('a missing field and a wrong one are told apart; the rest keeps its own words', () => {
  assert.deepEqual(mistake(MISSING), { key: 'missing', path: '/data/label', said: '' });
  assert.deepEqual(mistake({ reason: 'schema', detail: 'data.score: Input should be a valid number' }), {
    key: 'wrong', path: '/data/score', said: 'Input should be a valid number',
  });
  assert.equal(mistake({ reason: 'schema', detail: "Unable to extract tag using discriminator 'type'" }).path, '/type');
  assert.equal(mistake({ reason: 'clock', detail: 'time # is in the future' }), null);
  assert.equal(mistake({ reason: 'schema', detail: 'a ce_ header is not UTF-8' }), null);
});

test('the missing field names the one that is nearly it', () => {
  const { fields } = fieldsOf(letter({ type: 'x', data: { lable: 'smoke', zone: 1 } }));
  const missing = fields.at(-1);
  assert.deepEqual([missing.state, missing.path, missing.like], ['missing', '/data/label', '/data/lable']);
  assert.deepEqual(fields.map(({ path }) => path), ['/type', '/data/lable', '/data/zone', '/data/label']);
  assert.equal(fieldsOf(letter({ label: 1, data: { zone: 1 } })).fields.at(-1).like, null, 'another folder');
});

test('a wrong field is marked with what lies in it', () => {
  const wrong = { reason: 'schema', detail: 'data.box: Input should be a number' };
  const { fields } = fieldsOf(letter({ data: { box: ['a', 'b'], 'a/b': 1 } }, wrong));
  assert.deepEqual(fields.map(({ path, state }) => [path, state]), [
    ['/data/box/0', 'wrong'], ['/data/box/1', 'wrong'], ['/data/a~1b', 'read'],
  ]);
});

test('attributes in headers and data in the bytes are one event', () => {
  const headers = [['ce_type', 'ioc.camera.alert'], ['ce_id', '7'], ['trace', 'x']];
  assert.deepEqual(envelopeOf({ text: '{"label": "smoke"}', headers }), {
    type: 'ioc.camera.alert', id: '7', data: { label: 'smoke' },
  });
});

test('what is no event has no fields', () => {
  for (const text of [null, '', '{', '[1]', '7', 'null']) {
    assert.equal(fieldsOf({ ...MISSING, text }).fields, null, text);
  }
});

test('a record without end is cut, a long value too', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, n]));
  assert.equal(fieldsOf(letter(many)).fields.length, 201);
  assert.equal(fieldsOf(letter(many)).isCut, true);
  assert.ok(fieldsOf(letter({ a: 'x'.repeat(10_000) })).fields[0].value.length < 200);
});

test('letters that are swapped, left out or too many count one each', () => {
  assert.equal(distance('lable', 'label'), 1);
  assert.equal(distance('stat', 'state'), 1);
  assert.equal(distance('kind', 'kind'), 0);
  assert.equal(distance('', 'abc'), 3);
});

test('steps become a fix, the first that is not whole is named', () => {
  const steps = [
    { op: 'rename', path: ' /data/lable ', to: '/data/label', value: '' },
    { op: 'set', path: '/data/score', to: '', value: '0.5' },
    { op: 'set', path: '/area', to: '', value: '05443' },
    { op: 'remove', path: '/data/note', to: '', value: '' },
  ];
  assert.deepEqual(fixOf(steps).fix, [
    { op: 'rename', from: '/data/lable', to: '/data/label' },
    { op: 'set', path: '/data/score', value: 0.5 },
    { op: 'set', path: '/area', value: '05443' },
    { op: 'remove', path: '/data/note' },
  ]);
  assert.deepEqual(fixOf([steps[0], { ...steps[0], to: 'label' }]), { wrong: 1, problem: 'to' });
  assert.deepEqual(fixOf([{ ...steps[3], path: 'note' }]), { wrong: 0, problem: 'path' });
  assert.deepEqual(fixOf([]), { fix: [] });
});

test('filters leave out and the sums are of what is shown', () => {
  const groups = [
    { source: 'camera', reason: 'schema', n: 180, unseen: 2 },
    { source: 'fire', reason: 'clock', n: 31, unseen: 3 },
  ];
  assert.deepEqual(chosen(groups, {}).n, 211);
  const { shown, n, unseen } = chosen(groups, { source: ['fire'] });
  assert.deepEqual([shown.length, n, unseen], [1, 31, 3]);
  assert.equal(chosen(groups, { source: ['fire'], reason: 'schema' }).shown.length, 0);
});

test('what the reader says is told in words of the page, and what it names is kept', () => {
  const said = (detail, reason = 'schema') => meaning({ reason, detail });
  assert.deepEqual(said("data.state: Input should be 'alarm', 'test' or 'normal'"), { key: 'one_of', x: 'alarm, test, normal' });
  assert.deepEqual(said("specversion: Input should be '1.0'"), { key: 'one_of', x: '1.0' });
  assert.deepEqual(said('data.label: String should have at most 256 characters'), { key: 'long', x: '256' });
  assert.deepEqual(said('data.lat: Input should be less than or equal to 90'), { key: 'most', x: '90' });
  assert.deepEqual(said('time: Input should be a valid datetime, input is too short').key, 'moment');
  assert.deepEqual(said('ioc.fire.reading belongs on ioc.fire.v1', 'wrong_topic'), { key: 'topic', x: 'ioc.fire.v1' });
  assert.deepEqual(said('time # is in the future', 'clock'), { key: 'future', x: '' });
  assert.deepEqual(said('Invalid JSON: expected ident at line # column #', 'not_json').key, 'json');
  assert.deepEqual(said('data.label: Field required'), { key: null, x: '' });
  assert.equal(said('data.label: something that a newer reader says'), null);
  assert.equal(said('a ce_ header is not UTF-8'), null);
});

test('there are words for every usual refusal of the reader', async () => {
  // The same file is checked against the reader itself in tests/unit/test_event.py.
  const refusals = JSON.parse(await readFile(new URL('../data/refusals.json', import.meta.url), 'utf-8'));
  assert.ok(refusals.length > 25);
  assert.deepEqual(refusals.filter((one) => meaning(one) === null), []);
});
