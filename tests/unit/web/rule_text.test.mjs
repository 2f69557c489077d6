import assert from 'node:assert/strict';
import { test } from 'node:test';

import { columnsOf, daysOf, isOpen, standingOf, yamlOf } from '../js/rule_text.js';

const NOW = Date.parse('2026-11-22T07:05:00Z');

test('a rule reads as the docs write one', () => {
  const body = {
    severity: 'critical', kind: 'match', id: 'fire-alarm', title: 'Báo cháy: {kind}', per: 'device',
    when: { kind: ['smoke', 'heat'], state: 'alarm' }, clear: { when: { state: ['restore', 'normal'] } },
    guidance: ['Gọi cơ sở để xác minh; không liên lạc được thì coi là cháy thật.'],
  };
  assert.equal(yamlOf(body), `id: fire-alarm
title: "Báo cháy: {kind}"
kind: match
when: {kind: [smoke, heat], state: alarm}
per: device
severity: critical
clear: {when: {state: [restore, normal]}}
guidance:
  - "Gọi cơ sở để xác minh; không liên lạc được thì coi là cháy thật."
`);
});

test('what YAML could misread stands in quotes', () => {
  const text = yamlOf({ id: 'x', a: 'yes', b: '5m', c: '05443', d: 5, e: true, f: 'a: b', g: '', h: 'null', i: '- x' });
  for (const line of ['a: "yes"', 'b: "5m"', 'c: "05443"', 'd: 5', 'e: true', 'f: "a: b"', 'g: ""', 'h: "null"', 'i: "- x"']) {
    assert.ok(text.split('\n').includes(line), line);
  }
});

test('what is too long for a line is written under its name', () => {
  const when = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`field${n}`, `value${n}`]));
  assert.match(yamlOf({ when }), /^when:\n {2}field0: value0\n/);
});

test('days are those of the province, the last one as far as it has come', () => {
  assert.deepEqual(daysOf('2026-11-21', '2026-11-22', NOW), { from: '2026-11-20T17:00:00.000Z', to: '2026-11-22T07:05:00.000Z' });
  assert.deepEqual(daysOf('2026-11-20', '2026-11-20', NOW), { from: '2026-11-19T17:00:00.000Z', to: '2026-11-20T17:00:00.000Z' });
});

test('a range that is none is told apart', () => {
  assert.equal(daysOf('', '2026-11-22', NOW).problem, 'missing');
  assert.equal(daysOf('2026-11-22', '2026-11-20', NOW).problem, 'order');
  assert.equal(daysOf('2026-12-01', '2026-12-02', NOW).problem, 'future');
  assert.equal(daysOf('2026-10-01', '2026-11-20', NOW).problem, 'long');
});

test('columns fit the screen and lose no alarm', () => {
  const points = Array.from({ length: 4464 }, (_, n) => ({ t: `t${n}`, now: 1, draft: n % 2 }));
  const { step, columns } = columnsOf(points);
  assert.ok(columns.length <= 144);
  assert.equal(step, 310);
  assert.equal(columns.reduce((sum, { now }) => sum + now, 0), 4464);
  assert.equal(columns.reduce((sum, { draft }) => sum + draft, 0), 2232);
  assert.deepEqual(columnsOf([]), { step: 10, columns: [] });
});

test('what waits and what runs goes on', () => {
  assert.deepEqual(['waiting', 'running', 'done', 'failed', 'stopped'].map((state) => isOpen({ state })), [true, true, false, false, false]);
});

test('one that runs is never at 100 %, and says how long about it still takes when that can be told', () => {
  assert.deepEqual(standingOf({ progress: 0.9982, rest_s: null }), { percent: 99, rest: null });
  assert.deepEqual(standingOf({ progress: 1, rest_s: 0 }), { percent: 99, rest: { unit: 'seconds', n: 5 } });
  assert.deepEqual(standingOf({ progress: 0.5, rest_s: 31 }), { percent: 50, rest: { unit: 'seconds', n: 35 } });
  assert.deepEqual(standingOf({ progress: 0.129, rest_s: 61 }), { percent: 12, rest: { unit: 'minutes', n: 2 } });
});
