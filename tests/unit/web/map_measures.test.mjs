import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  MEASURES, blindness, classOf, classesOf, coverageOf, fills, valueOf, worstOf,
} from '../js/map/measures.js';

function figures({ known = 10, heard = known, critical = 0, high = 0, low = 0, ...rest } = {}) {
  return {
    alarms: { critical, high, medium: 0, low }, reports_open: 0, reports_overdue: 0, waiting: 0,
    wait_longest_s: null, dossiers_overdue: 0, devices: { camera: { known, heard } }, ...rest,
  };
}

test('an area is blind below half, thin below nine tenths, and nothing is not blind', () => {
  assert.equal(blindness(figures({ known: 10, heard: 4 })), 'blind');
  assert.equal(blindness(figures({ known: 10, heard: 5 })), 'thin');
  assert.equal(blindness(figures({ known: 10, heard: 8 })), 'thin');
  assert.equal(blindness(figures({ known: 10, heard: 9 })), 'heard');
  assert.equal(blindness(figures({ known: 0 })), 'none');
  assert.equal(blindness(undefined), 'unknown');
  const two = figures({ devices: { camera: { known: 2, heard: 2 }, fire: { known: 8, heard: 2 } } });
  assert.equal(blindness(two), 'blind');
});

test('a share is of all devices, 100 only when all are heard, none without any', () => {
  assert.equal(coverageOf(figures({ known: 1000, heard: 999 })), 99);
  assert.equal(coverageOf(figures({ known: 3, heard: 3 })), 100);
  assert.equal(coverageOf(figures({ known: 0 })), null);
});

test('every measure has its number; who waits for nobody has none, not zero', () => {
  const here = figures({ high: 2, low: 1, reports_open: 4, wait_longest_s: 2830, dossiers_overdue: 9 });
  assert.deepEqual(MEASURES.map((measure) => valueOf(here, measure)), [3, 4, 47, 9, 100]);
  assert.equal(valueOf(figures(), 'wait'), null);
  assert.equal(valueOf(undefined, 'reports'), null);
});

test('five round classes hold every count once, zero by itself', () => {
  const areas = Object.fromEntries(Array.from({ length: 92 }, (_, i) => [String(i), figures({ reports_open: i % 31 })]));
  const classes = classesOf(areas, 'reports');
  assert.equal(classes.length, 5);
  assert.deepEqual(classes[0], { from: 0, to: 0 });
  assert.equal(classes[4].to, null);
  for (let n = 0; n < 500; n += 1) {
    assert.equal(classes.filter(({ from, to }) => n >= from && (to === null || n <= to)).length, 1, String(n));
  }
  for (const { to } of classes.slice(1, 4)) assert.match(String(classes[1].to), /^[125]0*$/, String(to));
});

test('one commune with very much leaves the others their classes', () => {
  const areas = Object.fromEntries(Array.from({ length: 92 }, (_, i) => [String(i), figures({ reports_open: 1 + (i % 9) })]));
  areas.flooded = figures({ reports_open: 4000 });
  const classes = classesOf(areas, 'reports');
  assert.ok(classes[4].from < 20);
  assert.equal(classOf(4000, classes), 5);
});

test('a province without anything still has classes', () => {
  assert.deepEqual(classesOf({ a: figures() }, 'dossiers').map(({ from }) => from), [0, 1, 2, 3, 4]);
});

test('low coverage is the worst class, and percents fall between none of them', () => {
  const classes = classesOf({}, 'coverage');
  for (let percent = 0; percent <= 100; percent += 1) assert.ok(classOf(percent, classes) >= 1, String(percent));
  assert.equal(classOf(100, classes), 1);
  assert.equal(classOf(49, classes), 5);
  assert.equal(classOf(null, classes), 0);
});

test('only alarms have a hue, and not those of priority 4', () => {
  const areas = { a: figures({ critical: 1 }), b: figures({ low: 3 }), c: figures({ reports_open: 9 }) };
  const shown = fills(areas, 'alarms');
  assert.deepEqual([...shown.values()].map(({ priority }) => priority), [1, 0, 0]);
  for (const measure of MEASURES.slice(1)) {
    assert.ok([...fills(areas, measure).values()].every(({ priority }) => priority === 0));
  }
  assert.deepEqual(worstOf(areas.b.alarms), { priority: 4, n: 3 });
  assert.equal(worstOf(figures().alarms), null);
});
