// Which names of communes a map has room for. Numbers only; units are CSS pixels.

const GAP_PX = 6;

function overlaps(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/**
 * Place names. `wanted`: [{x, y, w, h, room}], the most important first: the middle of the name, its
 * size, and how wide the land is there; `taken` are boxes that nothing may cover. A name that is
 * wider than its land would name the neighbour: it is left out.
 * Gives the boxes {x, y, w, h} in the same order, null for a name without a place.
 */
export function placed(wanted, taken = []) {
  const boxes = [...taken];
  return wanted.map(({ x, y, w, h, room }) => {
    if (w > room) return null;
    for (const dy of [0, h, -h]) {
      const box = { x: x - w / 2 - GAP_PX, y: y + dy - h / 2, w: w + 2 * GAP_PX, h };
      if (boxes.every((other) => !overlaps(box, other))) {
        boxes.push(box);
        return { x: box.x + GAP_PX, y: box.y, w, h };
      }
    }
    return null;
  });
}
