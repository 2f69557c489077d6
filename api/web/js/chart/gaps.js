// Where a source was silent, on the axis of a chart. No DOM.

import { instant } from '../formats.js';

/** The gaps of a series, and the silence that goes on since `silentSince` (ms, or null): it has no end yet. */
export function withOngoing(gaps, silentSince) {
  return silentSince === null ? gaps : [...gaps, { from: new Date(silentSince).toISOString(), to: null }];
}

/** [[from, to]] as shares of the axis that `points` of `stepMs` each make; what lies outside is cut off. */
export function gapShares(points, gaps, stepMs) {
  const begin = instant(points[0]?.t);
  if (begin === null) return [];
  const share = (text) => Math.max(0, Math.min(1, ((instant(text) ?? begin) - begin) / (points.length * stepMs)));
  return gaps.map(({ from, to }) => [share(from), to === null ? 1 : share(to)]).filter(([from, to]) => to > from);
}
