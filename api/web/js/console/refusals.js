// What was refused after its form was left: it waits in the tray until somebody has looked at it. No DOM.

/** So many are kept; the oldest go first. */
export const KEPT_MAX = 50;

export class Refusals {
  #kept = [];
  #lastId = 0;
  #changed;

  /** `changed()` is told when there is one more, or one less. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** `title` is of the form, `text` says why. */
  add(title, text) {
    this.#lastId += 1;
    this.#kept = [...this.#kept, { id: `form-${this.#lastId}`, text: title, detail: text }].slice(-KEPT_MAX);
    this.#changed();
  }

  /** The newest first, as the tray lists them: to choose one settles it. */
  items() {
    return this.#kept.map((one) => ({ ...one, open: () => this.#settle(one) })).reverse();
  }

  #settle(one) {
    this.#kept = this.#kept.filter(({ id }) => id !== one.id);
    this.#changed();
  }
}
