// Sixty columns of one minute, from zero. A minute without events is an empty column; minutes in
// which the source was silent are a quiet band, because nothing heard is not nothing happened.

import { svg } from '../badges.js';
import { gapShares } from './gaps.js';
import { quietBand } from './quiet_band.js';

const WIDTH = 300;
const HEIGHT = 100;
const MINUTE_MS = 60_000;
const PEAK_MIN = 5; // one event in a quiet hour is a low column, not a full one

/** Draw `points` [{t, n}] into `root`, with a band in the `gaps` of gapShares. */
export function drawSpark(root, points, { gaps = [], label = '' }) {
  const step = WIDTH / Math.max(1, points.length);
  const peak = Math.max(PEAK_MIN, ...points.map(({ n }) => n));
  const columns = [];
  const silences = gapShares(points, gaps, MINUTE_MS);
  const isSilent = (i) => silences.some(([from, to]) => from <= i / points.length && i / points.length < to);
  points.forEach(({ n }, i) => {
    if (n > 0 && !isSilent(i)) columns.push(`M${(i * step).toFixed(2)} ${HEIGHT}v${(-n * HEIGHT / peak).toFixed(2)}h${(step * 0.8).toFixed(2)}V${HEIGHT}z`);
  });
  const isUnfinished = points.length > 0 && points.at(-1).n > 0 && !isSilent(points.length - 1);
  const last = isUnfinished ? columns.pop() : null;
  const parts = [
    ...silences.map((share) => quietBand(share, WIDTH, HEIGHT)),
    svg('path', { class: 'base', d: `M0 ${HEIGHT}H${WIDTH}` }),
    svg('path', { class: 'columns', d: columns.join('') }),
  ];
  if (last) parts.push(svg('path', { class: 'unfinished', d: last }));
  root.setAttribute('viewBox', `0 -2 ${WIDTH} ${HEIGHT + 4}`);
  root.setAttribute('preserveAspectRatio', 'none');
  root.setAttribute('role', 'img');
  root.setAttribute('aria-label', label);
  root.dataset.points = String(points.length);
  root.dataset.gaps = String(silences.length);
  root.replaceChildren(...parts);
}
