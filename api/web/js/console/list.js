// The alarm list as a grid: a strip of priority 1 that never scrolls away, as many lines of the rest as fit, and
// below them the priority 1 that came while somebody held it. The focus is the grid's own, so that no line that is used again can lose it.

import { mark, reveal, write } from '../dom.js';
import { matcher } from '../fold.js';
import { subjectOf } from '../subject.js';
import { AlarmLine } from './alarm_line.js';
import { Looking } from './filters.js';
import { calmBlinking, gridFrame } from './grid_frame.js';
import { isGroup } from './groups.js';
import { ListModel } from './list_model.js';
import { stripMaxOf } from './pinned.js';
import { RowsPool } from './rows_pool.js';
import { Selection, SELECTED_MAX } from './selection.js';
import { Sight } from './sight.js';

/** Above so many alarms the order is made anew at most twice a second. */
const LARGE = 2000;
const BUILD_MS = 500;
const FIRST_ROWS = 20;
/** An id is looked into only for what could be a part of one: fifty thousand of them are fifty thousand texts. */
const LIKE_ID = /[0-9a-f-]{6}/i;

export class AlarmList {
  #ctx;
  #model;
  #overlay;
  #onOpen;
  #onSelection;
  #frame; // {grid, top, strip, rest, space, foot, newcomers, newRest}
  #pool;
  #pinnedLines = new Map();
  #selection = new Selection();
  #focus = null;
  #view = null;
  #sight;
  #shape = ''; // how many lines stand above and below, and whether more are counted
  #builtAt = -Infinity;
  #timer = null;
  #isDrawing = false;
  #isMarked = false;
  #unseen = new Set(); // changed since the last build, not noted yet
  #hasLoaded = false;
  #looking;
  #drawnRange = '';
  #made = 0;

  /** `overlay(id)` is drawn over a row; `onOpen(id)` opens it; `onSelection()` is told of marks, focus and counts. */
  constructor(root, ctx, { overlay, onOpen, onSelection }) {
    this.#ctx = ctx;
    this.#overlay = overlay;
    this.#onOpen = onOpen;
    this.#onSelection = onSelection;
    this.#model = new ListModel(ctx.index, (row) => [
      row.title, ctx.areas.fullName(row.area), subjectOf(row), row.rule, row.owner, ...ctx.areas.former(row.area),
    ]);
    this.#looking = new Looking(this.#model);
    this.#build(root);
    this.#pool = new RowsPool(this.#frame.space, () => this.#line());
    const sizes = new ResizeObserver(() => this.#resized());
    for (const each of [root, this.#frame.top, this.#frame.foot]) sizes.observe(each);
  }

  // -- what the page asks -----------------------------------------------------------------------------

  get model() {
    return this.#model;
  }

  get selectedIds() {
    return this.#selection.ids;
  }

  get selectedCount() {
    return this.#selection.size;
  }

  /** The rows that a command means: those marked, else the one in focus; of a group its alarms. */
  selected() {
    const ids = this.#selection.size > 0 ? this.#selection.ids : this.#focus === null ? [] : [this.#focus];
    const found = ids.flatMap((id) => (isGroup(id) ? this.#model.inside(id) : [this.#ctx.index.get(id)]));
    return [...new Set(found.filter(Boolean))];
  }

  /** Whether somebody has a hand on the list, so that nothing in it may move. */
  get isHeld() {
    return this.#focus !== null || this.#selection.size > 0
      || (this.#hasLoaded && this.#sight.scrolledPx > this.#sight.rowPx / 2);
  }

  setView(view) {
    const isNew = this.#view === null || ['state', 'severity', 'area', 'source', 'rule', 'q', 'group']
      .some((name) => String(this.#view[name] ?? '') !== String(view[name] ?? ''));
    this.#view = view;
    if (!isNew) return;
    const q = view.q?.trim();
    this.#model.setView(view, q ? matcher(q) : null, LIKE_ID.test(q));
    if (this.#model.isSearching) this.#looking.on(() => this.#begin());
    else this.#begin();
  }

  /** Another view: a focus that it hides is not carried into it. */
  #begin() {
    this.bringIn({ toTop: true });
    if (this.#focus === null) return;
    if (this.#model.isOutside(this.#focus)) {
      this.#focusNothing();
      return;
    }
    this.#reveal(this.#focus);
    this.#draw();
  }

  /** Somebody is about to search. */
  readAhead() {
    new Looking(this.#model.ahead()).on(() => {});
  }

  setGroups(groups) {
    this.#model.setGroups(groups);
    this.#draw();
  }

  /** What changed: `ids` of rows, null when all may have, names of communes, too. */
  refresh(ids) {
    if (ids === null) for (const line of [...this.#pool.lines, ...this.#pinnedLines.values()]) line.forget();
    this.#hasLoaded ||= this.#ctx.store.isWhole;
    const wasSearching = this.#model.isSearching;
    this.#model.heard(ids);
    if (ids === null && this.#model.isSearching && !wasSearching) this.#looking.on(() => this.#lookedAgain());
    if (this.isHeld) {
      this.#model.note(ids === null ? null : [...this.#unseen, ...ids]);
      this.#unseen.clear();
      this.#drawSoon();
      return;
    }
    if (ids !== null) for (const id of ids) this.#unseen.add(id);
    this.#buildSoon();
  }

  /** `r`: everything in its right order; the line in focus keeps its place on the screen where it can. */
  bringIn({ toTop = false } = {}) {
    const was = this.#placeOf(this.#focus);
    const before = was < 0 ? null : this.#sight.topPx + this.#sight.topOf(was);
    this.#unseen.clear();
    this.#builtAt = performance.now();
    this.#model.build();
    // A mark that nobody sees any more must not be acted on.
    this.#selection.keep((id) => this.#ctx.index.get(id) !== null && this.#model.holds(id));
    const at = this.#placeOf(this.#focus);
    if (this.#focus !== null && at < 0 && !this.#model.isPinned(this.#focus)) this.#focus = null;
    if (toTop || this.#focus === null) this.#sight.jump(0);
    this.#draw();
    if (!toTop && before !== null && at >= 0) {
      this.#sight.jump(this.#sight.topPx + at * this.#sight.rowPx - before);
      this.#reveal(this.#focus);
      this.#draw();
    }
    this.#onSelection();
  }

  /** Running times, once a second. */
  tick(nowMs) {
    for (const line of [...this.#pool.lines, ...this.#pinnedLines.values()]) line.tick(nowMs);
  }

  /** Nobody holds the list any more. */
  release() {
    const wasHeld = this.#focus !== null || this.#selection.size > 0;
    this.#focus = null;
    this.#selection.clear();
    if (wasHeld) this.bringIn();
    return wasHeld;
  }

  clearSelection() {
    if (this.#selection.size === 0) return false;
    this.#selection.clear();
    this.#draw();
    this.#onSelection();
    return true;
  }

  /** Keep only these marked: what a bulk could not do. */
  select(ids) {
    this.#selection.set(ids);
    this.#draw();
    this.#onSelection();
  }

  focusGrid() {
    this.#frame.grid.focus({ preventScroll: true });
  }

  focusOn(id) {
    if (id === this.#focus) return;
    this.#focus = id;
    this.#reveal(id);
    this.#draw();
    this.#onSelection();
  }

  /** The focus is on what can be seen: an alarm that was open at the side only does not keep it. */
  settle() {
    if (this.#focus !== null && !this.#model.holds(this.#focus)) this.#focusNothing();
  }

  /** Whether the line in focus can be seen; one that was scrolled away is in sight again then. */
  showFocus() {
    if (this.#focus === null || this.#isSeen(this.#focus)) return true;
    this.#reveal(this.#focus);
    this.#draw();
    return false;
  }

  /** Whether the line in focus is there only because nothing moves. */
  get isFocusOver() {
    return this.#focus !== null && !isGroup(this.#focus) && this.#model.hasEnded(this.#focus);
  }

  #focusNothing() {
    this.#focus = null;
    this.#draw();
    this.#onSelection();
  }

  // -- commands ---------------------------------------------------------------------------------------

  /** True when the command was one of the list's. */
  move(command) {
    const page = Math.max(1, Math.floor(this.#sight.room / this.#sight.rowPx) - 1);
    const steps = { up: -1, down: 1, page_up: -page, page_down: page, first: -Infinity, last: Infinity };
    if (command in steps) return this.#go(steps[command]);
    switch (command) {
      case 'select': return this.#toggle(this.#focus);
      case 'select_up': case 'select_down': return this.#extend(command === 'select_up' ? -1 : 1);
      case 'select_all': return this.#selectAll();
      case 'open': return this.#open();
      case 'fold': case 'unfold': return this.#fold(command === 'unfold');
      case 'bring_in': this.bringIn(); return true;
      default: return false;
    }
  }

  #go(by) {
    const id = this.#model.step(this.#focus, by);
    if (id === null) return true;
    this.#selection.from(id);
    this.focusOn(id);
    return true;
  }

  #toggle(id) {
    if (id === null || isGroup(id)) return true;
    this.#sayCut(this.#selection.toggle(id));
    this.#draw();
    this.#onSelection();
    return true;
  }

  /** More than can be marked are not marked in silence. */
  #sayCut(left) {
    const { toast, number } = this.#ctx;
    if (left > 0) toast('list.marked_max', { n: number(SELECTED_MAX), m: number(left) });
  }

  #extend(by) {
    const from = this.#focus;
    if (from === null) return this.#go(by);
    const to = this.#model.step(from, by);
    if (to === null) return true;
    this.#sayCut(this.#selection.extend(this.#model.all.filter((id) => !isGroup(id)), from, to));
    this.focusOn(to);
    this.#draw();
    return true;
  }

  #selectAll() {
    const alarms = this.#model.ids.flatMap((id) => (isGroup(id) ? this.#closedGroup(id) : [id]));
    this.#sayCut(this.#selection.set(alarms.filter((id) => !this.#model.isGone(id))));
    this.#draw();
    this.#onSelection();
    return true;
  }

  #closedGroup(key) {
    return this.#model.isOpened(key) ? [] : this.#model.inside(key).map(({ id }) => id);
  }

  #open() {
    if (this.#focus === null) return false;
    if (isGroup(this.#focus)) return this.#fold(!this.#model.isOpened(this.#focus));
    this.#onOpen(this.#focus);
    return true;
  }

  #fold(isOpen) {
    if (this.#focus === null) return false;
    const key = isGroup(this.#focus) ? this.#focus : this.#model.groupOf(this.#focus);
    if (key === null || !this.#model.fold(key, isOpen)) return isGroup(this.#focus);
    this.#focus = key;
    this.bringIn();
    return true;
  }

  // -- drawing ----------------------------------------------------------------------------------------

  #build(root) {
    this.#frame = gridFrame(this.#ctx);
    this.#sight = new Sight(this.#frame);
    root.append(this.#frame.grid);
    this.#frame.grid.addEventListener('scroll', () => {
      this.#sight.scrolled();
      // Whoever scrolls holds the list from now on: what has changed before is noted, not built.
      if (this.#unseen.size > 0 || String(this.#range()) !== this.#drawnRange) this.#drawSoon();
    }, { passive: true });
    this.#frame.grid.addEventListener('click', (event) => this.#clicked(event));
    this.#frame.grid.addEventListener('dblclick', (event) => {
      const id = idOf(event);
      if (id !== null && !isGroup(id)) this.#onOpen(id);
    });
  }

  #line() {
    this.#made += 1;
    return new AlarmLine(this.#ctx, `line-${this.#made}`);
  }

  #clicked(event) {
    const id = idOf(event);
    if (id === null) return;
    if (event.target.closest('.check')) {
      this.focusOn(id);
      this.#toggle(id);
    } else if (event.shiftKey && this.#focus !== null) {
      this.#sayCut(this.#selection.extend(this.#model.all.filter((each) => !isGroup(each)), this.#focus, id));
      this.focusOn(id);
    } else if (event.ctrlKey || event.metaKey) {
      this.focusOn(id);
      this.#toggle(id);
    } else {
      this.focusOn(id);
      if (isGroup(id) && event.target.closest('.chips')) this.#fold(!this.#model.isOpened(id));
    }
    this.#draw();
  }

  /** The places of the list that are drawn, [first, last). */
  #range() {
    return RowsPool.range(this.#sight.scrolledPx, this.#sight.room, this.#sight.rowPx, this.#model.ids.length);
  }

  #resized() {
    const before = this.#model.stripMax;
    this.#measure();
    if (before !== this.#model.stripMax && this.#view !== null && !this.isHeld) this.bringIn();
    else this.#draw();
  }

  /** Sizes have changed: a line in focus that could be seen can be seen still. */
  #measure() {
    const wasSeen = this.#isSeen(this.#focus);
    this.#sight.measure();
    this.#model.stripMax = stripMaxOf(this.#sight.lines);
    if (wasSeen) this.#reveal(this.#focus);
  }

  /** Its place in the part that scrolls; below 0 when it has none there. */
  #placeOf(id) {
    return id === null ? -1 : this.#model.ids.indexOf(id);
  }

  #isSeen(id) {
    const at = this.#placeOf(id);
    return at < 0 || this.#sight.isSeen(at);
  }

  #reveal(id) {
    const at = this.#placeOf(id);
    if (at >= 0) this.#sight.reveal(at);
  }

  #drawSoon() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#unseen.size > 0 && this.isHeld) this.refresh([]);
      else this.#draw();
    });
  }

  #buildSoon() {
    const waitMs = this.#ctx.index.size > LARGE ? this.#builtAt + BUILD_MS - performance.now() : 0;
    if (waitMs <= 0) {
      this.bringIn();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.isHeld) this.refresh([]);
      else this.bringIn();
    }, waitMs);
  }

  /** Rows came without a word of their own, and the search has been through them. */
  #lookedAgain() {
    if (this.isHeld) {
      this.#model.note(null);
      this.#draw();
    } else this.#buildSoon();
  }

  #draw() {
    if (this.#view === null) return;
    this.#drawPinned();
    const { ids, pinned, count } = this.#model;
    const range = this.#range();
    this.#drawnRange = String(range);
    const offset = 2 + pinned.length;
    this.#pool.render(ids, range, this.#sight.rowPx, (line, id, at) => this.#drawLine(line, id, at + offset));
    const rows = String(1 + count);
    if (this.#frame.grid.getAttribute('aria-rowcount') !== rows) this.#frame.grid.setAttribute('aria-rowcount', rows);
    this.#drawFocus();
    calmBlinking(this.#frame.grid);
    mark(this.#frame.grid, 'rows', ids.length);
    if (!this.#isMarked && ids.length >= Math.min(FIRST_ROWS, this.#ctx.index.size - pinned.length)) {
      this.#isMarked = this.#ctx.index.size > 0;
      if (this.#isMarked) performance.mark('ioc.first_rows');
    }
  }

  /** The strip above and the newcomers below. The strip changes only with the whole list: nothing moves under the hand. */
  #drawPinned() {
    const { ids, pinned, rest, newcomers, newRest } = this.#model;
    for (const [id, line] of this.#pinnedLines) {
      if (this.#model.isPinned(id)) continue;
      line.element.remove();
      this.#pinnedLines.delete(id);
    }
    this.#drawStrip(this.#frame.strip, pinned, 2);
    this.#drawStrip(this.#frame.newcomers, newcomers, 2 + pinned.length + ids.length);
    // What is counted above may end, but its line stays until the list is let go.
    this.#drawRest(this.#frame.rest, rest, rest > 0 || (this.isHeld && !this.#frame.rest.hidden));
    this.#drawRest(this.#frame.newRest, newRest, newRest > 0);
    const shape = [pinned.length, this.#frame.rest.hidden, newcomers.length, newRest > 0].join();
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#measure();
  }

  #drawStrip(root, ids, offset) {
    ids.forEach((id, at) => {
      const line = this.#pinnedLines.get(id) ?? this.#line();
      this.#pinnedLines.set(id, line);
      if (root.children[at] !== line.element) root.insertBefore(line.element, root.children[at] ?? null);
      this.#drawLine(line, id, offset + at);
    });
    reveal(root, ids.length > 0);
  }

  #drawRest(root, n, isShown) {
    mark(root, 'value', n);
    reveal(root, isShown);
    if (isShown) write(root.querySelector('button'), this.#ctx.say('list.rest', { n: this.#ctx.number(n) }));
  }

  #drawLine(line, id, index) {
    const nowMs = this.#ctx.store.now();
    const common = { index, isFocused: id === this.#focus, isSelected: this.#selection.has(id), nowMs };
    if (isGroup(id)) {
      const said = this.#model.summary(id);
      if (said) line.drawGroup(id, said, { ...common, isOpen: this.#model.isOpened(id), isGone: this.#model.isGone(id) });
      return;
    }
    const row = this.#model.row(id);
    if (row === null) return;
    line.drawAlarm(row, {
      ...common, overlay: this.#overlay(id), isGone: this.#model.isGone(id), isOver: this.#model.hasEnded(id),
      isFirst: this.#model.isFirst(id), isOutside: this.#model.isOutside(id), marks: this.#model.marks(id),
    });
    mark(line.element, 'inside', this.#model.groupOf(id) !== null);
  }

  #drawFocus() {
    const line = this.#focus === null ? null : this.#pinnedLines.get(this.#focus) ?? this.#pool.line(this.#focus);
    const id = line?.element.id ?? '';
    if ((this.#frame.grid.getAttribute('aria-activedescendant') ?? '') === id) return;
    if (id) this.#frame.grid.setAttribute('aria-activedescendant', id);
    else this.#frame.grid.removeAttribute('aria-activedescendant');
  }
}

function idOf(event) {
  return event.target.closest('[data-alarm]')?.dataset.alarm ?? null;
}
