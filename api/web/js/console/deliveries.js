// page=deliveries: how each endpoint is, and every message with all its attempts. Reading only.

import { withQuery } from '../api.js';
import { badge, PRIORITY_KEYS } from '../badges.js';
import { el, mark, write } from '../dom.js';
import { clockTime, instant, shortTime } from '../formats.js';
import { titleOf } from '../titles.js';
import { Again } from './again.js';
import { button, choose, control, link, note, notRead, row, table, walk } from './controls.js';
import { word } from './life.js';

const HOURS = 24;
const PAGE_ROWS = 50;
const SHOWN_MAX = 500;
const REFRESH_MS = 10_000;
const ENDPOINT_KEYS = { running: 'delivery.running', paused: 'delivery.paused', disabled: 'delivery.disabled' };
const STATE_KEYS = { pending: 'delivery.pending', delivered: 'delivery.delivered', failed: 'delivery.failed' };

export class Page {
  #root;
  #ctx;
  #view = {};
  #isShown = false;
  #readAtMs = 0;
  #summary = null;
  #list = null;
  #next = null;
  #wanted = PAGE_ROWS;
  #isFailed = false;
  #again;
  #parts;

  constructor(root, ctx) {
    const { say } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    const endpoint = control('select', { name: 'endpoint' });
    const status = control('select', { name: 'status' }, [['', say('delivery.any_state')], ...Object.entries(STATE_KEYS).map(([value, key]) => [value, say(key)])]);
    for (const [made, label] of [[endpoint, 'delivery.any_endpoint'], [status, 'delivery.any_state']]) {
      made.setAttribute('aria-label', say(label));
      made.addEventListener('change', () => ctx.go({ [made.name]: made.value || null, open: null }, { push: false }));
    }
    this.#parts = {
      sums: el('h1'), endpoint, status, endpoints: el('section', { className: 'block scroll' }),
      list: el('section', { className: 'block scroll', data: { keys: 'list' } }),
    };
    root.append(el('header', { className: 'page-head' }, this.#parts.sums, el('div', { className: 'filters' }, endpoint, status)),
      this.#parts.endpoints, this.#parts.list);
  }

  show(view) {
    const isOther = view.endpoint !== this.#view.endpoint || view.status !== this.#view.status;
    this.#isShown = true;
    this.#view = view;
    this.#parts.status.value = view.status ?? '';
    if (isOther) [this.#list, this.#wanted] = [null, PAGE_ROWS];
    this.#draw();
    if (isOther || this.#list === null || this.#ctx.clock.now() - this.#readAtMs > REFRESH_MS) this.#again.ask();
  }

  hide() {
    this.#isShown = false;
  }

  update() {}

  tick(nowMs) {
    if (this.#isShown && nowMs - this.#readAtMs > REFRESH_MS) this.#again.ask();
  }

  command(name) {
    if (name === 'back' && this.#view.open) {
      this.#ctx.go({ open: null }, { push: false });
      return true;
    }
    return walk(name, [...this.#parts.list.querySelectorAll('[data-delivery]')]);
  }

  async #load() {
    const { call, clock } = this.#ctx;
    const { endpoint, status } = this.#view;
    const query = { endpoint, state: status in STATE_KEYS ? status : null, limit: this.#wanted };
    const [summary, page] = await Promise.all([
      call('GET', withQuery('/api/v1/deliveries/summary', { hours: HOURS })),
      call('GET', withQuery('/api/v1/deliveries', query)),
    ]);
    if (endpoint !== this.#view.endpoint || status !== this.#view.status) {
      this.#again.ask();
      return;
    }
    this.#readAtMs = clock.now();
    this.#isFailed = !summary.ok || !page.ok;
    if (summary.ok) this.#summary = summary.body;
    if (page.ok) [this.#list, this.#next] = [page.body.deliveries, page.body.next];
    this.#draw();
  }

  #draw() {
    const { say, number } = this.#ctx;
    mark(this.#root, 'deliveries', this.#list?.length ?? '');
    if (this.#summary === null) {
      write(this.#parts.sums, say('nav.deliveries'));
      this.#parts.endpoints.replaceChildren(notRead(say, this.#isFailed));
      return;
    }
    const { delivered, pending, failed, endpoints } = this.#summary;
    write(this.#parts.sums, say('delivery.sums', { h: HOURS, n: number(delivered), p: number(pending), f: number(failed) }));
    this.#drawChoice(endpoints);
    this.#drawEndpoints(endpoints);
    this.#drawList();
  }

  #drawChoice(endpoints) {
    const { say } = this.#ctx;
    const options = [['', say('delivery.any_endpoint')], ...endpoints.map(({ endpoint_id: id, name }) => [id, name])];
    choose(this.#parts.endpoint, options, this.#view.endpoint ?? '');
  }

  #drawEndpoints(endpoints) {
    const { say, number, clock } = this.#ctx;
    const head = el('h3', {}, say('delivery.endpoints'));
    if (endpoints.length === 0) {
      this.#parts.endpoints.replaceChildren(head, note(say('delivery.no_endpoints')));
      return;
    }
    const { root, body } = table(say('delivery.endpoints'), [
      [say('delivery.endpoint')], [say('delivery.state')], [say('delivery.took'), 'figure'], [say('delivery.delivered'), 'figure'],
      [say('delivery.waits'), 'figure'], [say('delivery.failed'), 'figure'], [say('delivery.last_error')],
    ]);
    body.append(...endpoints.map((each) => {
      const error = el('span', { className: 'own' }, each.last_error ?? '');
      error.lang = 'en';
      const took = each.p50_ms === null ? say('page.unknown') : say('delivery.ms', { a: number(each.p50_ms), b: number(each.p99_ms) });
      const at = each.last_error_at ? shortTime(instant(each.last_error_at), clock.now()) : say('page.unknown');
      return row([
        each.name, this.#stateOf(each), [took, 'figure'], [number(each.delivered), 'figure'], [number(each.pending), 'figure'],
        [number(each.failed), 'figure'], el('span', {}, at, ' ', error),
      ], { endpoint: each.name, state: each.state });
    }));
    this.#parts.endpoints.replaceChildren(head, root);
  }

  #stateOf({ state, next_probe_at: probe, disabled_reason: why }) {
    const { say } = this.#ctx;
    if (state === 'paused' && probe) return say('delivery.paused_until', { t: clockTime(instant(probe)) });
    if (state === 'disabled' && why) return say('delivery.disabled_why', { why });
    return word(ENDPOINT_KEYS, state, say);
  }

  // -- the messages -------------------------------------------------------------------------------

  #drawList() {
    const { say } = this.#ctx;
    const place = this.#parts.list;
    const head = el('h3', {}, say('delivery.messages'));
    if (this.#list === null || this.#list.length === 0) {
      place.replaceChildren(head, note(say(this.#list === null ? 'page.loading' : 'delivery.none')));
      return;
    }
    const held = place.contains(document.activeElement) ? document.activeElement.dataset.delivery : null;
    const { root, body } = table(say('delivery.messages'), [
      [say('delivery.at'), 'figure'], [say('delivery.alarm')], [say('delivery.endpoint')], [say('delivery.state')],
      [say('delivery.attempts'), 'figure'], [say('delivery.answer')],
    ]);
    for (const each of this.#list) {
      body.append(this.#row(each));
      if (each.id === this.#view.open) body.append(this.#whole(each));
    }
    const rest = this.#next === null ? [] : this.#list.length >= SHOWN_MAX ? [note(say('delivery.cut', { n: SHOWN_MAX }))]
      : [button(say('delivery.more'), () => this.#more(), { command: 'more' })];
    place.replaceChildren(head, root, ...rest);
    if (held) body.querySelector(`[data-delivery="${CSS.escape(held)}"]`)?.focus();
  }

  #more() {
    this.#wanted = Math.min(this.#wanted * 2, SHOWN_MAX);
    this.#again.ask();
  }

  #row(each) {
    const { say, lang, number, clock, go } = this.#ctx;
    const isOpen = each.id === this.#view.open;
    const title = titleOf(each, lang) || each.alarm_id;
    const open = button('', () => go({ open: isOpen ? null : each.id }, { push: false }), { className: 'plain link' });
    open.replaceChildren(badge(each.priority, { look: 'none', label: say(PRIORITY_KEYS[each.priority - 1]) }), el('span', {}, title));
    mark(open, 'delivery', each.id);
    open.setAttribute('aria-expanded', String(isOpen));
    const made = row([
      [shortTime(instant(each.at), clock.now()), 'figure'], open, each.endpoint, this.#progress(each),
      [number(each.attempt_count), 'figure'], this.#answer(each.attempts.at(-1)),
    ], { state: each.state });
    made.setAttribute('aria-selected', String(isOpen));
    return made;
  }

  #progress({ state, next_at: next }) {
    const { say } = this.#ctx;
    if (state === 'pending' && next) return say('delivery.retry_at', { t: clockTime(instant(next)) });
    return word(STATE_KEYS, state, say);
  }

  #answer(attempt) {
    const { say, number } = this.#ctx;
    if (!attempt) return '';
    if (attempt.duration_ms === null) return say('delivery.under_way');
    const error = el('span', { className: 'own' }, attempt.error ?? '');
    error.lang = 'en';
    const took = say('delivery.one_ms', { n: number(attempt.duration_ms) });
    return el('span', {}, [attempt.status, took].filter((part) => part !== null).join(' \u00b7 '), ' ', error);
  }

  /** All attempts of one message, beneath its row. */
  #whole(each) {
    const { say, number } = this.#ctx;
    const { root, body } = table(say('delivery.attempts'), [[say('delivery.attempt'), 'figure'], [say('delivery.at'), 'figure'], [say('delivery.answer')]]);
    body.append(...each.attempts.map((attempt) => row([
      [number(attempt.attempt), 'figure'], [clockTime(instant(attempt.at)), 'figure'], this.#answer(attempt),
    ])));
    const more = each.attempt_count > each.attempts.length ? [note(say('delivery.last_attempts', { n: each.attempts.length }))] : [];
    const alarm = link(this.#ctx.go, { page: 'alarms', open: each.alarm_id }, say('delivery.open_alarm'));
    const cell = el('td', {}, el('p', {}, say('delivery.message_id', { id: each.id, type: each.type })), root, ...more,
      el('p', { className: 'small muted' }, say('delivery.no_personal')), el('p', {}, alarm));
    cell.colSpan = 6;
    return el('tr', { className: 'whole', data: { attempts: each.id } }, cell);
  }
}
