// What the screen knows: the last snapshot and every change since. No DOM, no network, no clock.

import { AlarmBook, countByArea, countBySeverity, priorityOf, worst } from './alarms.js';
import { instant } from './formats.js';
import { applyHealth, applyTile } from './overview.js';

export class Picture {
  overview = null;
  version = null;
  asOfMs = null; // of which moment the numbers are
  book;

  constructor(heldMax) {
    this.book = new AlarmBook(heldMax);
  }

  /** Events of the live feed, by name. */
  snapshot({ as_of: asOf, version, overview, alarms, alarms_total: total }) {
    this.asOfMs = instant(asOf);
    this.version = version ?? overview?.version ?? null;
    this.overview = overview;
    this.book.replace(alarms, total ?? alarms.length);
  }

  alarm(alarm) {
    return this.book.apply(alarm);
  }

  tile(told) {
    applyTile(this.overview, told);
  }

  health(told) {
    this.asOfMs = instant(told.as_of) ?? this.asOfMs;
    applyHealth(this.overview, told);
  }

  /** The area that the numbers are of: a key that is bound to one is shown no other, whatever it asks for. */
  get area() {
    return this.overview?.area ?? null;
  }

  source(name) {
    return this.overview?.sources?.[name] ?? null;
  }

  /** What Condition needs to know of the server's own word on itself. */
  get server() {
    const { state = 'unknown', lag_s: lagS = null } = this.overview?.processing ?? {};
    return { processing: state, lagS, asOfMs: this.asOfMs };
  }

  /** What stands in the list: annunciated, and not folded into the group that stands for it. */
  rows() {
    const rows = this.book.rows();
    return this.folded > 0 ? rows.filter((alarm) => !alarm.folded) : rows;
  }

  /**
   * How many a flood folds. The end of a flood sends no alarms, so a mark on an alarm counts only as
   * long as the server says that something is folded.
   */
  get folded() {
    return this.overview?.hidden?.by_reason?.folded ?? 0;
  }

  /** The flood that is on, as one over all positions: {since, rate, folded, groups}; or null. */
  flood() {
    const on = this.overview?.flood?.positions ?? [];
    if (on.length === 0) return null;
    const sum = (read) => on.reduce((total, position) => total + read(position), 0);
    return {
      since: on.map(({ since }) => since).sort()[0],
      rate: sum(({ rate_10m: n }) => n),
      folded: sum(({ hidden }) => hidden),
      groups: sum(({ groups_total: n }) => n),
    };
  }

  /** Open, annunciated alarms per severity: counted here when all are held, else as the server says. */
  counts() {
    if (this.book.complete) return countBySeverity(this.book.rows());
    return this.overview?.alarms?.by_severity ?? countBySeverity(this.rows());
  }

  byArea() {
    if (this.book.complete) return countByArea(this.book.rows());
    return this.overview?.alarms?.by_area ?? countByArea(this.rows());
  }

  /** How many open alarms do not ring, by why: {shelved, suppressed, out_of_service, folded}. */
  hidden() {
    if (this.book.complete) {
      return { ...this.book.hidden(), folded: this.book.rows().length - this.rows().length };
    }
    const reasons = this.overview?.hidden?.by_reason ?? {};
    const { shelved = 0, out_of_service = 0, folded = 0, ...rest } = reasons;
    const suppressed = Object.values(rest).reduce((sum, n) => sum + n, 0);
    return { shelved, suppressed, out_of_service, folded };
  }

  /** How many alarms the list has in all, shown or not; with the hidden ones these are all that are open. */
  total() {
    if (this.book.complete) return this.rows().length;
    const states = this.overview?.alarms?.by_state ?? {};
    const { unacknowledged = 0, acknowledged = 0, returned = 0 } = states;
    return unacknowledged + acknowledged + returned - this.folded;
  }

  /** How many open alarms of a rule are held; exact as long as they are among the most urgent ones. */
  openOf(rule) {
    return this.book.rows().filter((alarm) => alarm.rule === rule).length;
  }

  /** How many alarms are open, seen or not; without end as long as the server has not said. */
  allOpen() {
    const states = this.overview?.alarms?.by_state;
    return states ? Object.values(states).reduce((sum, n) => sum + n, 0) : Infinity;
  }

  /** Priority of the most urgent open alarm of a source, or null: a list that was cut does not know it. */
  worstOf(source) {
    const counts = this.overview?.alarms?.by_source;
    if (!this.book.complete && counts) return worst(counts[source]);
    const found = this.book.rows().find((alarm) => alarm.source === source);
    return found ? priorityOf(found) : null;
  }
}
