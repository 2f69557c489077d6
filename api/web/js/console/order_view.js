// The order of the rows on the screen, with a steady hand: while somebody holds the list nothing moves.
// Ids only; what a row says is drawn from the index. No DOM.

export class OrderView {
  #ids = [];
  #shown = null; // the same as a set, made when it is first asked for
  #arrived = new Set();
  #gone = new Set();

  /** The ids in the order in which they are drawn. */
  get ids() {
    return this.#ids;
  }

  /** How many wait for `r`. */
  get arrivals() {
    return this.#arrived.size;
  }

  /** Those that wait, in no order. */
  get waiting() {
    return this.#arrived;
  }

  /** Those that are drawn, though they would not be in the list any more. */
  get gone() {
    return this.#gone;
  }

  /** Whether a row is drawn, though it would not be in the list any more. */
  isGone(id) {
    return this.#gone.has(id);
  }

  has(id) {
    this.#shown ??= new Set(this.#ids);
    return this.#shown.has(id);
  }

  /** Draw these ids in this order from now on; nothing waits and nothing is gone. */
  bring(ids) {
    this.#ids = ids;
    this.#shown = null;
    this.#arrived.clear();
    this.#gone.clear();
  }

  /**
   * Somebody holds the list: note what has changed and move nothing. `belongs(id)` says whether the
   * list would hold the id now. Costs as much as has changed, however long the list is.
   */
  note(changed, belongs) {
    for (const id of changed) {
      const isWanted = belongs(id);
      if (this.has(id)) {
        if (isWanted) this.#gone.delete(id);
        else this.#gone.add(id);
      } else if (isWanted) {
        this.#arrived.add(id);
      } else {
        this.#arrived.delete(id);
      }
    }
  }
}
