// What changed rules would have made of what happened: asked with dates, watched while it runs, stopped, read.

import { el, mark, reveal, write } from '../dom.js';
import { date, dateTime, instant, numberWriter, shortTime } from '../formats.js';
import { svg } from '../badges.js';
import { columnsOf, daysOf, isOpen, standingOf, yamlOf } from '../rule_text.js';
import { allow, button, control, field, isAllowed, note, row, table } from './controls.js';
import { dayField } from './day_field.js';

const LOOK_MS = 1000;
const DAY_MS = 86_400_000;
const WARM_UP_DEFAULT_H = 24;
const WARM_UP_MAX_H = 672;
const TEXT_CHARACTERS_MAX = 100_000;
const RANGE_PROBLEMS = { missing: 'whatif.no_dates', order: 'whatif.order', future: 'whatif.future', long: 'whatif.long' };
const STATE_KEYS = { waiting: 'whatif.waiting', done: 'whatif.done', failed: 'whatif.failed', stopped: 'whatif.stopped' };
const PHASE_KEYS = {
  preparing: 'whatif.phase.preparing', warming_up_now: 'whatif.phase.warming_up_now', playing_back_now: 'whatif.phase.playing_back_now',
  warming_up_draft: 'whatif.phase.warming_up_draft', playing_back_draft: 'whatif.phase.playing_back_draft', comparing: 'whatif.phase.comparing',
};
const REST_KEYS = { minutes: 'whatif.minutes', seconds: 'whatif.seconds' };
const CODE_KEYS = { true: 'code.true', false: 'code.false', test: 'code.test', duplicate: 'code.duplicate', no_impact: 'code.no_impact' };

export class WhatIf {
  #root;
  #ctx;
  #rule = null;
  #id = null;
  #found = null;
  #lookedAtMs = 0;
  #isLooking = false;
  #isAsking = false;
  #parts;

  constructor(root, ctx) {
    const { say } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    const text = field(say('whatif.text'), control('textarea', { name: 'text', rows: 12, spellcheck: false, maxLength: TEXT_CHARACTERS_MAX }));
    const why = field(say('whatif.why'), control('input', { name: 'why', maxLength: 2000, autocomplete: 'off' }));
    const from = dayField(ctx, say('span.from'), 'from');
    const to = dayField(ctx, say('span.to'), 'to');
    const warm = field(say('whatif.warm_up'), control('input', { name: 'warm', type: 'number', min: 0, max: WARM_UP_MAX_H, value: WARM_UP_DEFAULT_H }));
    this.#parts = {
      text, why, from, to, warm, ask: button(say('whatif.ask'), () => void this.#ask(), { command: 'what-if', className: 'main' }),
      stop: button(say('action.stop'), () => void this.#stop(), { command: 'stop-what-if' }), said: el('p', { className: 'said' }),
      bar: control('progress', { max: 1, value: 0 }), answer: el('div', { className: 'answer' }),
    };
    const { ask, stop, said, bar, answer } = this.#parts;
    said.setAttribute('role', 'status');
    bar.setAttribute('aria-label', say('whatif.progress'));
    root.append(el('h3', {}, say('whatif.title')), el('p', { className: 'muted' }, say('whatif.hint')), text.root,
      el('div', { className: 'filters' }, from.root, to.root, warm.root, why.root), el('div', { className: 'doing' }, ask, stop), said, bar, answer);
    this.#drawState();
  }

  /** The rule that the draft begins with; another rule takes a new draft, what runs goes on. */
  show(rule) {
    if (rule === null || rule.id === this.#rule?.id) return;
    this.#rule = rule;
    const { text, from, to, answer } = this.#parts;
    text.control.value = yamlOf(rule.body);
    const now = this.#ctx.clock.now();
    from.control.value ||= date(now - DAY_MS);
    to.control.value ||= date(now);
    if (this.#found && !isOpen(this.#found)) {
      [this.#id, this.#found] = [null, null];
      answer.replaceChildren();
    }
    this.#drawState();
    if (this.#id === null) void this.#takeUp();
  }

  tick(nowMs) {
    if (this.#id !== null && (this.#found === null || isOpen(this.#found)) && nowMs - this.#lookedAtMs >= LOOK_MS) void this.#look();
  }

  /** One that was asked before this page was opened, and still runs, is watched again. */
  async #takeUp() {
    const { ok, body } = await this.#ctx.call('GET', '/api/v1/what-ifs');
    const running = ok ? body.what_ifs.find(isOpen) : null;
    if (!running || this.#id !== null) return;
    this.#id = running.id;
    this.#drawState();
  }

  async #ask() {
    const { say, call, clock, operator } = this.#ctx;
    const { text, why, from, to, warm, ask } = this.#parts;
    if (!isAllowed(ask) || this.#isAsking) return;
    for (const each of [text, why, from, to, warm]) each.complain('');
    const range = daysOf(from.day ?? '', to.day ?? '', clock.now());
    if (range.problem) return complain(from, say(RANGE_PROBLEMS[range.problem]));
    const hours = Number(warm.control.value);
    if (!Number.isInteger(hours) || hours < 0 || hours > WARM_UP_MAX_H) return complain(warm, say('whatif.warm_up_wrong', { n: WARM_UP_MAX_H }));
    if (why.control.value.trim() === '') return complain(why, say('whatif.why_needed'));
    const by = await operator();
    if (by === null) return null;
    this.#isAsking = true;
    const wish = { text: text.control.value, why: why.control.value.trim(), from: range.from, to: range.to, warm_up_hours: hours, by };
    const answer = await call('POST', '/api/v1/what-ifs', wish);
    this.#isAsking = false;
    if (answer.ok) {
      [this.#id, this.#found] = [answer.body.id, null];
      this.#parts.answer.replaceChildren();
      this.#drawState();
      ask.scrollIntoView({ block: 'center' }); // what is said next stands below it, at the foot of a long page
    } else if (answer.body?.code === 'rule') this.#refused(answer.body.errors);
    else if (answer.body?.code === 'range') complain(from, answer.body.detail);
    else this.#say(answer.status === 0 ? say('dead.unknown') : say('dead.refused_call', { why: answer.body?.detail ?? answer.status }));
    return null;
  }

  /** Each line that is wrong, at the text; the one that runs is not touched. */
  #refused(errors) {
    const { say } = this.#ctx;
    complain(this.#parts.text, errors.map(({ line, text }) => say('whatif.refused', { l: line, why: text })).join(' '));
  }

  async #stop() {
    const { call, say } = this.#ctx;
    if (this.#id === null) return;
    const { ok, status } = await call('DELETE', `/api/v1/what-ifs/${this.#id}`);
    if (!ok && status !== 409) this.#say(say('dead.unknown'));
    this.#lookedAtMs = 0;
  }

  async #look() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const wanted = this.#id;
    const { ok, status, body } = await this.#ctx.call('GET', `/api/v1/what-ifs/${wanted}`);
    this.#isLooking = false;
    this.#lookedAtMs = this.#ctx.clock.now();
    if (wanted !== this.#id) return;
    if (!ok) {
      if (status === 404) [this.#id, this.#found] = [null, null];
      return;
    }
    this.#found = body;
    this.#drawState();
    if (body.state === 'done') this.#drawAnswer(body);
  }

  #drawState() {
    const { say } = this.#ctx;
    const { ask, stop, bar } = this.#parts;
    const state = this.#id === null ? '' : this.#found?.state ?? 'waiting';
    const goesOn = state !== '' && isOpen({ state });
    mark(this.#root, 'whatif', state);
    allow(ask, goesOn ? say('whatif.one_at_a_time') : null);
    reveal(stop, goesOn);
    reveal(bar, goesOn);
    bar.value = this.#found?.progress ?? 0;
    if (state === '') return;
    this.#say(state === 'running' ? this.#standing(this.#found) : say(STATE_KEYS[state], { error: this.#found?.error ?? '' }));
  }

  #standing(found) {
    const { say, number } = this.#ctx;
    const { percent, rest } = standingOf(found);
    const values = { phase: say(PHASE_KEYS[found.phase] ?? PHASE_KEYS.preparing), n: percent };
    return rest === null ? say('whatif.running', values)
      : say('whatif.running_rest', { ...values, rest: say(REST_KEYS[rest.unit], { n: number(rest.n) }) });
  }

  #say(text) {
    write(this.#parts.said, text);
  }

  // -- the answer -----------------------------------------------------------------------------------

  #drawAnswer({ from, to, answer }) {
    const { say, number } = this.#ctx;
    const isWhole = answer.reproduced === answer.of;
    const missing = answer.missing.map(({ rule, key, step }) => el('li', {}, [rule, key, step].join(' \u00b7 ')));
    this.#parts.answer.replaceChildren(
      el('h3', {}, say('whatif.answer', { a: dateTime(instant(from)), b: dateTime(instant(to)) })),
      el('p', { data: { part: 'reproduced' } }, say(isWhole ? 'whatif.reproduced' : 'whatif.not_reproduced', { n: number(answer.reproduced), of: number(answer.of) })),
      ...(missing.length ? [el('details', {}, el('summary', {}, say('whatif.missing', { n: missing.length })), el('ul', { className: 'small' }, ...missing))] : []),
      this.#figures(answer), this.#columns(answer), this.#named('lost', answer), this.#named('new', answer),
    );
  }

  #figures({ now, draft }) {
    const { say, lang, number, decimal } = this.#ctx;
    const rate = numberWriter(lang, say, 2);
    const { root, body } = table(say('whatif.figures'), [[say('kpi.figure')], [say('whatif.now'), 'figure'], [say('whatif.draft'), 'figure']]);
    const minutes = (seconds) => say('whatif.minutes', { n: decimal(seconds / 60) });
    for (const [key, name, shown] of [
      ['whatif.alarms', 'alarms', number], ['whatif.mean', 'per_10min_mean', rate], ['whatif.most', 'per_10min_max', number],
      ['whatif.floods', 'floods', number], ['whatif.flood_time', 'flood_s', minutes],
    ]) body.append(row([say(key), [shown(now[name]), 'figure'], [shown(draft[name]), 'figure']], { figure: name }));
    return root;
  }

  /** Now as filled columns, the draft as a line over them; their sums stand in the table above. */
  #columns({ per_10min: points }) {
    const { say, number, clock } = this.#ctx;
    const { step, columns } = columnsOf(points);
    const most = Math.max(...columns.map(({ now, draft }) => Math.max(now, draft)), 1);
    const width = columns.length * 6;
    const label = say('whatif.columns', { n: number(step), most: number(most) });
    const box = svg('svg', { class: 'days', viewBox: `0 0 ${Math.max(width, 1)} 60`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label });
    const y = (n) => 59 - (n / most) * 57;
    columns.forEach(({ now }, i) => box.append(svg('rect', { class: 'was', x: i * 6 + 0.5, width: 5, y: y(now), height: 60 - y(now) })));
    const line = columns.map(({ draft }, i) => `${i ? 'L' : 'M'}${i * 6} ${y(draft)}H${i * 6 + 6}`).join('');
    box.append(svg('path', { class: 'would', d: line || 'M0 0' }));
    const { root, body } = table(label, [[say('delivery.at'), 'figure'], [say('whatif.now'), 'figure'], [say('whatif.draft'), 'figure']]);
    body.append(...columns.map(({ t, now, draft }) => row([[shortTime(instant(t), clock.now()), 'figure'], [number(now), 'figure'], [number(draft), 'figure']])));
    return el('figure', {}, el('figcaption', { className: 'small' }, label), box, el('details', {}, el('summary', {}, say('kpi.data_table')), root));
  }

  #named(which, answer) {
    const { say, number, areas, clock } = this.#ctx;
    const isLost = which === 'lost';
    const n = answer[`${which}_n`];
    const title = isLost ? say('whatif.lost', { n: number(n), m: number(answer.lost_true) }) : say('whatif.new', { n: number(n) });
    const head = el('h4', { data: { part: which } }, title);
    const rows = answer[which];
    if (rows.length === 0) return el('section', {}, head);
    const { root, body } = table(title, [[say('delivery.at'), 'figure'], [say('kpi.rule')], [say('delivery.alarm')], [say('kpi.area')], [say('whatif.closed_as')]]);
    body.append(...rows.map((each) => row([
      [shortTime(instant(each.at), clock.now()), 'figure'], el('code', {}, each.rule), each.title ?? each.key, areas.shortName(each.area),
      each.closed_as ? say(CODE_KEYS[each.closed_as] ?? CODE_KEYS.test) : say('page.unknown'),
    ], { closed: each.closed_as ?? '' })));
    const cut = n > rows.length ? [note(say('whatif.cut', { n: number(rows.length) }))] : [];
    return el('section', { className: 'scroll' }, head, root, ...cut);
  }
}

function complain(at, text) {
  at.complain(text);
  at.control.focus();
  return null;
}
