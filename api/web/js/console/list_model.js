// What the alarm list holds: filtered, searched, grouped, pinned, and still while somebody has a hand on it.
// Reads the index, knows no DOM and no clock.

import { isAnnunciated } from '../alarms.js';
import { lettersOf } from '../fold.js';
import { covered, isFiltered, passes, Search } from './filters.js';
import { canFold, firstOuts, grouped, groupKey, isGroup, summary } from './groups.js';
import { OrderView } from './order_view.js';
import { newcomers, PINNED_MAX, strip } from './pinned.js';

/** So many rows a search looks at before it looks at the clock. */
const SEARCH_SLICE = 500;
const RANKS = [0, 1, 2];

export class ListModel {
  #index;
  #texts;
  #order = new OrderView();
  #view = {};
  #next = {}; // the view of the newest search
  #passes = passes({});
  #search = null; // the newest; until it is through the list stays as it was
  #hasIds = false; // whether it looks into ids, too
  #read = new WeakMap(); // row -> {texts, letters}, from the first search on
  #hits = null; // id -> {rank, marks} of the search that is drawn
  #opened = new Set();
  #members = new Map(); // group -> ids
  #groupOf = new Map(); // id -> its group, of those that are folded away
  #rows = []; // as of the last build: what a row said before it left
  #firsts = new Set();
  #above = new Map(); // the rows of the strip and of the newcomers, as they were last known
  #counted = new Set(); // priority 1 that the strip had no room for: no newcomers
  /** How many lines the strip may have, and as many the newcomers. */
  stripMax = PINNED_MAX;
  pinned = [];
  rest = 0; // how many more there are, of those that were known when the list was built
  newcomers = [];
  newRest = 0; // how many more have come since

  /** `texts(row)` gives what a search looks into; the first three are drawn: title, place and subject. */
  constructor(index, texts) {
    this.#index = index;
    this.#texts = texts;
  }

  /**
   * Filter by this view from the next build on, with a search once it is through: half an answer is none.
   * `match` of fold.js for it, or null; `hasIds` to have it look into ids, too.
   */
  setView(view, match, hasIds = false) {
    this.#hasIds = hasIds;
    this.#search = match ? new Search([...this.#index.all()], match, (row) => this.#reading(row)) : null;
    this.#next = view;
    if (match === null) this.#take();
  }

  get isSearching() {
    return this.#search !== null && !(this.#hits === this.#search.hits && this.#search.isDone);
  }

  /** Look on for a slice; true when the search is through and its rows can be built. */
  searchOn() {
    if (!this.isSearching) return false;
    if (!this.#search.next(SEARCH_SLICE)) return false;
    this.#take();
    return true;
  }

  /** What a first search would have to read, as Looking goes through it: while its words are still typed. */
  ahead() {
    const reading = new Search([...this.#index.all()], () => null, (row) => this.#reading(row));
    return { get isSearching() { return !reading.isDone; }, searchOn: () => reading.next(SEARCH_SLICE) };
  }

  #take() {
    this.#view = this.#next;
    this.#hits = this.#search?.hits ?? null;
    this.#passes = passes(this.#view, this.#hits);
  }

  #reading(row) {
    let known = this.#read.get(row);
    if (known === undefined) {
      const texts = this.#texts(row);
      known = { texts, letters: lettersOf(texts) };
      this.#read.set(row, known);
    }
    return this.#hasIds ? { texts: [...known.texts, row.id], letters: [...known.letters, row.id] } : known;
  }

  setGroups(groups) {
    this.#firsts = firstOuts(groups);
  }

  /** Open or close a group; false when it is so already. */
  fold(key, isOpen) {
    if (!this.#members.has(key) || this.#opened.has(key) === isOpen) return false;
    if (isOpen) this.#opened.add(key);
    else this.#opened.delete(key);
    return true;
  }

  /** All in their right order: nobody holds the list, or somebody asked for it. */
  build() {
    this.#pin();
    const above = new Set(this.pinned);
    const found = this.#index.all().filter((row) => this.#passes(row) && !above.has(row.id));
    const rows = this.#hits ? RANKS.flatMap((rank) => found.filter(({ id }) => this.#hits.get(id).rank === rank)) : found;
    const { ids, members } = grouped(rows, this.#opened);
    this.#rows = rows;
    this.#members = members;
    this.#groupOf.clear();
    for (const [key, inside] of members) for (const id of inside) this.#groupOf.set(id, key);
    this.#order.bring(ids);
  }

  /** Somebody holds the list: what has changed is noted, and nothing moves. null: anything may have. */
  note(changed) {
    const ids = changed ?? [...this.#index.all().map(({ id }) => id), ...this.#order.ids];
    this.#pinNewcomers();
    const drawn = new Set([...this.pinned, ...this.newcomers]);
    this.#order.note(ids.filter((id) => !isGroup(id) && !this.#isInside(id)), (id) => {
      const row = this.#index.get(id);
      return row !== null && this.#passes(row) && !drawn.has(id);
    });
  }

  /** A changed row may be found by the search now, or not any more; null: any, so it looks through all again. */
  heard(changed) {
    if (changed === null) this.#read = new WeakMap(); // names of communes may have come
    if (this.#search === null) return;
    if (changed === null) {
      this.#search.again([...this.#index.all()]);
      return;
    }
    for (const id of changed) {
      const row = this.#index.get(id);
      if (row) this.#search.test(row);
      else this.#search.hits.delete(id);
    }
  }

  get ids() {
    return this.#order.ids;
  }

  /** Whether an alarm stands in the list: above it, in it, inside a group of it, or below. */
  holds(id) {
    return this.#order.has(id) || this.isPinned(id) || this.#groupOf.has(id);
  }

  /** Whether an alarm stands above or below what scrolls. */
  isPinned(id) {
    return this.pinned.includes(id) || this.newcomers.includes(id);
  }

  /** Whether only its priority brings an alarm here: the filter or the search would not. */
  isOutside(id) {
    if (!isFiltered(this.#view) || !this.isPinned(id)) return false;
    const row = this.#index.get(id);
    return row !== null && !this.#passes(row);
  }

  /** All that can be stepped through, as it stands on the screen. */
  get all() {
    if (this.pinned.length + this.newcomers.length === 0) return this.#order.ids;
    return [...this.pinned, ...this.#order.ids, ...this.newcomers];
  }

  /** How many lines there are, without putting them together. */
  get count() {
    return this.pinned.length + this.#order.ids.length + this.newcomers.length;
  }

  get arrivals() {
    return this.#order.arrivals;
  }

  /**
   * Where a step leads, null: nowhere. Under a filter it begins with what was found, and no leap leads out of
   * that: what only its priority brings here is reached one by one, from the first hit up.
   */
  step(from, by) {
    const { all } = this;
    if (all.length === 0) return null;
    const [first, last] = this.#found();
    const at = from === null ? -1 : all.indexOf(from);
    if (at < 0 && last < first) return by < 0 ? all[first - 1] ?? null : null;
    if (at < 0) return all[by === -1 || by === Infinity ? last : first];
    const isLeap = Math.abs(by) > 1 && last >= first;
    const [low, high] = isLeap ? [first, last] : [0, all.length - 1];
    return all[Math.min(high, Math.max(low, at + by))];
  }

  /** The first and the last place of what the filter finds; the last is before the first when that is nothing. */
  #found() {
    if (!isFiltered(this.#view)) return [0, this.count - 1];
    const inside = this.pinned.findIndex((id) => !this.isOutside(id));
    const lines = this.pinned.length + this.#order.ids.length;
    return [inside < 0 ? this.pinned.length : inside, lines - 1];
  }

  /** The alarm before or after one, over the heads of groups; null at an end. */
  neighbour(id, by) {
    const { all } = this;
    const from = all.indexOf(id);
    for (let at = from + by; from >= 0 && at >= 0 && at < all.length; at += by) {
      if (!isGroup(all[at])) return all[at];
    }
    return null;
  }

  /** The row as it is now; as it was at the last build when it has left since. */
  row(id) {
    return this.#index.get(id) ?? this.#above.get(id) ?? this.#rows.find((row) => row.id === id) ?? null;
  }

  /** Whether a line is there only because nothing moves: the list would not hold it any more. */
  isGone(id) {
    if (isGroup(id)) return this.inside(id).length === 0;
    return this.#order.isGone(id) || this.hasEnded(id);
  }

  hasEnded(id) {
    return this.#index.get(id) === null;
  }

  isFirst(id) {
    return this.#firsts.has(id);
  }

  isOpened(key) {
    return this.#opened.has(key);
  }

  groupOf(id) {
    return this.#groupOf.get(id) ?? null;
  }

  marks(id) {
    return this.#hits?.get(id)?.marks ?? NO_MARKS;
  }

  /** What a group says; while the list is held one whose alarms have all left says what it said. */
  summary(key) {
    const ids = this.#members.get(key) ?? [];
    const now = summary(ids, (id) => this.#index.get(id));
    if (now !== null || ids.length === 0) return now;
    const left = new Map(ids.map((id) => [id, null]));
    for (const row of this.#rows) if (left.has(row.id)) left.set(row.id, row);
    return summary(ids, (id) => left.get(id));
  }

  /** The alarms of a group that are still open. */
  inside(key) {
    return (this.#members.get(key) ?? []).map((id) => this.#index.get(id)).filter(Boolean);
  }

  /** What the filter covers of what rings: {n, byPriority}; the pinned ones are seen whatever it says. */
  covered() {
    if (!isFiltered(this.#view)) return { n: 0, byPriority: {} };
    const above = new Set([...this.pinned, ...this.newcomers]);
    return covered(this.#index.all(), (row) => above.has(row.id) || this.#passes(row));
  }

  /** How many alarms the list stands for: its rows, those inside its groups, and the pinned ones. */
  shown() {
    let n = this.#order.ids.length;
    for (const [key, inside] of this.#members) {
      n += this.inside(key).length - 1;
      if (this.#opened.has(key)) n -= inside.length;
    }
    for (const id of this.#order.gone) if (!this.#groupOf.has(id)) n -= 1;
    for (const id of [...this.pinned, ...this.newcomers]) {
      const isCounted = this.#groupOf.has(id) || (this.#order.has(id) && !this.#order.isGone(id));
      if (this.#index.get(id) !== null && !isCounted) n += 1;
    }
    return n;
  }

  #isInside(id) {
    const key = this.#groupOf.get(id);
    if (key === undefined) return false;
    const row = this.#index.get(id);
    return row === null || (canFold(row) && groupKey(row) === key && this.#passes(row));
  }

  #pin() {
    const critical = this.#critical();
    const { ids, rest } = strip(critical, this.stripMax);
    const isOutside = new Set(isFiltered(this.#view) ? critical.filter((row) => !this.#passes(row)).map(({ id }) => id) : []);
    // What the search has found stands next to the other hits.
    this.pinned = [...ids.filter((id) => isOutside.has(id)), ...ids.filter((id) => !isOutside.has(id))];
    this.#counted = new Set(rest);
    [this.rest, this.newcomers, this.newRest] = [rest.length, [], 0];
    this.#above = new Map(critical.slice(0, ids.length).map((row) => [row.id, row]));
  }

  #pinNewcomers() {
    const critical = this.#critical();
    const above = new Set(this.pinned);
    this.rest = critical.filter(({ id }) => this.#counted.has(id)).length;
    const isNew = ({ id }) => !above.has(id) && !this.#counted.has(id);
    const come = critical.filter(isNew);
    // One that becomes priority 1 under the hand keeps its line, and is counted with those that have none.
    const { ids, rest } = newcomers(come.filter(({ id }) => !this.#order.has(id)), this.newcomers, this.stripMax);
    this.newcomers = ids;
    this.newRest = rest.length + come.filter(({ id }) => this.#order.has(id)).length;
    for (const row of critical) if (above.has(row.id) || ids.includes(row.id)) this.#above.set(row.id, row);
  }

  #critical() {
    return this.#index.critical().filter(isAnnunciated);
  }
}

const NO_MARKS = [];
