// The fifth tab: the incident that an alarm is part of, what rings beside it, and what it was before.

import { badge, lookOf, SEVERITIES } from '../badges.js';
import { withQuery } from '../api.js';
import { el } from '../dom.js';
import { dateTime, instant, shortTime } from '../formats.js';
import { numberOf, titleOf } from '../titles.js';
import { note } from './controls.js';
import { CODE_KEYS, STATE_KEYS, word } from './life.js';

const BESIDE_MAX = 20;
const BEFORE_MAX = 5;
const EXAMINED = 200;

export class RelatedTab {
  #ctx;
  #of = null;
  #parts = ['incident', 'beside', 'before'].map((name) => el('section', { className: 'block', data: { block: name } }));

  constructor(root, ctx) {
    this.#ctx = ctx;
    root.append(...this.#parts);
  }

  async load(alarm) {
    const key = `${alarm.id} ${alarm.incident}`;
    this.#drawBeside(alarm);
    if (this.#of === key) return;
    this.#of = key;
    const { say, call } = this.#ctx;
    const [incident, , before] = this.#parts;
    before.replaceChildren(note(say('page.loading'), 'loading'));
    const query = { state: 'normal', rule: alarm.rule, area: alarm.area, limit: EXAMINED };
    const [one, past] = await Promise.all([
      alarm.incident ? call('GET', `/api/v1/incidents/${alarm.incident}`) : null,
      call('GET', withQuery('/api/v1/alarms', query)),
    ]);
    if (this.#of !== key) return;
    this.#drawIncident(incident, one);
    this.#drawBefore(before, past, alarm);
  }

  #drawIncident(root, answer) {
    const { say, lang } = this.#ctx;
    const parts = [el('h3', {}, say('nav.incident_one'))];
    if (answer === null) parts.push(note(say('related.no_incident')));
    else if (!answer.ok) parts.push(note(say('detail.failed'), 'failed'));
    else {
      const { incident } = answer.body;
      const text = say('related.incident', { number: numberOf(incident), title: titleOf(incident, lang), n: incident.alarms });
      parts.push(this.#link(text, { page: 'incidents', open: incident.id }, SEVERITIES.indexOf(incident.severity) + 1));
    }
    root.replaceChildren(...parts);
  }

  #drawBeside(alarm) {
    const { say, index, store } = this.#ctx;
    const beside = [];
    let n = 0;
    for (const row of index.all()) {
      if (row.id === alarm.id || row.rule !== alarm.rule || row.area !== alarm.area) continue;
      n += 1;
      if (beside.length < BESIDE_MAX) beside.push(row);
    }
    const lines = beside.map((row) => this.#link(
      `${row.title} \u00b7 ${word(STATE_KEYS, row.state, say)} \u00b7 ${shortTime(row.raisedAt, store.now())}`,
      { page: 'alarms', open: row.id, tab: 1 }, row.priority, row.state,
    ));
    this.#parts[1].replaceChildren(
      el('h3', {}, say('related.beside', { n: this.#ctx.number(n) })),
      ...(lines.length ? lines : [note(say('related.none_beside'))]),
      ...(n > lines.length ? [note(say('alarm.more', { n: this.#ctx.number(n - lines.length) }))] : []),
    );
  }

  #drawBefore(root, { ok, body }, alarm) {
    const { say } = this.#ctx;
    const title = el('h3', {}, say('related.before'));
    if (!ok) {
      root.replaceChildren(title, note(say('detail.failed'), 'failed'));
      return;
    }
    const own = body.alarms.filter(({ key, id }) => key === alarm.key && id !== alarm.id).slice(0, BEFORE_MAX);
    const lines = own.map((one) => {
      const code = one.closing_code ? word(CODE_KEYS, one.closing_code, say) : say('related.returned');
      const text = `${dateTime(instant(one.raised_at))} \u00b7 ${code}`;
      return this.#link(text, { page: 'alarms', open: one.id, tab: 3 }, SEVERITIES.indexOf(one.severity) + 1, 'normal');
    });
    root.replaceChildren(title, ...(lines.length ? lines : [note(say('related.none_before'))]));
  }

  #link(text, view, priority, state = 'acknowledged') {
    const mark = badge(priority, state === 'normal' ? { look: 'none' } : { look: lookOf(state).look });
    const made = el('button', { className: 'line link', data: { open: view.open } }, mark, el('span', {}, text));
    made.type = 'button';
    made.addEventListener('click', () => this.#ctx.go(view, { push: true }));
    return made;
  }
}
