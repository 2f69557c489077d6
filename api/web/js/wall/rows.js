// The list of open alarms: as many rows as fit, the rest and the hidden ones counted exactly.

import { badge, lookOf, PRIORITY_KEYS, setLook } from '../badges.js';
import { isAcknowledged, priorityOf, tailOf } from '../alarms.js';
import { el, mark, reveal, write } from '../dom.js';
import { dateTime, instant, running, secondsBetween, shortTime } from '../formats.js';
import { subjectOf } from '../subject.js';
import { titleOf } from '../titles.js';
import { personMark, setPerson } from './person.js';

const STATE_KEYS = {
  unacknowledged: 'state.unacknowledged',
  acknowledged: 'state.acknowledged',
  returned: 'state.returned',
};
const ROW_UNITS = 80;
const REST_ROWS = 0.75; // a line that only counts is lower than a row
const SUBJECT_MAX = 7; // letters beside a place; a row of two lines has room for more
const SUBJECT_ROOMY_MAX = 12;
const HIDDEN_KEYS = {
  shelved: 'hidden.shelved',
  suppressed: 'hidden.suppressed',
  out_of_service: 'hidden.out_of_service',
  folded: 'hidden.folded',
};

export class AlarmRows {
  #say;
  #areas;
  #number;
  #lang;
  #unit;
  #rows = new Map(); // alarm id -> its parts
  #note = el('li', { className: 'note', data: { note: 'alarms' } });
  #hidden = el('li', { className: 'hidden', data: { note: 'hidden' } });
  #flood = el('li', { className: 'flood', data: { note: 'flood' } });
  #rest = el('li', { className: 'rest', data: { note: 'rest' } });
  #list = el('ol', { className: 'alarms' });

  constructor({ say, areas, number, lang, unit }) {
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
    this.#lang = lang;
    this.#unit = unit;
    this.#list.setAttribute('aria-label', say('alarm.list'));
  }

  get root() {
    return this.#list;
  }

  /** Before the first snapshot: words, no zeros. */
  showLoading() {
    write(this.#note, this.#say('page.loading'));
    this.#list.replaceChildren(this.#note);
  }

  /**
   * `alarms`: annunciated, most urgent first; `total`: how many there are in all;
   * `hidden`: counts per reason; `flood`: as Picture.flood; `isWhole`: false while there may be others, so that
   * none is not said. As many as its room holds are drawn.
   */
  show({ alarms, total, hidden = {}, flood = null, lastClosedAt, isWhole = true }, nowMs) {
    const hiddenCount = Object.values(hidden).reduce((sum, n) => sum + n, 0);
    const notes = [
      ...(flood ? [this.#floodLine(flood, nowMs)] : []),
      ...(hiddenCount > 0 ? [this.#hiddenLine(hidden, hiddenCount)] : []),
    ];
    const slots = (this.#list.clientHeight + 2) / (ROW_UNITS * this.#unit()) - notes.length;
    const shown = alarms.slice(0, rowsThatFit(total, slots));
    const rest = total - shown.length;
    for (const [id, row] of this.#rows) {
      if (!shown.some((alarm) => alarm.id === id)) {
        row.line.remove();
        this.#rows.delete(id);
      }
    }
    // On a calm day there is room for two lines an alarm: the whole title, and who has it.
    const isRoomy = shown.length > 0 && rest <= 0 && shown.length * 2 <= slots;
    mark(this.#list, 'roomy', isRoomy);
    const lines = shown.map((alarm) => this.#line(alarm, isRoomy));
    if (shown.length === 0) lines.push(this.#emptyNote(lastClosedAt, isWhole));
    if (shown.length > 0 && rest > 0) lines.push(this.#restLine(rest));
    lines.push(...notes);
    this.#arrange(lines);
    this.tick(nowMs);
  }

  /** Running times, once a second. */
  tick(nowMs) {
    for (const { time, raisedAt } of this.#rows.values()) {
      write(time, raisedAt === null
        ? this.#say('page.unknown')
        : running(secondsBetween(raisedAt, nowMs), this.#say));
    }
  }

  /** What a row is called when it is read aloud. */
  spoken(alarm) {
    const raisedAt = instant(alarm.raised_at);
    return this.#say('alarm.row', {
      priority: this.#say(PRIORITY_KEYS[priorityOf(alarm) - 1]),
      state: this.#say(STATE_KEYS[alarm.state]),
      title: [this.#title(alarm), subjectOf(alarm)].filter(Boolean).join(' '),
      place: this.#areas.shortName(alarm.area, alarm.area_name),
      owner: this.#owner(alarm),
      time: raisedAt === null ? this.#say('page.unknown') : dateTime(raisedAt),
    });
  }

  #arrange(lines) {
    const isSame = lines.length === this.#list.children.length
      && lines.every((line, i) => this.#list.children[i] === line);
    if (!isSame) this.#list.replaceChildren(...lines);
  }

  #title(alarm) {
    return titleOf(alarm, this.#lang);
  }

  #owner(alarm) {
    return alarm.assignee || alarm.acknowledged_by || (isAcknowledged(alarm) ? '' : this.#say('alarm.nobody'));
  }

  #line(alarm, isRoomy) {
    const row = this.#rows.get(alarm.id) ?? this.#made(alarm);
    const priority = priorityOf(alarm);
    const isUnacknowledged = alarm.state === 'unacknowledged';
    if (row.line.dataset.priority !== String(priority)) {
      const marker = badge(priority);
      row.marker.replaceWith(marker);
      row.marker = marker;
    }
    mark(row.line, 'priority', priority);
    mark(row.line, 'severity', alarm.severity);
    mark(row.line, 'state', alarm.state);
    mark(row.line, 'area', alarm.area ?? '');
    setLook(row.marker, lookOf(alarm.state));
    row.raisedAt = instant(alarm.raised_at);
    reveal(row.fresh, isUnacknowledged);
    write(row.title, this.#title(alarm));
    setPerson(row.who, isAcknowledged(alarm), this.#say);
    write(row.owner, isRoomy || isAcknowledged(alarm) || alarm.assignee ? this.#owner(alarm) : '');
    write(row.subject, tailOf(subjectOf(alarm), isRoomy ? SUBJECT_ROOMY_MAX : SUBJECT_MAX));
    write(row.place, this.#areas.shortName(alarm.area, alarm.area_name));
    row.line.setAttribute('aria-label', this.spoken(alarm));
    return row.line;
  }

  #made(alarm) {
    const marker = badge(priorityOf(alarm));
    const fresh = el('span', { className: 'fresh' }, this.#say('alarm.new'));
    const title = el('span', { className: 'title' });
    const owner = el('span', { className: 'owner' });
    const who = personMark();
    const subject = el('span', { className: 'subject' });
    const place = el('span', { className: 'place' });
    const time = el('time', { className: 'time' });
    const words = el('span', { className: 'words' }, el('span', { className: 'what' }, title), owner);
    const line = el('li', { className: 'alarm', data: { alarm: alarm.id } },
      marker, el('span', { className: 'middle' }, fresh, words), who, subject, place, time);
    const row = { line, marker, fresh, title, owner, who, subject, place, time, raisedAt: null };
    this.#rows.set(alarm.id, row);
    return row;
  }

  /** "+17 khác" in a line of its own: beside a name it would push the name away. */
  #restLine(rest) {
    mark(this.#rest, 'value', rest);
    write(this.#rest, this.#say('alarm.more', { n: this.#number(rest) }));
    return this.#rest;
  }

  #emptyNote(lastClosedAt, isWhole) {
    if (!isWhole) {
      write(this.#note, this.#say('page.loading'));
      return this.#note;
    }
    const closedAt = instant(lastClosedAt);
    const last = closedAt === null ? '' : this.#say('alarm.last', { t: dateTime(closedAt) });
    this.#note.replaceChildren(el('span', {}, this.#say('alarm.none')), el('span', {}, last));
    return this.#note;
  }

  #hiddenLine(hidden, count) {
    const words = [el('span', {}, this.#say('hidden.all', { n: this.#number(count) }))];
    for (const [state, n] of Object.entries(hidden)) {
      if (n > 0) words.push(el('span', {}, this.#say(HIDDEN_KEYS[state], { n: this.#number(n) })));
    }
    mark(this.#hidden, 'value', count);
    this.#hidden.replaceChildren(...words);
    return this.#hidden;
  }

  #floodLine({ since, rate, folded, groups }, nowMs) {
    write(this.#flood, this.#say('flood.on', {
      t: shortTime(instant(since) ?? nowMs, nowMs), n: this.#number(rate),
      m: this.#number(folded), k: this.#number(groups),
    }));
    return this.#flood;
  }
}

/** How many of `total` rows stand in the room of `slots` rows, so that the rest can be counted under them; at least one. */
export function rowsThatFit(total, slots) {
  const isAll = total <= Math.floor(slots);
  return Math.max(1, Math.floor(isAll ? slots : slots - REST_ROWS));
}
