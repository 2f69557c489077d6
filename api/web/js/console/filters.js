// Which alarms the list shows, by the view that stands in the address. Pure.

import { isAnnunciated } from '../alarms.js';
import { SEVERITIES } from '../badges.js';

const NAMES = ['state', 'severity', 'area', 'source', 'rule', 'q'];

/** Whether anything is filtered at all. */
export function isFiltered(view) {
  return NAMES.some((name) => (view[name]?.length ?? 0) > 0);
}

/** A view without its filters. */
export function unfiltered(view) {
  const clean = { ...view };
  for (const name of NAMES) delete clean[name];
  return clean;
}

/**
 * Whether a row is in the list: what rings and what was acknowledged, unless states are named. `hits` has the
 * ids that the search has found; null without one.
 */
export function passes(view, hits = null) {
  const { state, severity, area, source, rule } = view;
  const states = state?.length ? new Set(state) : null;
  const severities = severity?.length ? new Set(severity) : null;
  const sources = source?.length ? new Set(source) : null;
  return (row) => (states ? states.has(row.state) : isAnnunciated(row))
    && (severities === null || severities.has(row.severity))
    && (sources === null || sources.has(row.source))
    && (!area || row.area === area)
    && (!rule || row.rule === rule)
    && (hits === null || hits.has(row.id));
}

/** What the filter covers of what rings: {n, byPriority: {2: 3, …}}. */
export function covered(rows, isShown) {
  const byPriority = { 1: 0, 2: 0, 3: 0, 4: 0 };
  let n = 0;
  for (const row of rows) {
    if (!isAnnunciated(row) || isShown(row)) continue;
    n += 1;
    byPriority[row.priority] += 1;
  }
  return { n, byPriority };
}

/** A list with a value put in or taken out; undefined when it is empty then, or holds all there are. */
export function toggled(list, value, all = null) {
  const held = new Set(list ?? []);
  if (!held.delete(value)) held.add(value);
  return held.size === 0 || held.size === all?.length ? undefined : [...held];
}

/** The view with a priority switched on or off. */
export function withPriority(view, priority) {
  return { ...view, severity: toggled(view.severity, SEVERITIES[priority - 1], SEVERITIES) };
}

/**
 * The rows that a search finds, best first among equals: id -> {rank, marks}. Looked through in slices by
 * `next()`, so that fifty thousand rows do not hold up the screen; true when it is done.
 */
export class Search {
  #rows;
  #match;
  #read;
  #at = 0;
  hits = new Map();

  /** `read(row)` gives {texts, letters}: what is looked into, and lettersOf it. */
  constructor(rows, match, read) {
    this.#rows = rows;
    this.#match = match;
    this.#read = read;
  }

  next(slice) {
    const end = Math.min(this.#rows.length, this.#at + slice);
    for (; this.#at < end; this.#at += 1) this.test(this.#rows[this.#at]);
    return this.#at === this.#rows.length;
  }

  /** Look through these as well, though all was looked at: they came, or may have changed, without a word. */
  again(rows) {
    const open = new Set(rows.map(({ id }) => id));
    for (const id of this.hits.keys()) if (!open.has(id)) this.hits.delete(id);
    this.#rows = rows;
    this.#at = 0;
  }

  get isDone() {
    return this.#at >= this.#rows.length;
  }

  /** One row that has changed meanwhile. */
  test(row) {
    const { texts, letters } = this.#read(row);
    const found = this.#match(texts, letters);
    if (found) this.hits.set(row.id, found);
    else this.hits.delete(row.id);
  }
}

/** So long a search looks before the screen gets its turn: the rest of a frame is for drawing it. */
const TURN_MS = 10;

/** A search that goes on turn by turn. `later` and `steady` are a test's, or the browser's. */
export class Looking {
  #model;
  #later;
  #steady;
  #found = null;
  #isOn = false;

  constructor(model, later = (run) => setTimeout(run, 0), steady = () => performance.now()) {
    this.#model = model;
    this.#later = later;
    this.#steady = steady;
  }

  /** Look on; `found()` when the search is through, in place of what was to be done then. */
  on(found) {
    this.#found = found;
    if (this.#isOn) return;
    this.#isOn = true;
    this.#step();
  }

  #step() {
    const untilMs = this.#steady() + TURN_MS;
    while (this.#model.isSearching && !this.#model.searchOn()) {
      if (this.#steady() < untilMs) continue;
      this.#later(() => this.#step());
      return;
    }
    this.#isOn = false;
    this.#found();
  }
}
