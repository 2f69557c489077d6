// Something that is read again when it has changed: one read at a time, a rest between two, the last wish
// counts. No DOM.

export class Again {
  #load;
  #restMs;
  #later;
  #isBusy = false;
  #isAsked = false;

  /** `load()` is the read, a promise that does not fail; `later(run, ms)` is the browser's timer, or a test's. */
  constructor(load, { restMs = 1000, later = (run, ms) => setTimeout(run, ms) } = {}) {
    this.#load = load;
    this.#restMs = restMs;
    this.#later = later;
  }

  /** Read now, or once more after the read that is under way. */
  ask() {
    if (this.#isBusy) {
      this.#isAsked = true;
      return;
    }
    void this.#run();
  }

  async #run() {
    this.#isBusy = true;
    await this.#load();
    this.#later(() => {
      this.#isBusy = false;
      if (!this.#isAsked) return;
      this.#isAsked = false;
      void this.#run();
    }, this.#restMs);
  }
}
