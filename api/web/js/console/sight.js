// What of the alarm list can be seen: how high its parts are, how far it is scrolled, where a line stands. To ask
// for a size in the midst of drawing costs a layout: it is asked when one may have changed.

/** Until the first layout has said how high a line is. */
const ROW_PX = 32;

export class Sight {
  #frame;
  #gridPx = 0;
  #footPx = 0;
  topPx = 0;
  rowPx = ROW_PX;
  scrolledPx = 0;
  /** How many lines there would be room for without a strip. */
  lines = Infinity;

  /** `frame` as gridFrame gives it. */
  constructor(frame) {
    this.#frame = frame;
  }

  /** The grid is made as high as whole lines fit: none is cut at its foot. */
  measure() {
    const { grid, top, foot, space } = this.#frame;
    this.rowPx = Number.parseFloat(getComputedStyle(space).gridAutoRows) || ROW_PX;
    this.topPx = top.offsetHeight;
    this.#footPx = foot.offsetHeight;
    const fullPx = grid.parentElement.clientHeight - (grid.offsetHeight - grid.clientHeight);
    const beyondPx = Math.max(0, fullPx - this.topPx - this.#footPx) % this.rowPx;
    this.#gridPx = fullPx - beyondPx;
    this.lines = Math.floor(fullPx / this.rowPx);
    grid.style.marginBottom = `${beyondPx}px`;
  }

  scrolled() {
    this.scrolledPx = this.#frame.grid.scrollTop;
  }

  /** How high the part of the list is that scrolls. */
  get room() {
    return this.#gridPx - this.topPx - this.#footPx;
  }

  jump(top) {
    this.#frame.grid.scrollTop = top;
    this.scrolled(); // it may not go so far
  }

  /** Where the line at a place of the list stands below the strip, in px. */
  topOf(at) {
    return at * this.rowPx - this.scrolledPx;
  }

  /** Whether half of it can be seen. */
  isSeen(at) {
    const half = this.rowPx / 2;
    return this.topOf(at) > -half && this.topOf(at) + half < this.room;
  }

  reveal(at) {
    const top = this.topOf(at);
    const beyond = top + this.rowPx - this.room;
    if (top < 0) this.jump(this.scrolledPx + top);
    else if (beyond > 0) this.jump(this.scrolledPx + beyond);
  }
}
