// One line of the alarm list, drawn again and again for other alarms: nodes are kept, only what differs is
// written. What a line says is handed in; nothing is decided here.

import { isAnnunciated } from '../alarms.js';
import { badge, lookOf, PRIORITY_KEYS, setLook } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';
import { clockTime, running, secondsBetween, shortTime, spokenRunning } from '../formats.js';
import { FLAGS } from '../slim.js';
import { fullTitle, subjectOf } from '../subject.js';
import { midnight } from '../times.js';
import { STATES } from './actions.js';

const MINUTE_MS = 60_000;
const NO_LOOK = { look: 'none', blink: 'none' };
const STEADY = { look: 'filled', blink: 'none' };
const MARKS = { sending: 'pending.sending', unknown: 'pending.unknown', waiting: 'pending.waiting', refused: 'pending.refused' };

/** An element with a role, as a cell of the grid. */
function cell(className, ...children) {
  const element = el('div', { className: `cell ${className}` }, ...children);
  element.setAttribute('role', 'gridcell');
  return element;
}

export class AlarmLine {
  #say;
  #areas;
  #number;
  #priority = 0;
  #marker = null;
  #drawn = null; // what the words were made of, to leave them when nothing differs
  element;
  #box = el('span', { className: 'box' });
  #badgeCell = cell('level');
  #state = el('span', { className: 'word' });
  #mark = el('span', { className: 'mark' });
  #chips = el('span', { className: 'chips' });
  #title = el('span', { className: 'title' });
  #about = el('span', { className: 'about' });
  #what = cell('what', this.#title, this.#about, this.#chips);
  #place = cell('place');
  #owner = cell('owner');
  #raised = cell('raised');
  #time = cell('time');
  #startMs = null;
  #name = null; // of the row for those who hear, made with its running time
  #namedAt = 0;

  constructor({ say, areas, number }, domId) {
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
    this.element = el(
      'div', { className: 'line' }, cell('check', this.#box), this.#badgeCell, cell('state', this.#state, this.#mark),
      this.#what, this.#place, this.#owner, this.#raised, this.#time,
    );
    this.element.id = domId;
    this.element.setAttribute('role', 'row');
  }

  /**
   * `row` of the index with what is drawn over it (`overlay`), and its place: `index` for screen readers,
   * `isFocused`, `isSelected`, `isGone` (the list would not hold it any more), `isOver` (nor anybody else), `isFirst`
   * (first-out), `isOutside` (of the filter), `marks` of a search in title, place and subject. Places of communes
   * come once for a page: `forget` has them written again.
   */
  drawAlarm(row, { overlay, index, isFocused, isSelected, isGone, isOver, isFirst, isOutside, marks, nowMs }) {
    const state = overlay?.state ?? row.state;
    const hasEnded = isOver || overlay?.ended === true;
    const owner = overlay && 'owner' in overlay ? overlay.owner : row.owner;
    this.#settle(row.id, { index, isFocused, isSelected, isGone, nowMs });
    // A list of fifty lines is drawn sixty times a second: words are made only where something differs.
    const drawn = [row, state, hasEnded, isOver, owner, isFirst, isOutside, marks, overlay?.mark, overlay?.isOutlined, midnight(nowMs)];
    if (this.#drawn?.every((each, i) => each === drawn[i])) return;
    this.#drawn = drawn;
    this.#startMs = row.raisedAt;
    this.#badge(row.priority, hasEnded ? NO_LOOK : lookOfRow(state));
    mark(this.element, 'kind', 'alarm');
    mark(this.element, 'state', isOver ? 'normal' : state);
    mark(this.element, 'ended', hasEnded);
    mark(this.element, 'outside', isOutside);
    mark(this.element, 'pending', overlay?.mark ?? '');
    mark(this.element, 'outlined', overlay?.isOutlined ?? false);
    mark(this.element, 'latched', (row.flags & FLAGS.latched) !== 0);
    const words = this.#stateWords(row, state, hasEnded);
    write(this.#state, words);
    write(this.#mark, overlay ? this.#say(MARKS[overlay.mark]) : '');
    this.#drawChips(row, { isFirst, isOutside });
    highlight(this.#title, row.title, marks.filter(({ i }) => i === 0));
    highlight(this.#place, this.#areas.fullName(row.area), marks.filter(({ i }) => i === 1));
    highlight(this.#about, subjectOf(row), marks.filter(({ i }) => i === 2));
    this.element.title = fullTitle(row);
    write(this.#owner, owner || this.#say('alarm.nobody'));
    mark(this.#owner, 'none', !owner);
    write(this.#raised, row.raisedAt === null ? this.#say('page.unknown') : shortTime(row.raisedAt, nowMs));
    this.tick(nowMs);
    this.#name = (time) => this.#say('alarm.row', {
      priority: this.#say(PRIORITY_KEYS[row.priority - 1]), state: words, title: fullTitle(row),
      place: this.#place.textContent, owner: this.#owner.textContent, time,
    });
    this.#nameIt(nowMs);
  }

  /** A group of folded alarms: {n, priority, oldestAt, title, area} of `summary`. */
  drawGroup(key, said, { index, isFocused, isSelected, isOpen, isGone, nowMs }) {
    this.#startMs = said.oldestAt;
    this.#settle(key, { index, isFocused, isSelected, isGone, nowMs });
    this.#badge(said.priority, isGone ? NO_LOOK : STEADY);
    mark(this.element, 'kind', 'group');
    for (const name of ['state', 'pending', 'outlined', 'latched', 'outside']) mark(this.element, name, '');
    mark(this.element, 'ended', isGone);
    write(this.#about, '');
    this.#what.setAttribute('aria-expanded', String(isOpen));
    const words = this.#say('group.count', { n: this.#number(said.n) });
    write(this.#state, words);
    write(this.#mark, '');
    this.#drawn = null;
    this.#chips.replaceChildren(el('span', { className: 'fold' }, isOpen ? '\u25be' : '\u25b8'));
    write(this.#title, this.#say('group.title', { title: said.title }));
    write(this.#place, this.#areas.fullName(said.area));
    write(this.#owner, '');
    mark(this.#owner, 'none', true);
    write(this.#raised, shortTime(said.oldestAt, nowMs));
    this.tick(nowMs);
    this.#name = () => this.#say('group.row', {
      priority: this.#say(PRIORITY_KEYS[said.priority - 1]), count: words, title: said.title,
      place: this.#place.textContent,
    });
    this.#nameIt(nowMs);
  }

  /** Out of the document's sight until it is another's line. */
  rest() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    mark(this.element, 'focused', false);
  }

  /** Write every word again the next time. */
  forget() {
    this.#drawn = null;
  }

  /** The running time, once a second. */
  tick(nowMs) {
    write(this.#time, this.#running(nowMs, running));
    // The name of the line in focus would be read again with each change: it is made anew when the focus comes.
    if (this.element.dataset.focused !== 'true' && nowMs - this.#namedAt >= MINUTE_MS) this.#nameIt(nowMs);
  }

  #running(nowMs, written) {
    return this.#startMs === null ? this.#say('page.unknown') : written(secondsBetween(this.#startMs, nowMs), this.#say);
  }

  #nameIt(nowMs) {
    const name = this.#name?.(this.#running(nowMs, spokenRunning)) ?? '';
    this.#namedAt = nowMs;
    if (this.element.getAttribute('aria-label') !== name) this.element.setAttribute('aria-label', name);
  }

  #settle(id, { index, isFocused, isSelected, isGone, nowMs }) {
    const isSame = this.element.dataset.alarm === id;
    if (!isSame) {
      this.element.dataset.alarm = id;
      this.#what.removeAttribute('aria-expanded');
      this.#drawn = null;
    }
    if (isSame && isFocused && this.element.dataset.focused !== 'true') this.#nameIt(nowMs);
    mark(this.element, 'focused', isFocused);
    mark(this.element, 'gone', isGone);
    for (const [name, value] of [['aria-rowindex', index], ['aria-selected', isSelected]]) {
      if (this.element.getAttribute(name) !== String(value)) this.element.setAttribute(name, value);
    }
  }

  #badge(priority, look) {
    if (this.#priority !== priority) {
      this.#marker = badge(priority);
      this.#badgeCell.replaceChildren(this.#marker);
      this.#priority = priority;
      mark(this.element, 'priority', priority);
    }
    setLook(this.#marker, look);
  }

  #stateWords(row, state, hasEnded) {
    if (hasEnded) return this.#say('state.normal');
    if (state === 'shelved' && row.until !== null) {
      return this.#say('state.shelved_until', { t: clockTime(row.until).slice(0, 5) });
    }
    return this.#say(STATES[state] ?? 'page.unknown');
  }

  #drawChips(row, { isFirst, isOutside }) {
    const chips = [];
    if (isOutside) chips.push(this.#say('chip.outside'));
    if (isFirst) chips.push(this.#say('chip.first_out'));
    if (row.flags & FLAGS.latched) chips.push(this.#say('chip.latched'));
    if (row.flags & FLAGS.chattering) chips.push(this.#say('chip.chattering'));
    if (row.incident) chips.push(this.#say('chip.incident'));
    this.#chips.replaceChildren(...chips.map((text) => el('span', { className: 'chip' }, text)));
    reveal(this.#chips, chips.length > 0);
  }
}

/** Hidden states are outlines (css/list.css), the others as on every screen. */
function lookOfRow(state) {
  return isAnnunciated({ state }) ? lookOf(state) : NO_LOOK;
}

/** Text with the places that a search has found marked in it. */
function highlight(element, text, marks) {
  if (marks.length === 0) {
    if (element.childElementCount > 0) element.replaceChildren();
    write(element, text);
    return;
  }
  const pieces = [];
  let at = 0;
  for (const { from, to } of [...marks].sort((a, b) => a.from - b.from)) {
    if (from < at) continue;
    pieces.push(text.slice(at, from), el('mark', {}, text.slice(from, to)));
    at = to;
  }
  pieces.push(text.slice(at));
  element.replaceChildren(...pieces);
}
