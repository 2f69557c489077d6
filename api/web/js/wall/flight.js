// How a map moves from one look to another. Numbers only: boxes of {x, y, w, h}.

export const FLIGHT_MS = 600;
const ROOM = 1.4; // of a commune's own reach, so that its neighbours are seen
const ZOOM_MAX = 12;

function middle({ x, y, w, h }) {
  return [x + w / 2, y + h / 2];
}

/** The box at `share` (0…1) of the way: slow at both ends, and the zoom even to the eye. */
export function between(from, to, share) {
  if (share >= 1) return to;
  const eased = share * share * (3 - 2 * share);
  const w = from.w * (to.w / from.w) ** eased;
  const h = from.h * (to.h / from.h) ** eased;
  // The middle moves as the width does, or the goal would leave the picture on the way.
  const done = from.w === to.w ? eased : (from.w - w) / (from.w - to.w);
  const [fromX, fromY] = middle(from);
  const [toX, toY] = middle(to);
  return { x: fromX + (toX - fromX) * done - w / 2, y: fromY + (toY - fromY) * done - h / 2, w, h };
}

/** The look at a commune: `point` in the middle, the commune's `box` around it, the shape of `frame`. */
export function lookAt(point, box, frame) {
  const reach = (low, size, at) => 2 * Math.max(at - low, low + size - at);
  const scale = Math.max(
    (ROOM * reach(box.x, box.w, point.x)) / frame.w,
    (ROOM * reach(box.y, box.h, point.y)) / frame.h,
    1 / ZOOM_MAX,
  );
  const size = { w: frame.w * Math.min(1, scale), h: frame.h * Math.min(1, scale) };
  return { x: point.x - size.w / 2, y: point.y - size.h / 2, ...size };
}
