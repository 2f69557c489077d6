// The list of open alarms: as many rows as fit, the rest and the hidden ones counted exactly.

import { badge, lookOf, PRIORITY_KEYS, setLook } from './badges.js';
import { priorityOf } from './alarms.js';
import { el, mark, reveal, write } from './dom.js';
import { dateTime, instant, running, secondsBetween } from './formats.js';

const STATE_KEYS = {
  unacknowledged: 'state.unacknowledged',
  acknowledged: 'state.acknowledged',
  returned: 'state.returned',
};
const HIDDEN_KEYS = {
  shelved: 'hidden.shelved',
  suppressed: 'hidden.suppressed',
  out_of_service: 'hidden.out_of_service',
};

export class AlarmRows {
  #list;
  #say;
  #areas;
  #number;
  #lang;
  #rows = new Map(); // alarm id -> its parts
  #note = el('li', { className: 'note', data: { note: 'alarms' } });
  #hidden = el('li', { className: 'hidden', data: { note: 'hidden' } });

  constructor(list, { say, areas, number, lang }) {
    this.#list = list;
    this.#say = say;
    this.#areas = areas;
    this.#number = number;
    this.#lang = lang;
    list.setAttribute('aria-label', say('alarm.list'));
  }

  /** Before the first snapshot: words, no zeros. */
  showLoading() {
    write(this.#note, this.#say('page.loading'));
    this.#list.replaceChildren(this.#note);
  }

  /**
   * `alarms`: annunciated, most urgent first; `total`: how many there are in all;
   * `hidden`: counts per hidden state; `slots`: how many lines fit.
   */
  show({ alarms, total, hidden, lastClosedAt, slots }, nowMs) {
    const hiddenCount = Object.values(hidden).reduce((sum, n) => sum + n, 0);
    const shown = alarms.slice(0, Math.max(1, slots - (hiddenCount > 0 ? 1 : 0)));
    for (const [id, row] of this.#rows) {
      if (!shown.some((alarm) => alarm.id === id)) {
        row.line.remove();
        this.#rows.delete(id);
      }
    }
    const lines = shown.map((alarm) => this.#line(alarm));
    if (shown.length === 0) lines.push(this.#emptyNote(lastClosedAt));
    if (hiddenCount > 0) lines.push(this.#hiddenLine(hidden, hiddenCount));
    // On a calm day there is room for two lines an alarm: the whole title, and who has it.
    const isRoomy = shown.length > 0 && shown.length * 2 + Number(hiddenCount > 0) <= slots;
    mark(this.#list, 'roomy', isRoomy);
    this.#arrange(lines);
    this.#countRest(shown, Math.max(0, total - shown.length));
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
    return this.#say('alarm.row', {
      priority: this.#say(PRIORITY_KEYS[priorityOf(alarm) - 1]),
      state: this.#say(STATE_KEYS[alarm.state]),
      title: this.#title(alarm),
      place: this.#areas.shortName(alarm.area, alarm.area_name),
      owner: this.#owner(alarm),
    });
  }

  #arrange(lines) {
    const isSame = lines.length === this.#list.children.length
      && lines.every((line, i) => this.#list.children[i] === line);
    if (!isSame) this.#list.replaceChildren(...lines);
  }

  #title(alarm) {
    return (this.#lang === 'en' && alarm.title_en) || alarm.title || '';
  }

  #owner(alarm) {
    return alarm.assignee || alarm.acknowledged_by || this.#say('alarm.nobody');
  }

  #line(alarm) {
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
    write(row.owner, this.#owner(alarm));
    write(row.place, this.#areas.shortName(alarm.area, alarm.area_name));
    row.line.setAttribute('aria-label', this.spoken(alarm));
    return row.line;
  }

  #made(alarm) {
    const marker = badge(priorityOf(alarm));
    const fresh = el('span', { className: 'fresh' }, this.#say('alarm.new'));
    const title = el('span', { className: 'title' });
    const owner = el('span', { className: 'owner' });
    const more = el('span', { className: 'more', data: { more: '' } });
    const place = el('span', { className: 'place' });
    const time = el('time', { className: 'time' });
    const words = el('span', { className: 'words' }, el('span', { className: 'what' }, title), owner);
    const line = el('li', { className: 'alarm', data: { alarm: alarm.id } },
      marker, el('span', { className: 'middle' }, fresh, words, more), place, time);
    const row = { line, marker, fresh, title, owner, more, place, time, raisedAt: null };
    this.#rows.set(alarm.id, row);
    return row;
  }

  /** "+17 khác" stands in the last row. */
  #countRest(shown, rest) {
    const last = shown.at(-1)?.id;
    for (const [id, { more }] of this.#rows) {
      const isHere = id === last && rest > 0;
      reveal(more, isHere);
      mark(more, 'more', isHere ? rest : '');
      write(more, isHere ? this.#say('alarm.more', { n: this.#number(rest) }) : '');
    }
  }

  #emptyNote(lastClosedAt) {
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
}
