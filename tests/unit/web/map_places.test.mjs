import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alarmPlaces } from '../js/map/alarm_places.js';
import { Devices, columnsOf, kindOf } from '../js/map/devices.js';
import { communeMarkers, nearMarkers } from '../js/map/markers.js';
import { projected } from '../js/map/projection.js';
import { View } from '../js/map/view.js';

function device(name, { lat = 21.6, lon = 105.8, source = 'fire', silent = false, area = '05443' } = {}) {
  return { source, device: name, area, lat, lon, silent };
}

function alarm(id, priority, { area = '05443', name = null, state = 'acknowledged' } = {}) {
  return { id, priority, state, area, source: 'fire', device: name, title: id };
}

test('devices without a place are counted and not drawn; a shape tells what they are', () => {
  const devices = new Devices(columnsOf([device('a'), device('b', { lat: null, lon: null })]));
  assert.equal(devices.size, 1);
  assert.equal(devices.placeless, 1);
  assert.equal(devices.indexOf('fire', 'a'), 0);
  assert.equal(devices.indexOf('fire', 'b'), -1);
  assert.equal(devices.indexOf('camera', 'a'), -1);
  assert.deepEqual(
    ['camera c', 'fire panel', 'fire panel/zone', 'queue q', 'meter m'].map((each) => kindOf(...each.split(' '))),
    ['square', 'pentagon', 'dot', 'house', 'dot'],
  );
});

test('what changed is taken in; only who moved or came makes the clusters new', () => {
  const devices = new Devices(columnsOf([device('a'), device('b', { lon: 105.9 })]));
  const { clusters } = devices;
  assert.equal(devices.patch(columnsOf([device('a', { silent: true, area: '05455' })])), false);
  assert.equal(devices.clusters, clusters);
  assert.deepEqual([devices.get(0).silent, devices.get(0).area, devices.get(1).silent], [true, '05455', false]);
  clusters.setPriority(0, 2);
  assert.equal(devices.patch(columnsOf([device('b', { lon: 106 }), device('c')])), true);
  assert.equal(devices.size, 3);
  assert.equal(devices.get(1).x, projected(106, 21.6)[0]);
  assert.equal(devices.clusters.priority(0), 2);
  assert.equal(devices.clusters.isSilent(0), true);
});

test('a place is as urgent as its worst alarm, and asks as long as one of those does', () => {
  const rows = [
    alarm('low', 4), alarm('one', 1), alarm('two', 1, { state: 'unacknowledged' }), alarm('three', 1),
    alarm('mid', 3, { state: 'unacknowledged' }),
  ];
  const { byArea } = alarmPlaces(rows, () => -1);
  const { priority, n, state } = byArea.get('05443');
  assert.deepEqual({ priority, n, state }, { priority: 1, n: 3, state: 'unacknowledged' });
});

test('every alarm with a commune has a place, at its device or in the commune, never both', () => {
  const devices = new Devices(columnsOf([device('here')]));
  const rows = [
    alarm('a', 2, { name: 'here' }), alarm('b', 3, { name: 'nowhere' }), alarm('c', 1), alarm('d', 1, { area: null }),
  ];
  const { byArea, byDevice, stray } = alarmPlaces(rows, (source, name) => devices.indexOf(source, name));
  assert.deepEqual([...byDevice.keys()], [0]);
  assert.deepEqual([stray.get('05443').priority, stray.get('05443').n], [1, 1]);
  assert.equal(byArea.size, 1);
});

function view() {
  const made = new View();
  made.resize(800, 800);
  const [[x0, y0], [x1, y1]] = [projected(105.5, 22), projected(106.2, 21.3)];
  made.setLand({ x0, y0, x1, y1 });
  return made;
}

test('markers of communes never lie on each other, the most urgent first', () => {
  const point = projected(105.8, 21.6);
  const land = { point, box: { x0: point[0], y0: point[1], x1: point[0] + 1e-5, y1: point[1] + 1e-5 } };
  const byArea = new Map(Array.from({ length: 12 }, (_, i) => [
    String(i), { priority: 1 + (i % 4), n: 1 + i, state: 'acknowledged', id: i },
  ]));
  const markers = communeMarkers(byArea, () => land, view());
  assert.deepEqual(markers.map(({ priority }) => priority), markers.map(({ priority }) => priority).sort());
  const boxes = markers.map(({ dx, dy, n }) => ({ x: dx - 11, y: dy - 11, w: 22 + (n > 1 ? 12 : 0), h: 22 }));
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      assert.ok(a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h);
    }
  }
  assert.deepEqual(communeMarkers(byArea, () => undefined, view()), []);
});

test('a cluster shows the worst of its devices once; who has no device stands in the commune', () => {
  const devices = new Devices(columnsOf([device('a'), device('b'), device('far', { lon: 106 })]));
  const rows = [
    alarm('x', 3, { name: 'a', state: 'unacknowledged' }), alarm('y', 2, { name: 'b' }), alarm('z', 4),
  ];
  const { byDevice, stray } = alarmPlaces(rows, (source, name) => devices.indexOf(source, name));
  for (const [i, { priority }] of byDevice) devices.clusters.setPriority(i, priority);
  const marks = devices.clusters.build(11).marks(11, { x0: 0, y0: 0, x1: 1, y1: 1 });
  const markers = nearMarkers(
    marks, { alarmed: byDevice.keys(), alarmOf: (i) => byDevice.get(i) }, stray, () => projected(105.8, 21.6),
  );
  assert.deepEqual(markers.map(({ id, n, state, code }) => [id, n, state, code]), [
    ['y', 1, 'acknowledged', undefined], ['z', 1, 'acknowledged', '05443'],
  ]);
  const more = alarmPlaces([...rows, alarm('v', 2, { name: 'b' })], (source, name) => devices.indexOf(source, name)).byDevice;
  const [both] = nearMarkers(marks, { alarmed: more.keys(), alarmOf: (i) => more.get(i) }, new Map(), () => null);
  assert.equal(both.n, 2, 'alarms are counted, as everywhere, not devices');
  assert.deepEqual(nearMarkers([], { alarmed: byDevice.keys(), alarmOf: (i) => byDevice.get(i) }, new Map(), () => null), []);
});
