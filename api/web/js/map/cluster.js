// Tens of thousands of points as at most some hundred marks. For each half step of zoom the points are
// put together once by a grid of squares; what a point is (silent, in alarm) only changes sums.

/** Side of a square of the grid, in CSS pixels at the level's own zoom. */
const CELL_PX = 80;
/** Clusters nearer to each other than this become one. */
const NEAR_PX = 64;
const WORLD_PX = 256;
/** Points between two looks at the clock while a level is built. */
const SLICE = 4000;
const CELLS_MAX = 2 ** 20;
export const MARKS_MAX = 400;
export const LEVEL_MIN = 5;
export const LEVEL_MAX = 18;

/** The level of a zoom: its half step, from `LEVEL_MIN` to `LEVEL_MAX`. */
export function levelOf(zoom) {
  return Math.min(Math.max(Math.floor(zoom * 2) / 2, LEVEL_MIN), LEVEL_MAX);
}

/** The sums of one level: cluster `c` has n[c] points around (sumX[c] / n[c], sumY[c] / n[c]). */
class Level {
  constructor(zoom, points) {
    this.zoom = zoom;
    this.of = new Int32Array(points);
    this.size = 0;
  }

  fill(size) {
    this.size = size;
    this.n = new Int32Array(size);
    this.silent = new Int32Array(size);
    this.sumX = new Float64Array(size);
    this.sumY = new Float64Array(size);
    this.first = new Int32Array(size).fill(-1);
    this.alarms = new Int32Array(size * 4); // by priority 1 to 4
  }
}

export class Clusters {
  #x;
  #y;
  #silent;
  #priority;
  #levels = new Map();
  #origin;

  /**
   * `x`, `y`: world coordinates (Float64Array); `silent`: 0 or 1 each (Uint8Array); nobody is in alarm
   * at first. The positions never change: for others make new clusters.
   */
  constructor(x, y, silent) {
    this.#x = x;
    this.#y = y;
    this.#silent = Uint8Array.from(silent);
    this.#priority = new Uint8Array(x.length);
    let [x0, y0] = [Infinity, Infinity];
    for (let i = 0; i < x.length; i += 1) {
      if (x[i] < x0) x0 = x[i];
      if (y[i] < y0) y0 = y[i];
    }
    this.#origin = { x: x0, y: y0 };
  }

  get size() {
    return this.#x.length;
  }

  isSilent(i) {
    return this.#silent[i] === 1;
  }

  /** Priority 1 to 4 of a point in alarm, 0 without. */
  priority(i) {
    return this.#priority[i];
  }

  has(zoom) {
    return this.#levels.has(levelOf(zoom));
  }

  /** Build the level of a zoom; yields from time to time, so that the caller can go on later. */
  * building(zoom) {
    const key = levelOf(zoom);
    if (this.#levels.has(key)) return;
    const level = new Level(key, this.size);
    const cells = yield* this.#cells(level);
    const clusterOf = yield* this.#merged(cells, NEAR_PX / (WORLD_PX * 2 ** key));
    level.fill(cells.merged);
    // In one go: a change that came between two slices must not be counted half.
    for (let i = 0; i < this.size; i += 1) {
      const c = clusterOf[level.of[i]];
      level.of[i] = c;
      if (level.first[c] < 0) level.first[c] = i;
      level.n[c] += 1;
      level.sumX[c] += this.#x[i];
      level.sumY[c] += this.#y[i];
      level.silent[c] += this.#silent[i];
      if (this.#priority[i]) level.alarms[4 * c + this.#priority[i] - 1] += 1;
    }
    this.#levels.set(key, level);
  }

  /** Build the level of a zoom at once. */
  build(zoom) {
    for (const _ of this.building(zoom));
    return this;
  }

  /** Which square each point is in; the squares' sums. */
  * #cells(level) {
    const perUnit = (WORLD_PX * 2 ** level.zoom) / CELL_PX;
    const byKey = new Map();
    const [keys, n, sumX, sumY] = [[], [], [], []];
    for (let i = 0; i < this.size; i += 1) {
      // 32,000 squares to the side are more than any province has at the last zoom.
      const column = ((this.#x[i] - this.#origin.x) * perUnit) | 0;
      const row = ((this.#y[i] - this.#origin.y) * perUnit) | 0;
      const key = column * 32768 + row;
      let cell = byKey.get(key);
      if (cell === undefined) {
        cell = keys.length;
        byKey.set(key, cell);
        keys.push(key);
        n.push(0);
        sumX.push(0);
        sumY.push(0);
      }
      level.of[i] = cell;
      n[cell] += 1;
      sumX[cell] += this.#x[i];
      sumY[cell] += this.#y[i];
      if (i % SLICE === SLICE - 1) yield;
    }
    return { byKey, keys, n, sumX, sumY, merged: 0 };
  }

  /** Which cluster each square belongs to: a full one takes in what lies too near beside it. */
  * #merged(cells, near) {
    const { byKey, keys, n, sumX, sumY } = cells;
    const clusterOf = new Int32Array(keys.length).fill(-1);
    // The fullest first. One number for count and place sorts four times as fast as a comparison.
    const order = Float64Array.from(n, (count, cell) => cell - count * CELLS_MAX).sort();
    yield;
    for (let done = 0; done < order.length; done += 1) {
      if (done % SLICE === SLICE - 1) yield;
      const cell = order[done] - Math.floor(order[done] / CELLS_MAX) * CELLS_MAX;
      if (clusterOf[cell] >= 0) continue;
      const cluster = cells.merged;
      cells.merged += 1;
      clusterOf[cell] = cluster;
      const [x, y] = [sumX[cell] / n[cell], sumY[cell] / n[cell]];
      for (let column = -1; column <= 1; column += 1) {
        for (let row = -1; row <= 1; row += 1) {
          const other = byKey.get(keys[cell] + column * 32768 + row);
          if (other === undefined || clusterOf[other] >= 0) continue;
          if (Math.hypot(sumX[other] / n[other] - x, sumY[other] / n[other] - y) < near) {
            clusterOf[other] = cluster;
          }
        }
      }
    }
    return clusterOf;
  }

  /** A point fell silent or was heard again. */
  setSilent(i, isSilent) {
    const value = isSilent ? 1 : 0;
    const change = value - this.#silent[i];
    if (change === 0) return;
    this.#silent[i] = value;
    for (const level of this.#levels.values()) level.silent[level.of[i]] += change;
  }

  /** The worst open alarm of a point is of this priority now; 0: none. */
  setPriority(i, priority) {
    const before = this.#priority[i];
    if (before === priority) return;
    this.#priority[i] = priority;
    for (const { of, alarms } of this.#levels.values()) {
      if (before) alarms[4 * of[i] + before - 1] -= 1;
      if (priority) alarms[4 * of[i] + priority - 1] += 1;
    }
  }

  /**
   * The marks within a box of the world, at most `MARKS_MAX`: of the zoom's level, or of a coarser one
   * where that has too many or is not built yet; null when there is none at all.
   */
  marks(zoom, box) {
    for (let key = levelOf(zoom); key >= LEVEL_MIN; key -= 0.5) {
      const level = this.#levels.get(key);
      if (level) {
        const found = this.#within(level, box);
        if (found) return found;
      }
    }
    return null;
  }

  #within(level, { x0, y0, x1, y1 }) {
    const found = [];
    for (let c = 0; c < level.size; c += 1) {
      const x = level.sumX[c] / level.n[c];
      if (x < x0 || x > x1) continue;
      const y = level.sumY[c] / level.n[c];
      if (y < y0 || y > y1) continue;
      if (found.length === MARKS_MAX) return null;
      const n = level.n[c];
      const priority = level.alarms.subarray(4 * c, 4 * c + 4).findIndex((count) => count > 0) + 1;
      found.push({ x, y, n, silent: level.silent[c], priority, point: n === 1 ? level.first[c] : -1, level, c });
    }
    return found;
  }

  /** The points of a mark. */
  members({ level, c }) {
    const found = [];
    for (let i = 0; i < level.of.length; i += 1) if (level.of[i] === c) found.push(i);
    return found;
  }
}
