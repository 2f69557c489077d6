import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Ground } from '../js/map/ground.js';
import { placed } from '../js/map/labels.js';
import { metresPerUnit, projected, unprojected } from '../js/map/projection.js';
import { View, ZOOM_MAX, readView, underway } from '../js/map/view.js';

const [X0, Y0] = projected(105.45, 22.75);
const [X1, Y1] = projected(106.25, 21.32);
const PROVINCE = { x0: X0, y0: Y0, x1: X1, y1: Y1 };

function about(actual, expected, off = 1e-9) {
  assert.ok(Math.abs(actual - expected) <= off, `${actual} is not ${expected}`);
}

function view(width = 1000, height = 900) {
  const made = new View();
  made.resize(width, height);
  made.setLand(PROVINCE);
  return made;
}

test('there and back again, and a degree is as long as on the ground', () => {
  const { lon, lat } = unprojected(...projected(105.84, 21.59));
  about(lon, 105.84);
  about(lat, 21.59);
  const [a, b] = [projected(105, 21.6), projected(106, 21.6)];
  about((b[0] - a[0]) * metresPerUnit(21.6), 103_500, 500);
});

test('the whole province is shown first, also after the window has changed', () => {
  const made = view();
  for (const [x, y] of [[X0, Y0], [X1, Y1]]) {
    const [px, py] = made.toScreen(x, y);
    assert.ok(px >= 15 && px <= 985 && py >= 15 && py <= 885, `${px} ${py}`);
  }
  assert.equal(made.written(), null);
  made.resize(400, 700);
  assert.ok(made.isFitted);
  made.zoomAt(10, 10, 2);
  assert.ok(!made.isFitted);
  const middle = [made.x, made.y];
  made.resize(800, 700);
  assert.deepEqual([made.x, made.y], middle);
});

test('what lies under the pointer stays under it', () => {
  const made = view();
  made.zoomAt(500, 450, 3);
  const before = made.toWorld(300, 640);
  made.zoomAt(300, 640, 1.3);
  const after = made.toWorld(300, 640);
  about(before[0], after[0]);
  about(before[1], after[1]);
  made.pan(40, -25);
  const moved = made.toScreen(...after);
  about(moved[0], 340, 1e-4);
  about(moved[1], 615, 1e-4);
});

test('nobody gets lost: the land stays in view and the zoom within bounds', () => {
  const made = view();
  made.zoomAt(500, 450, 30);
  assert.equal(made.zoom, ZOOM_MAX);
  made.pan(1e9, -1e9);
  const [px, py] = made.toScreen(X0, Y1);
  assert.ok(px <= 1000 && px >= 0 && py >= 0 && py <= 900, `${px} ${py}`);
  made.zoomAt(500, 450, -30);
  about(made.zoom, made.fitZoom - 0.5);
});

test('the scale bar is a round distance that is no longer than its room', () => {
  const made = view();
  for (let zoom = 9; zoom <= 18; zoom += 0.37) {
    made.put({ ...projectedMiddle(), zoom });
    const { metres, px } = made.scaleBar(120);
    assert.ok(px <= 120 && px > 45, `${px}`);
    assert.match(String(metres), /^[125]0*$/);
    about(px * made.metresPerPixel, metres, 1e-6);
  }
});

function projectedMiddle() {
  const [x, y] = projected(105.84, 21.9);
  return { x, y };
}

test('a view in an address is the same again; nonsense is none', () => {
  const made = view();
  made.put({ ...projectedMiddle(), zoom: 13.25 });
  const { lon, lat, zoom } = readView(made.written());
  about(lon, 105.84, 1e-4);
  about(lat, 21.9, 1e-4);
  assert.equal(zoom, 13.25);
  for (const word of ['', null, 'x', '1,2', '105,21,99', '105,,12', '999,21,12', 'NaN,21,12', '1,2,3,4']) {
    assert.equal(readView(word), null, word);
  }
});

test('a flight begins here, ends there and does not leave the way', () => {
  const from = { x: 0.7, y: 0.4, zoom: 9 };
  const to = { x: 0.702, y: 0.403, zoom: 15 };
  assert.deepEqual(underway(from, to, 0), from);
  const end = underway(from, to, 1);
  about(end.x, to.x);
  about(end.zoom, to.zoom);
  let before = from;
  for (let t = 0.1; t <= 1; t += 0.1) {
    const now = underway(from, to, t);
    assert.ok(now.x >= before.x && now.x <= to.x && now.zoom > before.zoom);
    before = now;
  }
  about(underway(to, { ...from, zoom: 15 }, 0.5).x, 0.701);
});

// A big commune with a hole in which a small one lies, and one of two parts.
const square = (lon, lat, side) => [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]];
const feature = (code, type, coordinates) => ({ properties: { code }, geometry: { type, coordinates } });
const FEATURES = [
  feature('small', 'Polygon', [square(105.4, 21.4, 0.2)]),
  feature('big', 'Polygon', [square(105, 21, 1), square(105.4, 21.4, 0.2)]),
  feature('two', 'MultiPolygon', [[square(106.5, 21, 0.2)], [square(107, 21, 0.2)]]),
];

test('a point is in the commune that holds it, and in none outside', () => {
  const ground = new Ground(FEATURES, () => null);
  const at = (lon, lat) => ground.at(...projected(lon, lat));
  assert.equal(at(105.1, 21.1), 'big');
  assert.equal(at(105.5, 21.5), 'small');
  assert.equal(at(106.6, 21.1), 'two');
  assert.equal(at(107.1, 21.1), 'two');
  assert.equal(at(106.8, 21.1), null);
  assert.equal(at(0, 0), null);
});

test('small communes lie on top of big ones, names go where they were told', () => {
  const ground = new Ground(FEATURES, (code) => (code === 'big' ? [105.9, 21.9] : null));
  assert.equal(ground.communes.at(-1).code, 'small');
  assert.deepEqual(ground.get('big').point, projected(105.9, 21.9));
  about(ground.get('small').point[0], projected(105.5, 21.5)[0]);
  about(ground.box.x1, projected(107.2, 21)[0]);
});

test('names never lie on each other or on what is taken, and none is wider than its land', () => {
  const wanted = Array.from({ length: 60 }, (_, i) => ({
    x: (i * 37) % 300, y: (i * 53) % 200, w: 60, h: 14, room: i % 5 === 0 ? 40 : 200,
  }));
  const badge = { x: 100, y: 80, w: 40, h: 40 };
  const boxes = placed(wanted, [badge]);
  assert.ok(boxes.every((box, i) => box === null || wanted[i].room >= 60));
  const shown = [badge, ...boxes.filter(Boolean)];
  assert.ok(shown.length > 10);
  for (const [i, a] of shown.entries()) {
    for (const b of shown.slice(i + 1)) {
      assert.ok(a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h);
    }
  }
});
