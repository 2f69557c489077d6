// Which markers of alarms a map shows and where: by commune while the land is seen whole, on clusters and
// devices when it is near. Numbers only; `view` turns places of the world into pixels.

import { place } from '../placing.js';
import { BADGES_MAX } from './badge_layer.js';
import { byUrgency } from './alarm_places.js';
import { discRadius } from './symbols.js';

const SIDE_PX = 22;
const DIGIT_PX = 8;
const GAP_PX = 6;

/** How wide a marker with its count is. */
function widthOf(n) {
  return SIDE_PX + (n > 1 ? DIGIT_PX * String(n).length + 4 : 0);
}

function smallLand({ x0, y0, x1, y1 }, view) {
  const [x, y] = view.toScreen(x0, y0);
  const [w, h] = [(x1 - x0) * view.scale, (y1 - y0) * view.scale];
  return Math.max(w, h) < 2.2 * SIDE_PX ? { x, y, w, h } : null;
}

/**
 * One marker for each commune with an alarm, most urgent first, none upon another: {key, code, priority, n,
 * state, id, x, y, dx, dy}: the place in the world and how many pixels the marker stands off it.
 * `landOf(code)` gives the commune {point, box} in the world, or nothing: one that its own marker would hide
 * keeps clear of it.
 */
export function communeMarkers(byArea, landOf, view) {
  const open = [...byArea].flatMap(([code, found]) => {
    const land = landOf(code);
    return land ? [{ ...found, key: code, code, x: land.point[0], y: land.point[1] }] : [];
  }).sort(byUrgency);
  const first = open.slice(0, BADGES_MAX);
  const boxes = place(first.map(({ code, x, y, n }) => {
    const [px, py] = view.toScreen(x, y);
    const land = smallLand(landOf(code).box, view);
    return { point: { x: px, y: py }, badge: { w: widthOf(n), h: SIDE_PX }, name: null, land };
  }), { w: view.width, h: view.height }, GAP_PX);
  return open.map((marker, i) => {
    const box = boxes[i]?.badge;
    if (!box) return { ...marker, dx: 0, dy: 0 };
    const [px, py] = view.toScreen(marker.x, marker.y);
    return { ...marker, dx: box.x + SIDE_PX / 2 - px, dy: box.y + box.h / 2 - py };
  });
}

/** The boxes on the screen that clusters and devices take. */
export function boxesOfMarks(marks) {
  return marks.map(({ px, py, n }) => {
    const r = n === 1 ? 6 : discRadius(n) + 2;
    return { x: px - r, y: py - r, w: 2 * r, h: 2 * r };
  });
}

/** The boxes on the screen that those markers take. */
export function boxesOf(markers, view) {
  return markers.slice(0, BADGES_MAX).map(({ x, y, dx, dy, n }) => {
    const [px, py] = view.toScreen(x, y);
    return { x: px + dx - SIDE_PX / 2 - 2, y: py + dy - SIDE_PX / 2 - 2, w: widthOf(n) + 4, h: SIDE_PX + 4 };
  });
}

/**
 * One marker for each cluster or device in alarm among the marks in view, and for alarms of which nobody
 * knows the device one at their commune's point. `alarmOf(i)`: the worst alarm of device i.
 */
export function nearMarkers(marks, { alarmed, alarmOf }, stray, pointOf) {
  const worst = new Map();
  for (const i of alarmed) {
    const alarm = alarmOf(i);
    const c = marks[0]?.level.of[i];
    const held = worst.get(c);
    if (c === undefined || (held && held.priority < alarm.priority)) continue;
    const isSame = held?.priority === alarm.priority;
    const state = isSame && held.state === 'unacknowledged' ? held.state : alarm.state;
    worst.set(c, { ...alarm, state, n: alarm.n + (isSame ? held.n : 0) });
  }
  const found = marks.flatMap(({ x, y, n, c, level, priority }) => {
    const alarm = worst.get(c);
    if (!priority || !alarm) return [];
    const off = n === 1 ? 0 : discRadius(n) * 0.8;
    return [{ ...alarm, key: `${level.zoom} ${c}`, x, y, dx: off, dy: -off }];
  });
  for (const [code, alarm] of stray) {
    const point = pointOf(code);
    if (point) found.push({ ...alarm, key: code, code, x: point[0], y: point[1], dx: 0, dy: 0 });
  }
  return found.sort(byUrgency);
}
