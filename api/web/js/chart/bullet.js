// A bullet bar: one figure against what is acceptable and what is the most. Greys and marks, no hue; the words
// beside it say the same.

import { svg } from '../badges.js';

const WIDTH = 240;
const HEIGHT = 16;
/** A figure far beyond its limits must not squeeze them to nothing: from here on it is cut with an arrow. */
const BEYOND = 3;

/**
 * Where the parts of the bar stand, 0 to 1: {value, target, maximum, isBeyond}. Null without any limit: then
 * there is nothing to hold the figure against.
 */
export function bulletOf({ value, target, maximum }) {
  const limits = [target, maximum].filter(Number.isFinite);
  if (!Number.isFinite(value) || limits.length === 0) return null;
  const most = Math.max(...limits);
  const base = most > 0 ? most * 1.5 : Math.max(value, 1);
  const scale = Math.min(Math.max(base, value), Math.max(most * BEYOND, base));
  const at = (n) => (Number.isFinite(n) ? Math.min(Math.max(n, 0) / scale, 1) : null);
  return { value: at(value), target: at(target), maximum: at(maximum === target ? null : maximum), isBeyond: value > scale };
}

/** The bar of `bulletOf`, with one sentence for those who hear. */
export function bullet(parts, label) {
  const box = svg('svg', { class: 'bullet', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label });
  box.append(svg('rect', { class: 'ground', x: 0, y: 2, width: WIDTH, height: HEIGHT - 4 }));
  box.append(svg('rect', { class: 'value', x: 0, y: 5, width: parts.value * WIDTH, height: HEIGHT - 10 }));
  if (parts.isBeyond) box.append(svg('path', { class: 'beyond', d: `M${WIDTH - 6} 3l6 5l-6 5z` }));
  for (const [name, at] of [['target', parts.target], ['maximum', parts.maximum]]) {
    if (at === null) continue;
    const x = Math.min(at * WIDTH, WIDTH - 2);
    box.append(svg('line', { class: name, x1: x, x2: x, y1: 0, y2: HEIGHT }));
    if (name === 'maximum') box.append(svg('line', { class: name, x1: x - 4, x2: x - 4, y1: 0, y2: HEIGHT }));
  }
  return box;
}
