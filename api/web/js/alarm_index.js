// Every open alarm of an area, in the order of the list, with its counts. What is known by a higher version
// wins; what has ended stays ended, also when a page of the load that was on its way says otherwise.

import { isAnnunciated, isAwaited } from './alarms.js';
import { SEVERITIES } from './badges.js';
import { FLAGS } from './slim.js';

/** Priority × unacknowledged before the rest: in a bucket only the age decides. */
const BUCKETS = 8;

function bucketOf(row) {
  return (row.priority - 1) * 2 + (row.state === 'unacknowledged' ? 0 : 1);
}

/** Below 0 when `a` stands before `b` in a bucket: the newest first. */
function order(a, b) {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** Where `row` is, or would be put. */
function place(bucket, row) {
  let low = 0;
  let high = bucket.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(bucket[middle], row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Why an open alarm is not in sight, or null. The API's reasons: shelved, silence, maintenance, inhibition,
 * plant_state, out_of_service, folded.
 */
export function hiddenReason(row) {
  if (row.state === 'shelved') return 'shelved';
  if (row.state === 'out_of_service') return 'out_of_service';
  if (row.state === 'suppressed') return row.hidden ?? 'inhibition';
  return row.flags & FLAGS.folded ? 'folded' : null;
}

export class AlarmIndex {
  #rows = new Map();
  #buckets = Array.from({ length: BUCKETS }, () => []);
  #all = null;
  #ended = null; // id -> version, while a load runs
  #seen = null; // ids that the load, or a change since it began, has named
  #bySeverity = noneBySeverity();
  #byState = {};
  #byArea = new Map();
  #hidden = {};

  get size() {
    return this.#rows.size;
  }

  /** How many the load that runs has named, or a change since it began; all when none runs. */
  get named() {
    return this.#seen?.size ?? this.#rows.size;
  }

  get(id) {
    return this.#rows.get(id) ?? null;
  }

  /** All rows, most urgent first. It is the index's own list: read it, do not keep or change it. */
  all() {
    this.#all ??= [].concat(...this.#buckets); // fifty thousand: flat() takes forty times as long
    return this.#all;
  }

  /** Those of priority 1, however many others there are. */
  critical() {
    return [...this.#buckets[0], ...this.#buckets[1]];
  }

  /**
   * `bySeverity` and `byArea` count the annunciated ones (unacknowledged, acknowledged, returned), `byState`
   * all that are open, `hidden` those not in sight by reason.
   */
  counts() {
    return {
      bySeverity: { ...this.#bySeverity },
      byState: { ...this.#byState },
      byArea: this.#byArea,
      hidden: { ...this.#hidden },
    };
  }

  /** How many of each priority wait for somebody: {1: n, 2: n, 3: n, 4: n}. */
  waiting() {
    const counts = Object.fromEntries(SEVERITIES.map((_, i) => [i + 1, this.#buckets[i * 2].length]));
    return { ...counts, 1: this.critical().filter(isAwaited).length };
  }

  /** Take in an open alarm: 'added', 'changed', or 'old' when it says nothing new. */
  apply(row) {
    this.#seen?.add(row.id);
    const held = this.#rows.get(row.id);
    if (held) {
      if (held.version > row.version || isSame(held, row)) return 'old';
      this.#take(held);
      this.#put(row);
      return 'changed';
    }
    if ((this.#ended?.get(row.id) ?? -1) >= row.version) return 'old';
    this.#put(row);
    return 'added';
  }

  /** It is over: 'removed', or 'old' when that was known. */
  ended(id, version) {
    this.#ended?.set(id, Math.max(version, this.#ended.get(id) ?? 0));
    const held = this.#rows.get(id);
    if (!held || held.version > version) return 'old';
    this.#take(held);
    return 'removed';
  }

  /** A load of everything begins; one that was running is forgotten. */
  beginLoad() {
    this.#ended ??= new Map();
    this.#seen = new Set();
  }

  /** The load has named all that is open: what nobody named is over. Gives the ids that left. */
  endLoad() {
    const gone = [];
    for (const [id, row] of this.#rows) {
      if (this.#seen?.has(id)) continue;
      this.#take(row);
      gone.push(id);
    }
    this.#seen = null;
    this.#ended = null;
    return gone;
  }

  #put(row) {
    const bucket = this.#buckets[bucketOf(row)];
    bucket.splice(place(bucket, row), 0, row);
    this.#rows.set(row.id, row);
    this.#all = null;
    this.#count(row, 1);
  }

  #take(row) {
    const bucket = this.#buckets[bucketOf(row)];
    bucket.splice(place(bucket, row), 1);
    this.#rows.delete(row.id);
    this.#all = null;
    this.#count(row, -1);
  }

  #count(row, step) {
    add(this.#byState, row.state, step);
    const reason = hiddenReason(row);
    if (reason !== null) add(this.#hidden, reason, step);
    if (!isAnnunciated(row)) return;
    this.#bySeverity[row.severity] += step;
    if (row.area === null) return;
    const known = this.#byArea.get(row.area) ?? noneBySeverity();
    known[row.severity] += step;
    if (SEVERITIES.some((severity) => known[severity] > 0)) this.#byArea.set(row.area, known);
    else this.#byArea.delete(row.area);
  }
}

function noneBySeverity() {
  return Object.fromEntries(SEVERITIES.map((severity) => [severity, 0]));
}

function add(counts, key, step) {
  counts[key] = (counts[key] ?? 0) + step;
  if (counts[key] === 0) delete counts[key];
}

function isSame(a, b) {
  for (const key in b) if (a[key] !== b[key]) return false;
  return true;
}
