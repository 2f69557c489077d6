// Sixty columns of one minute, from zero. A minute without events is an empty column; minutes in
// which the source was silent are hatched, because nothing heard is not nothing happened.

import { svg } from './badges.js';
import { instant } from './formats.js';

const MINUTE_MS = 60_000;
const WIDTH = 300;
const HEIGHT = 100;
const PEAK_MIN = 5; // one event in a quiet hour is a low column, not a full one

/** Draw `points` [{t, n}] into `root`; minutes after `silentSince` (ms or null) are a gap. */
export function drawSpark(root, points, { silentSince = null, label = '' }) {
  const step = WIDTH / Math.max(1, points.length);
  const peak = Math.max(PEAK_MIN, ...points.map(({ n }) => n));
  const columns = [];
  let gapFrom = null;
  points.forEach(({ t, n }, i) => {
    const x = i * step;
    if (silentSince !== null && (instant(t) ?? 0) >= silentSince) gapFrom ??= x;
    else if (n > 0) columns.push(`M${x.toFixed(2)} ${HEIGHT}v${(-n * HEIGHT / peak).toFixed(2)}h${(step * 0.8).toFixed(2)}V${HEIGHT}z`);
  });
  const isUnfinished = points.length > 0 && points.at(-1).n > 0 && gapFrom === null;
  const last = isUnfinished ? columns.pop() : null;
  const parts = [svg('path', { class: 'base', d: `M0 ${HEIGHT}H${WIDTH}` }), svg('path', { class: 'columns', d: columns.join('') })];
  if (last) parts.push(svg('path', { class: 'unfinished', d: last }));
  if (gapFrom !== null) parts.push(...hatch(gapFrom));
  root.setAttribute('viewBox', `0 -2 ${WIDTH} ${HEIGHT + 4}`);
  root.setAttribute('preserveAspectRatio', 'none');
  root.setAttribute('role', 'img');
  root.setAttribute('aria-label', label);
  root.dataset.points = String(points.length);
  root.replaceChildren(...parts);
}

function hatch(fromX) {
  const lines = [];
  for (let x = Math.ceil(fromX / 10) * 10; x <= WIDTH; x += 10) lines.push(`M${x} 0V${HEIGHT}`);
  return [svg('path', { class: 'gap', d: lines.join('') })];
}

/** [from, to) of the sixty minutes that end with the minute of `nowMs`, as RFC 3339. */
export function lastHour(nowMs) {
  const to = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  return { from: new Date(to - 60 * MINUTE_MS).toISOString(), to: new Date(to).toISOString() };
}
