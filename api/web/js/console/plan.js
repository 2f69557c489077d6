// A plan of what stands within some hundred metres of a place: north is up. The list beside it has the same
// things with their distances; no street is known here, so none is drawn.

import { badge, svg } from '../badges.js';

const SIZE = 240;
const EAST_PER_NORTH = Math.cos((21.6 * Math.PI) / 180);
const METRES_PER_DEGREE = 111_195;
const BADGE = 20;
const SHAPES = {
  camera: 'M-5 -5H5V5H-5Z',
  fire: 'M0 -6L5.7 -1.9L3.5 4.9H-3.5L-5.7 -1.9Z',
  queue: 'M-5 5V-1L0 -6L5 -1V5Z',
};
const DOT = 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0';

/** Where something stands on the plan, [x, y] in its units. */
function placeOf(place, centre, radiusM) {
  const scale = SIZE / 2 / radiusM;
  const east = (place.lon - centre.lon) * METRES_PER_DEGREE * EAST_PER_NORTH;
  const north = (place.lat - centre.lat) * METRES_PER_DEGREE;
  return [SIZE / 2 + east * scale, SIZE / 2 - north * scale];
}

/** The smallest round radius that holds a circle with room around it. */
export function roundRadius(radiusM) {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
  return steps.find((step) => step >= radiusM * 1.25) ?? steps.at(-1);
}

/**
 * An SVG with rings at half and whole radius, devices {lat, lon, source, silent}, and alarms {lat, lon,
 * priority}. `circleM`: a dashed circle, an incident's radius. `half` and `whole` are the rings' words.
 */
export function drawPlan({ devices = [], alarms = [] }, centre, { radiusM, label, half, whole, circleM = null }) {
  const root = svg('svg', { class: 'plan', viewBox: `0 0 ${SIZE} ${SIZE}`, role: 'img', 'aria-label': label });
  const middle = SIZE / 2;
  for (const [r, text] of [[middle - 1, whole], [middle / 2, half]]) {
    root.append(svg('circle', { class: 'ring', cx: middle, cy: middle, r }));
    const words = svg('text', { class: 'metres', x: middle + 3, y: middle - r + 14 });
    words.textContent = text;
    root.append(words);
  }
  if (circleM !== null) root.append(svg('circle', { class: 'circle', cx: middle, cy: middle, r: Math.max(4, (circleM / radiusM) * middle) }));
  for (const device of devices.filter(hasPlace)) {
    const [x, y] = placeOf(device, centre, radiusM);
    const drawn = svg('path', {
      class: 'device', d: SHAPES[device.source] ?? DOT, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
    });
    drawn.dataset.silent = String(device.silent);
    root.append(drawn);
  }
  // The most urgent lies on top.
  for (const alarm of alarms.filter(hasPlace).sort((a, b) => b.priority - a.priority)) {
    const [x, y] = placeOf(alarm, centre, radiusM);
    const drawn = badge(alarm.priority);
    const at = { x: x - BADGE / 2, y: y - BADGE / 2, width: BADGE, height: BADGE };
    for (const [name, value] of Object.entries(at)) drawn.setAttribute(name, value);
    root.append(drawn);
  }
  return root;
}

function hasPlace({ lat, lon }) {
  return Number.isFinite(lat) && Number.isFinite(lon);
}
