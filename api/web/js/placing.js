// Where the markers of a map go, so that none hides another. Numbers only; units are screen pixels.

const DIRECTIONS = 16;

function overlaps(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function isFree(box, taken, frame) {
  return box.x >= 0 && box.y >= 0 && box.x + box.w <= frame.w && box.y + box.h <= frame.h
    && taken.every((other) => !overlaps(box, other));
}

function boxAround(x, y, w, h) {
  return { x: x - w / 2, y: y - h / 2, w, h };
}

/** The free box of the size nearest to a point, looking in rings around it; null when there is none. */
function nearestFree(point, size, allTaken, frame, uncovered) {
  const taken = uncovered ? [...allTaken, uncovered] : allTaken;
  const centred = boxAround(point.x, point.y, size.w, size.h);
  if (isFree(centred, taken, frame)) return centred;
  const step = size.h / 2;
  for (let ring = 1; ring <= 8; ring += 1) {
    for (let i = 0; i < DIRECTIONS; i += 1) {
      const angle = (2 * Math.PI * i) / DIRECTIONS;
      const box = boxAround(
        point.x + Math.cos(angle) * ring * step, point.y + Math.sin(angle) * ring * step, size.w, size.h,
      );
      if (isFree(box, taken, frame)) return box;
    }
  }
  return null;
}

function besideBox(box, size, gap) {
  const middle = box.y + box.h / 2 - size.h / 2;
  const centre = box.x + box.w / 2 - size.w / 2;
  return [
    { x: box.x + box.w + gap, y: middle, ...size },
    { x: box.x - gap - size.w, y: middle, ...size },
    { x: centre, y: box.y + box.h, ...size },
    { x: centre, y: box.y - size.h, ...size },
  ];
}

/** The first free place for a name beside its marker; it may slide sideways to stay on the picture. */
function nameBeside(badge, size, { taken, frame, gap }) {
  const slid = besideBox(badge, size, gap).map((box, i) => (
    i < 2 ? box : { ...box, x: Math.min(Math.max(gap / 2, box.x), frame.w - gap / 2 - box.w) }
  ));
  return slid.find((box) => isFree(box, taken, frame)) ?? null;
}

/**
 * Place markers and, where there is room, names. `marks`: [{point, badge: {w, h}, name: {w, h} | null,
 * land: box | null}], most urgent first: a name is placed before the less urgent markers; `land` is a
 * small commune that its own marker must not cover. `frame`: {w, h}.
 * Gives [{badge: box | null, name: box | null}] in the same order.
 */
export function place(marks, frame, gap) {
  const taken = [];
  return marks.map((mark) => {
    const badge = nearestFree(mark.point, mark.badge, taken, frame, mark.land);
    if (!badge) return { badge: null, name: null };
    taken.push(badge);
    const name = mark.name ? nameBeside(badge, mark.name, { taken, frame, gap }) : null;
    if (name) taken.push(name);
    return { badge, name };
  });
}
