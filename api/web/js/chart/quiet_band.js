// Where a source was not heard: one quiet band with a sparse slant, behind what was heard. It must not look like
// columns.

import { svg } from '../badges.js';

const SLANTS = 32; // over the whole width

/** The band between two shares of a drawing of `width` × `height` units. */
export function quietBand([from, to], width, height) {
  const [left, right] = [from * width, to * width];
  return svg('path', {
    class: 'gap', d: `M${left.toFixed(1)} 0H${right.toFixed(1)}V${height}H${left.toFixed(1)}z${slants(left, right, width, height)}`,
  });
}

/** Lines that rise to the right, on one grid for all bands of a drawing, cut off at its ends. */
export function slants(left, right, width, height) {
  const step = width / SLANTS;
  const lines = [];
  for (let x = (Math.floor(left / step) - 1) * step; x < right; x += step) {
    const [begin, end] = [Math.max(left, x), Math.min(right, x + step)];
    if (begin >= end) continue;
    const y = (at) => (height * (1 - (at - x) / step)).toFixed(1);
    lines.push(`M${begin.toFixed(1)} ${y(begin)}L${end.toFixed(1)} ${y(end)}`);
  }
  return lines.join('');
}
