// One incident at full size: who leads it, what happened in one order, where, and the alarms that stand in it.

import { badge, lookOf, SEVERITIES, PRIORITY_KEYS } from '../badges.js';
import { el, mark, write } from '../dom.js';
import { clockTime, dateTime, instant, running, shortTime } from '../formats.js';
import { slimOf } from '../slim.js';
import { numberOf, titleLang, titleOf } from '../titles.js';
import { Again } from './again.js';
import { askFields } from './asking.js';
import { allow, button, control, field, isAllowed, note, row, table } from './controls.js';
import { ALARMS_MAX, whyNot } from './incident_calls.js';
import { closeFields, leadFields, mergeChoice, remarkFields } from './incident_forms.js';
import { CODE_KEYS, SOURCE_KEYS, STATE_KEYS, word } from './life.js';
import { drawPlan, roundRadius } from './plan.js';
import { metres } from './proof.js';
import { agreeing, lasts, restOf, timeline } from './timeline.js';

const LOG_MAX = 500;
const NAME = 'incident';
const PLAN_MIN_M = 200;

export class IncidentSheet {
  #root;
  #ctx;
  #id = null;
  #whole = null;
  #log = [];
  #state = 'loading';
  #chosen = new Set();
  #again;
  #parts;
  #buttons = {};

  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    this.#build();
  }

  open(id) {
    if (id !== this.#id) {
      [this.#id, this.#whole, this.#log, this.#state] = [id, null, [], 'loading'];
      this.#chosen.clear();
      this.#draw();
      this.#parts.title.focus();
    }
    this.#again.ask();
  }

  close() {
    this.#id = null;
  }

  update({ ids, tiles }) {
    if (this.#id === null) return;
    const isOurs = ids === null || tiles.has('incidents')
      || (this.#whole?.members ?? []).some(({ alarm }) => ids.has(alarm.id));
    if (isOurs) this.#again.ask();
  }

  tick() {
    if (this.#state === 'failed') this.#again.ask();
    if (!this.#whole) return;
    const { incident } = this.#whole;
    const { say, store, areas, lang } = this.#ctx;
    write(this.#parts.where, say('incident.where', {
      place: areas.shortName(incident.area, incident.area_name),
      t: shortTime(instant(incident.began_at), store.now()),
      d: running(lasts(incident, store.now()), say),
      r: metres(incident.radius_m, lang),
    }));
  }

  command(name) {
    const made = { acknowledge: 'acknowledge', close: 'close', comment: 'comment', assign: 'assign', incident: 'merge' }[name];
    const found = this.#buttons[made];
    if (!found || !this.#whole) return false;
    if (isAllowed(found)) found.click();
    else this.#ctx.toast('detail.not_possible', { why: found.title });
    return true;
  }

  // -- reading ------------------------------------------------------------------------------------

  async #load() {
    const id = this.#id;
    if (id === null) return;
    const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
    const [whole, log] = await Promise.all([
      this.#ctx.call('GET', path), this.#ctx.call('GET', `${path}/log?limit=${LOG_MAX}`),
    ]);
    if (id !== this.#id) return;
    if (whole.ok) [this.#whole, this.#state] = [whole.body, 'here'];
    else if (!this.#whole && [400, 404].includes(whole.status)) {
      this.#ctx.drop('open', 'incident.gone', id);
      return;
    } else if (!this.#whole) this.#state = whole.status === 403 ? 'forbidden' : 'failed';
    if (log.ok) this.#log = log.body.log;
    this.#draw();
  }

  // -- drawing ------------------------------------------------------------------------------------

  #build() {
    const { say } = this.#ctx;
    this.#parts = {
      title: el('h1'), where: el('p', { className: 'where' }), state: el('p', { className: 'state' }),
      agree: el('ul', { className: 'agree' }), lines: el('ol', { className: 'timeline' }), plan: el('div', { className: 'plan-box' }),
      members: el('div', { className: 'scroll' }), note: el('div'),
    };
    this.#parts.title.tabIndex = -1;
    const act = (name, run, key) => {
      this.#buttons[name] = button(say(LABELS[name]), () => isAllowed(this.#buttons[name]) && run(), { command: name, key });
      return this.#buttons[name];
    };
    const tools = el('div', { className: 'tools' },
      act('assign', () => this.#assign(), 'p'), act('comment', () => this.#comment(), 'c'),
      act('merge', () => this.#merge(), 'v'), act('close', () => this.#close(), 'k'),
      button(say('action.close_panel'), () => this.#ctx.go({ open: null }, { push: false }), { command: 'back', key: 'Esc' }));
    const below = el('div', { className: 'tools' },
      act('acknowledge', () => this.#acknowledge(), 'x'), act('split', () => this.#split(), ''));
    const section = (key, ...children) => el('section', { className: 'block' }, el('h2', {}, say(key)), ...children);
    this.#root.append(
      el('header', {}, el('div', { className: 'name' }, this.#parts.title), tools, this.#parts.where, this.#parts.state),
      this.#parts.note,
      el('div', { className: 'columns' },
        section('incident.timeline', this.#parts.lines), section('incident.plan_title', this.#parts.agree, this.#parts.plan)),
      section('incident.members', below, this.#parts.members),
    );
  }

  #draw() {
    mark(this.#root, 'incident', this.#id ?? '');
    mark(this.#root, 'state', this.#whole?.incident.state ?? this.#state);
    const keys = { loading: 'page.loading', forbidden: 'detail.other_area', failed: 'detail.failed' };
    const why = this.#whole ? null : keys[this.#state];
    this.#parts.note.replaceChildren(...(why ? [note(this.#ctx.say(why), this.#state)] : []));
    for (const each of this.#root.querySelectorAll('.columns, .block, header')) each.hidden = why !== null;
    if (why === null) this.#drawWhole(this.#whole);
  }

  #drawWhole({ incident, members, evidence }) {
    const { say, lang } = this.#ctx;
    const priority = SEVERITIES.indexOf(incident.severity) + 1;
    const isOpen = incident.state === 'open';
    mark(this.#root, 'priority', priority);
    mark(this.#root, 'version', incident.version);
    const shown = badge(priority, { look: isOpen ? 'filled' : 'none', label: say(PRIORITY_KEYS[priority - 1]) });
    this.#parts.title.replaceChildren(shown, el('span', { className: 'code' }, numberOf(incident)),
      el('span', { lang: titleLang(incident, lang) }, titleOf(incident, lang)));
    write(this.#parts.state, this.#stateLine(incident));
    this.#parts.agree.replaceChildren(...agreeing(incident.sources).map(({ source, agrees }) => el(
      'li', { data: { agrees } }, `${agrees ? '\u2713' : '\u2013'} ${word(SOURCE_KEYS, source, say)}`,
    )));
    this.#parts.lines.replaceChildren(...timeline({ evidence, log: this.#log, members }).map((line) => this.#line(line)));
    this.#drawPlan(incident, members);
    this.#drawMembers(incident, members);
    this.#drawButtons(incident, members);
    this.tick();
  }

  #stateLine(incident) {
    const { say } = this.#ctx;
    const states = { open: 'incident.open', closed: 'incident.closed', merged: 'incident.merged' };
    const parts = [say(states[incident.state])];
    if (incident.closing_code) parts.push(word(CODE_KEYS, incident.closing_code, say));
    parts.push(incident.lead ? say('incident.led_by', { name: incident.lead }) : say('incident.nobody'));
    const raised = this.#log.filter(({ type, body }) => type === 'severity_changed' && body.from && body.to).at(-1);
    if (raised) {
      const level = (severity) => SEVERITIES.indexOf(severity) + 1;
      const key = level(raised.body.to) < level(raised.body.from) ? 'incident.raised' : 'incident.lowered';
      parts.push(say(key, { a: level(raised.body.from), b: level(raised.body.to), n: incident.sources.length }));
    }
    return parts.join(' \u00b7 ');
  }

  #line(line) {
    const { say } = this.#ctx;
    const when = el('time', { className: 'figure' }, clockTime(line.at));
    when.title = dateTime(line.at);
    if (line.kind === 'evidence') {
      const priority = SEVERITIES.indexOf(line.severity) + 1;
      const times = line.n > 1 ? ` \u00d7${this.#ctx.number(line.n)}` : '';
      return el('li', { data: { line: 'evidence' } }, when, badge(priority, { label: say(PRIORITY_KEYS[priority - 1]) }),
        el('span', {}, `${word(SOURCE_KEYS, line.source, say)} `, el('span', { className: 'code' }, line.key), times));
    }
    const code = line.body.code ? word(CODE_KEYS, line.body.code, say) : '';
    const values = { name: line.by ?? say('log.system'), lead: line.body.lead ?? say('incident.nobody'), code, n: line.body.alarms?.length ?? 0 };
    const level = (severity) => SEVERITIES.indexOf(severity) + 1;
    if (line.body.from) Object.assign(values, { a: level(line.body.from), b: level(line.body.to) });
    const said = line.comment ? `: ${line.comment}` : '';
    return el('li', { data: { line: line.type } }, when, el('span'), el('span', {}, (line.key ? say(line.key, values) : line.type) + said));
  }

  #drawPlan(incident, members) {
    const { say, lang } = this.#ctx;
    const alarms = members.map(({ alarm }) => ({ lat: alarm.lat, lon: alarm.lon, priority: alarm.priority }));
    if (incident.lat === null || incident.lon === null) {
      this.#parts.plan.replaceChildren(note(say('incident.no_place')));
      return;
    }
    const radiusM = roundRadius(Math.max(PLAN_MIN_M, incident.radius_m));
    this.#parts.plan.replaceChildren(drawPlan({ alarms }, incident, {
      radiusM,
      circleM: incident.radius_m,
      label: say('incident.plan', { n: members.length, r: metres(incident.radius_m, lang) }),
      half: metres(radiusM / 2, lang),
      whole: metres(radiusM, lang),
    }));
  }

  #drawMembers(incident, members) {
    const { say } = this.#ctx;
    const ids = new Set(members.map(({ alarm }) => alarm.id));
    for (const id of this.#chosen) if (!ids.has(id)) this.#chosen.delete(id);
    if (members.length === 0) {
      this.#parts.members.replaceChildren(note(say('incident.no_members')));
      return;
    }
    const held = this.#root.contains(document.activeElement) ? document.activeElement.dataset.held : null;
    const { root, body } = table(say('incident.members'), [
      [say('incident.choose')], [say('incident.alarm')], [say('detail.state')], [say('incident.place')], [say('incident.raised_at'), 'figure'], [say('incident.owner')],
    ]);
    body.append(...members.map(({ alarm }) => this.#member(alarm, incident)));
    this.#parts.members.replaceChildren(root);
    if (held) root.querySelector(`[data-held="${CSS.escape(held)}"]`)?.focus();
  }

  #member(alarm, incident) {
    const { say, lang, areas, store, actions } = this.#ctx;
    const title = titleOf(alarm, lang);
    const box = control('input', { type: 'checkbox', checked: this.#chosen.has(alarm.id), disabled: incident.state === 'merged' });
    box.setAttribute('aria-label', say('incident.choose_one', { title }));
    box.dataset.held = `box ${alarm.id}`;
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(alarm.id);
      else this.#chosen.delete(alarm.id);
      this.#drawButtons(this.#whole.incident, this.#whole.members);
    });
    const overlay = actions?.overlay(alarm.id);
    const state = overlay?.state ?? alarm.state;
    const look = alarm.ended_at ? { look: 'none', blink: 'none' } : lookOf(state);
    const open = el('button', { className: 'plain link', data: { held: `open ${alarm.id}` } },
      badge(alarm.priority, { ...look, label: say(PRIORITY_KEYS[alarm.priority - 1]) }), el('span', {}, title));
    open.type = 'button';
    open.addEventListener('click', () => this.#ctx.go({ page: 'alarms', open: alarm.id, tab: 1 }, { push: true }));
    const sending = { sending: '\u2026', unknown: '?' }[overlay?.mark] ?? '';
    return row([
      box, open, word(STATE_KEYS, state, say) + sending, areas.shortName(alarm.area, alarm.area_name),
      [shortTime(instant(alarm.raised_at), store.now()), 'figure'], alarm.assignee ?? alarm.acknowledged_by ?? say('alarm.nobody'),
    ], { alarm: alarm.id, state, priority: alarm.priority });
  }

  #drawButtons(incident, members) {
    const { say, may } = this.#ctx;
    const rest = restOf(members.map(({ alarm }) => alarm));
    const n = this.#chosen.size;
    const denied = may('incident') ? null : say('detail.forbidden');
    const over = incident.state === 'merged' ? say('incident.why_state') : null;
    allow(this.#buttons.assign, denied ?? over);
    allow(this.#buttons.comment, denied);
    allow(this.#buttons.merge, denied ?? over);
    allow(this.#buttons.close, denied ?? (incident.state === 'open' ? null : say('incident.why_state')));
    const isAll = n >= members.length;
    allow(this.#buttons.split, denied ?? over ?? (n === 0 ? say('incident.choose_first') : isAll ? say('incident.why_alarms') : null));
    const left = rest.bulk.length + rest.single.length;
    allow(this.#buttons.acknowledge, may('acknowledge') ? (left === 0 ? say('incident.all_known') : null) : say('detail.forbidden'));
  }

  // -- what a person does -------------------------------------------------------------------------

  async #send(path, body) {
    const { call, say } = this.#ctx;
    const by = await this.#ctx.operator();
    if (by === null) return { answer: null, wrong: { text: say('shell.name.need') } };
    const answer = await call('POST', `/api/v1/incidents/${path}`, { by, ...body });
    this.#again.ask();
    if (answer.ok) return { answer, wrong: null };
    const { key, values } = whyNot(answer);
    return { answer, wrong: { text: say(key, values) } };
  }

  #form(title, fields, sendText, body) {
    const id = this.#id; // of the title: the way back of the browser changes the page below a form
    return askFields(this.#ctx, {
      name: NAME,
      title: `${numberOf(this.#whole.incident)} \u00b7 ${title}`,
      fields,
      sendText,
      send: async () => {
        const found = body();
        if (found.problem) return { text: this.#ctx.say(found.problem), field: found.field };
        return (await this.#send(`${id}/${found.move}`, found.body)).wrong;
      },
    });
  }

  #assign() {
    const { say } = this.#ctx;
    const fields = leadFields(say, this.#whole.incident);
    void this.#form(say('incident.lead'), fields, say('action.assign'), () => ({
      move: 'assign', body: { lead: fields[0].control.value.trim() || null },
    }));
  }

  #comment() {
    const { say } = this.#ctx;
    const fields = remarkFields(say);
    void this.#form(say('action.comment'), fields, say('form.send'), () => {
      const text = fields[0].control.value.trim();
      return text ? { move: 'comment', body: { comment: text } } : { problem: 'incident.no_comment', field: 'comment' };
    });
  }

  #close() {
    const { say } = this.#ctx;
    const fields = closeFields(say);
    void this.#form(say('action.close'), fields, say('action.close'), () => {
      const [code, comment] = fields.map(({ control: made }) => made.value.trim());
      return { move: 'close', body: { code, ...(comment ? { comment } : {}) } };
    });
  }

  async #merge() {
    const { say } = this.#ctx;
    const choice = await mergeChoice(this.#ctx, this.#whole.incident);
    if (choice === null) {
      this.#ctx.toast('incident.nothing_to_merge', {});
      return;
    }
    const into = choice[0].control;
    const isSent = await this.#form(say('incident.merge'), choice, say('action.merge'), () => ({ move: 'merge', body: { into: into.value } }));
    if (isSent) this.#ctx.go({ open: into.value }, { push: true });
  }

  async #split() {
    const { say } = this.#ctx;
    const [id, alarms] = [this.#id, [...this.#chosen]];
    if (alarms.length > ALARMS_MAX) {
      this.#ctx.toast('incident.too_many', { n: ALARMS_MAX, m: alarms.length });
      return;
    }
    const title = field(say('incident.new_title'), control('input', { name: 'title', maxLength: 200, value: this.#whole.incident.title }));
    let made = null;
    const isSent = await askFields(this.#ctx, {
      name: NAME,
      title: say('incident.split_n', { n: alarms.length }),
      fields: [title],
      sendText: say('action.split'),
      send: async () => {
        const found = await this.#send(`${id}/split`, { alarms, title: title.control.value.trim() || null });
        made = found.answer.body;
        return found.wrong;
      },
    });
    if (isSent) this.#ctx.go({ open: made.id }, { push: true });
  }

  /** All at once but priority 1 and what wants two persons: these are looked at and said one by one. */
  async #acknowledge() {
    const { say, lang, actions, areas } = this.#ctx;
    const { bulk, single } = restOf(this.#whole.members.map(({ alarm }) => alarm));
    const rows = (alarms) => alarms.map((alarm) => slimOf(alarm, lang));
    if (bulk.length > 0) {
      const lines = [el('p', {}, say('incident.acknowledge_bulk', { n: bulk.length, m: single.length }))];
      const isSent = await askFields(this.#ctx, {
      name: NAME,
        title: say('incident.acknowledge_rest'), lines, sendText: say('action.acknowledge'),
        send: async () => { await actions.run('acknowledge', rows(bulk), {}); return null; },
      });
      if (!isSent) return;
    }
    for (const [i, alarm] of single.entries()) {
      const priority = say(PRIORITY_KEYS[alarm.priority - 1]);
      const place = areas.shortName(alarm.area, alarm.area_name);
      const lines = [el('p', { className: 'one' }, badge(alarm.priority), el('span', {}, `${titleOf(alarm, lang)} \u00b7 ${place}`))];
      const isSent = await askFields(this.#ctx, {
      name: NAME,
        title: say('incident.acknowledge_one', { priority, i: i + 1, n: single.length }), lines, sendText: say('action.acknowledge'),
        send: async () => { await actions.run('acknowledge', rows([alarm]), {}); return null; },
      });
      if (!isSent) break;
    }
    this.#again.ask();
  }
}

const LABELS = {
  assign: 'action.assign',
  comment: 'action.comment',
  merge: 'incident.merge',
  close: 'incident.close',
  acknowledge: 'incident.acknowledge_rest',
  split: 'action.split',
};
