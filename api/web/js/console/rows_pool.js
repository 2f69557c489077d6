// The lines that are in the document: as many as fit and a few more, used again for other alarms. A line keeps
// its alarm while both are in view, so that nothing under the eye is rebuilt.

/** With the pinned ones no more than 80 rows are in the document, on any screen. */
export const LINES_MAX = 66;
/** Lines beyond each edge of the view, so that a quick turn of the wheel shows no gap. */
const BEYOND = 6;
/** So many lines come and go at once: most frames of a scroll then have nothing to lay out and to paint. */
const STRETCH = 8;

export class RowsPool {
  #space;
  #make;
  #free = [];
  #used = new Map(); // id -> {line, at}
  #made = 0;
  #rowHeight = 32;

  /** `space` is the element that is as high as the whole list; `make(n)` gives the n-th line. */
  constructor(space, make) {
    this.#space = space;
    this.#make = make;
  }

  get lines() {
    return [...this.#used.values()].map(({ line }) => line);
  }

  line(id) {
    return this.#used.get(id)?.line ?? null;
  }

  /** The places of the list that are drawn for a view of `height` px that begins `top` px down the list. */
  static range(top, height, rowHeight, count) {
    const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
    const last = Math.ceil((top + height) / rowHeight) + BEYOND;
    const from = first - (first % STRETCH);
    const to = Math.ceil(last / STRETCH) * STRETCH;
    // A screen so high that whole stretches are too much has the lines that it needs.
    if (to - from <= LINES_MAX) return [from, Math.min(count, to)];
    return [first, Math.min(count, last, first + LINES_MAX)];
  }

  /**
   * Put lines under `ids` of the places [first, last): `draw(line, id, at)` writes each. The space is made as
   * high as the whole list.
   */
  render(ids, [first, last], rowHeight, draw) {
    const height = `${ids.length * rowHeight}px`;
    if (this.#space.style.height !== height) this.#space.style.height = height;
    const hasMoved = rowHeight !== this.#rowHeight;
    this.#rowHeight = rowHeight;
    const wanted = new Set(ids.slice(first, last));
    for (const [id, used] of this.#used) {
      if (wanted.has(id)) continue;
      this.#used.delete(id);
      this.#free.push(used);
    }
    for (let at = first; at < last; at += 1) {
      const used = this.#used.get(ids[at]) ?? this.#take(ids[at]);
      if (used.at !== at || hasMoved) {
        used.at = at;
        used.line.element.style.transform = `translateY(${at * rowHeight}px)`;
      }
      draw(used.line, ids[at], at);
    }
    for (const { line } of this.#free) line.rest();
  }

  #take(id) {
    const used = this.#free.pop() ?? { line: this.#make(this.#made++), at: -1 };
    if (!used.line.element.isConnected) this.#space.append(used.line.element);
    used.line.element.hidden = false;
    used.at = -1;
    this.#used.set(id, used);
    return used;
  }
}
