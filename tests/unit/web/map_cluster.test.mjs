import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Clusters, LEVEL_MAX, LEVEL_MIN, MARKS_MAX, levelOf } from '../js/map/cluster.js';
import { projected } from '../js/map/projection.js';

const DEVICES = 60_000;
const EVERYWHERE = { x0: 0, y0: 0, x1: 1, y1: 1 };

/** The same numbers each time. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Devices around 92 places of a province, every seventh silent. */
function province(n, seed = 7) {
  const roll = dice(seed);
  const places = Array.from({ length: 92 }, () => [105.45 + roll() * 0.85, 21.35 + roll() * 1.35]);
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i += 1) {
    const [lon, lat] = places[Math.floor(roll() * 92)];
    const spread = () => (roll() + roll() + roll() - 1.5) * 0.05;
    [x[i], y[i]] = projected(lon + spread(), lat + spread());
  }
  return new Clusters(x, y, Uint8Array.from({ length: n }, (_, i) => (i % 7 === 0 ? 1 : 0)));
}

const sum = (list, of) => list.reduce((all, each) => all + of(each), 0);

function levels() {
  return Array.from({ length: 2 * (LEVEL_MAX - LEVEL_MIN) + 1 }, (_, i) => LEVEL_MIN + i / 2);
}

/** All marks of a level, however many, from tiles that each hold few enough. */
function allMarks(clusters, zoom) {
  const found = [];
  const look = (box, depth) => {
    const marks = clusters.marks(zoom, box);
    if (marks?.every(({ level }) => level.zoom === zoom)) {
      found.push(...marks);
      return;
    }
    assert.ok(depth < 30, 'too many marks in one place');
    const [mx, my] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
    for (const [x0, x1] of [[box.x0, mx], [mx, box.x1]]) {
      for (const [y0, y1] of [[box.y0, my], [my, box.y1]]) look({ x0, y0, x1, y1 }, depth + 1);
    }
  };
  look(EVERYWHERE, 0);
  return found;
}

test('at every zoom the marks together are all devices, and all silent ones', () => {
  const clusters = province(DEVICES);
  for (const zoom of levels()) {
    clusters.build(zoom);
    const marks = allMarks(clusters, zoom);
    assert.equal(sum(marks, ({ n }) => n), DEVICES, `zoom ${zoom}`);
    assert.equal(sum(marks, ({ silent }) => silent), Math.ceil(DEVICES / 7), `zoom ${zoom}`);
  }
});

test('never more marks than a picture can hold, whatever part is looked at', () => {
  const clusters = province(DEVICES);
  for (const zoom of levels()) clusters.build(zoom);
  const roll = dice(3);
  const [x0, y0] = projected(105.45, 22.7);
  for (let look = 0; look < 300; look += 1) {
    const zoom = 9 + roll() * 9;
    const px = 1 / (256 * 2 ** zoom);
    const [x, y] = [x0 + roll() * 0.0023, y0 + roll() * 0.004];
    const marks = clusters.marks(zoom, { x0: x, y0: y, x1: x + 3840 * px, y1: y + 2160 * px });
    assert.ok(marks.length <= MARKS_MAX);
  }
});

test('a mark is where its devices are, and says who they are', () => {
  const clusters = province(2000);
  clusters.build(12);
  const marks = allMarks(clusters, 12);
  const seen = new Set();
  for (const mark of marks) {
    const members = clusters.members(mark);
    assert.equal(members.length, mark.n);
    assert.equal(mark.n === 1, mark.point >= 0);
    members.forEach((i) => seen.add(i));
  }
  assert.equal(seen.size, 2000);
});

test('what changes step by step is what is built anew', () => {
  const live = province(3000);
  const silent = Uint8Array.from({ length: 3000 }, (_, i) => (live.isSilent(i) ? 1 : 0));
  for (const zoom of [9, 12, 15, 18]) live.build(zoom);
  const roll = dice(11);
  const priorities = new Map();
  for (let change = 0; change < 5000; change += 1) {
    const i = Math.floor(roll() * 3000);
    if (roll() < 0.5) {
      silent[i] = roll() < 0.5 ? 1 : 0;
      live.setSilent(i, silent[i] === 1);
    } else {
      priorities.set(i, Math.floor(roll() * 5));
      live.setPriority(i, priorities.get(i));
    }
  }
  const rebuilt = province(3000);
  silent.forEach((value, i) => rebuilt.setSilent(i, value === 1));
  priorities.forEach((priority, i) => rebuilt.setPriority(i, priority));
  const told = (clusters, zoom) => allMarks(clusters.build(zoom), zoom)
    .map(({ x, y, n, silent: quiet, priority }) => [x, y, n, quiet, priority].join())
    .sort();
  for (const zoom of [9, 12, 15, 18]) assert.deepEqual(told(live, zoom), told(rebuilt, zoom));
});

test('a change while a level is being built is counted once', () => {
  const clusters = province(20_000);
  const building = clusters.building(11);
  building.next();
  clusters.setSilent(0, false);
  clusters.setPriority(5, 1);
  for (const _ of building);
  const marks = allMarks(clusters, 11);
  assert.equal(sum(marks, ({ silent }) => silent), Math.ceil(20_000 / 7) - 1);
  assert.equal(marks.filter(({ priority }) => priority === 1).length, 1);
});

test('the worst alarm of a cluster is the one it shows', () => {
  const [x, y] = [new Float64Array(3).fill(0.79), new Float64Array(3).fill(0.44)];
  const clusters = new Clusters(x, y, new Uint8Array(3)).build(10);
  const shown = () => clusters.marks(10, EVERYWHERE)[0].priority;
  assert.equal(shown(), 0);
  clusters.setPriority(0, 4);
  clusters.setPriority(1, 2);
  assert.equal(shown(), 2);
  clusters.setPriority(1, 0);
  assert.equal(shown(), 4);
});

test('while a level is not built the coarser one stands in for it', () => {
  const clusters = province(1000);
  assert.equal(clusters.marks(12, EVERYWHERE), null);
  clusters.build(9);
  assert.ok(clusters.marks(12, EVERYWHERE).every(({ level }) => level.zoom === 9));
  assert.equal(clusters.has(12), false);
  assert.equal(levelOf(12.49), 12);
  assert.equal(levelOf(99), LEVEL_MAX);
});

test('marks of one level do not lie on each other', () => {
  const clusters = province(DEVICES).build(11);
  const marks = allMarks(clusters, 11);
  const px = 256 * 2 ** 11;
  let near = 0;
  for (let a = 0; a < marks.length; a += 1) {
    for (let b = a + 1; b < marks.length; b += 1) {
      if (Math.hypot(marks[a].x - marks[b].x, marks[a].y - marks[b].y) * px < 24) near += 1;
    }
  }
  assert.ok(near / marks.length < 0.02, `${near} of ${marks.length}`);
});
