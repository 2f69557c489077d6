// What an operator has marked for one move: ids, never places, so that no row that moves is meant by mistake.

/** More at once is no decision about alarms any more. */
export const SELECTED_MAX = 5000;

export class Selection {
  #ids = new Set();
  #anchor = null;

  get size() {
    return this.#ids.size;
  }

  get ids() {
    return [...this.#ids];
  }

  has(id) {
    return this.#ids.has(id);
  }

  clear() {
    this.#ids.clear();
    this.#anchor = null;
  }

  /** Mark one, or take its mark away; a range begins here. Gives how many were too many. */
  toggle(id) {
    this.#anchor = id;
    if (this.#ids.delete(id)) return 0;
    if (this.#ids.size >= SELECTED_MAX) return 1;
    this.#ids.add(id);
    return 0;
  }

  /** A range would begin here: the focus has moved without marking. */
  from(id) {
    this.#anchor = id;
  }

  /** Mark everything from where the range began to here, in the order of the list. Gives how many were too many. */
  extend(order, from, to) {
    this.#anchor ??= from;
    const ends = [order.indexOf(this.#anchor), order.indexOf(to)];
    if (ends.includes(-1)) return 0;
    const [first, last] = ends.sort((a, b) => a - b);
    return this.set(order.slice(first, last + 1));
  }

  /** Mark all of these and nothing else; at most as many as are allowed. Gives how many were too many. */
  set(ids) {
    this.#ids = new Set(ids.slice(0, SELECTED_MAX));
    return ids.length - this.#ids.size;
  }

  /** Forget those that are not there any more. */
  keep(isThere) {
    for (const id of this.#ids) if (!isThere(id)) this.#ids.delete(id);
  }
}

/** How many of each priority: {1: 0, 2: 2, 3: 35, 4: 0}. */
export function byPriority(rows) {
  const counts = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const { priority } of rows) counts[priority] += 1;
  return counts;
}
