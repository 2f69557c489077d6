// All that is read about one alarm: itself, its life, its evidence. One read at a time, the last
// wish counts, and answers for an alarm that was left are dropped. No DOM.

import { withQuery } from '../api.js';
import { slimOf } from '../slim.js';

const LOG_MAX = 1000;
/** A burst of changes is one read. */
const AGAIN_MS = 400;

export class AlarmFile {
  #ctx;
  #changed;
  #later;
  #id = null;
  #turn = 0;
  #isBusy = false;
  #isAsked = false;
  alarm = null;
  log = null;
  isLogCut = false;
  evidence = null;
  /** loading, here, gone, forbidden or failed. */
  state = 'loading';

  /** `changed()` when something new is here; `later(run, ms)` is the browser's timer, or a test's. */
  constructor(ctx, changed, later = (run, ms) => setTimeout(run, ms)) {
    this.#ctx = ctx;
    this.#changed = changed;
    this.#later = later;
  }

  /**
   * What a move of this alarm names: the severity and the version that stand here, also when the live view has
   * newer ones already. A rise that nobody has seen must be refused.
   */
  seen(lang) {
    return this.alarm && slimOf(this.alarm, lang);
  }

  open(id) {
    this.#id = id;
    this.#turn += 1;
    this.#isBusy = false;
    this.#isAsked = false;
    [this.alarm, this.log, this.evidence, this.state, this.isLogCut] = [null, null, null, 'loading', false];
    void this.#read();
    void this.#readEvidence();
  }

  close() {
    this.#id = null;
    this.#turn += 1;
  }

  /** The live view knows this version (null: it is not open any more); read again when ours is older. */
  heard(version) {
    if (this.#id === null || this.state === 'gone') return;
    const isOld = this.alarm === null || (version === null ? !this.alarm.ended_at : version > this.alarm.version);
    if (isOld) this.#again();
  }

  #again() {
    if (this.#isBusy) {
      this.#isAsked = true;
      return;
    }
    void this.#read();
  }

  async #read() {
    const turn = this.#turn;
    this.#isBusy = true;
    const path = `/api/v1/alarms/${this.#id}`;
    const [one, log] = await Promise.all([
      this.#ctx.call('GET', path),
      this.#ctx.call('GET', withQuery(`${path}/log`, { limit: LOG_MAX })),
    ]);
    if (turn !== this.#turn) return;
    this.#take(one, log);
    this.#changed();
    this.#later(() => {
      if (turn !== this.#turn) return;
      this.#isBusy = false;
      if (!this.#isAsked) return;
      this.#isAsked = false;
      void this.#read();
    }, AGAIN_MS);
  }

  #take(one, log) {
    if (one.ok) {
      const isOlder = this.alarm !== null && one.body.version < this.alarm.version;
      if (!isOlder) this.alarm = one.body;
      this.state = 'here';
    } else if (this.alarm === null) {
      this.state = { 404: 'gone', 400: 'gone', 403: 'forbidden' }[one.status] ?? 'failed';
      if (this.state === 'failed') this.#isAsked = true; // the server was away for a moment
    }
    if (log.ok) [this.log, this.isLogCut] = [log.body.log, log.body.next !== null];
    else this.log ??= undefined;
  }

  async #readEvidence() {
    const turn = this.#turn;
    const { ok, body } = await this.#ctx.call('GET', `/api/v1/alarms/${this.#id}/evidence`);
    if (turn !== this.#turn) return;
    this.evidence = ok ? body : undefined;
    this.#changed();
  }
}
