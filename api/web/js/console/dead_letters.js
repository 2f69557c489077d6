// page=dead-letters: what could not be read, in groups that one mend may help; one of them opened below.

import { withQuery } from '../api.js';
import { chosen, groupKey } from '../dead_letter.js';
import { el, mark, reveal, write } from '../dom.js';
import { date, instant, shortTime } from '../formats.js';
import { Again } from './again.js';
import { button, control, note, notRead, row, table, walk } from './controls.js';
import { dayField } from './day_field.js';
import { LetterSheet } from './dead_letter.js';
import { faultWords, REASON_KEYS, wantedWords } from './dead_words.js';
import { SOURCE_KEYS, word } from './life.js';

const REFRESH_MS = 15_000;

export class Page {
  #root;
  #ctx;
  #view = {};
  #groups = null;
  #isFailed = false;
  #readAtMs = 0;
  #isShown = false;
  #again;
  #sheet;
  #parts;

  constructor(root, ctx) {
    const { say } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    const choice = (name, first, keys) => {
      const made = control('select', { name }, [['', say(first)], ...Object.entries(keys).map(([value, key]) => [value, say(key)])]);
      made.setAttribute('aria-label', say(first));
      made.addEventListener('change', () => ctx.go({ [name]: made.value === '' ? null : name === 'source' ? [made.value] : made.value, open: null }, { push: false }));
      return made;
    };
    const day = (name, label) => dayField(ctx, say(label), name, (chosen) => ctx.go({ [name]: chosen || null, open: null }, { push: false }));
    this.#parts = {
      total: el('h1'), unseen: el('p', { className: 'muted', data: { count: 'unseen' } }),
      source: choice('source', 'dead.any_source', SOURCE_KEYS), reason: choice('reason', 'dead.any_reason', REASON_KEYS),
      from: day('from', 'span.from'), to: day('to', 'span.to'),
      list: el('div', { className: 'scroll groups', data: { keys: 'list' } }), sheet: el('section', { className: 'letter' }),
    };
    const { total, unseen, source, reason, from, to, list, sheet } = this.#parts;
    root.append(el('header', { className: 'page-head' }, el('div', { className: 'title' }, total, unseen),
      el('div', { className: 'filters' }, source, reason, from.root, to.root)), list, sheet);
    this.#sheet = new LetterSheet(sheet, ctx, () => this.#again.ask());
  }

  show(view) {
    const before = JSON.stringify([this.#view.from, this.#view.to]);
    this.#isShown = true;
    this.#view = view;
    const { source, reason, from, to } = this.#parts;
    source.value = view.source?.[0] ?? '';
    reason.value = view.reason ?? '';
    from.day = view.from;
    to.day = view.to;
    if (before !== JSON.stringify([view.from, view.to])) this.#groups = null;
    this.#draw();
    this.#again.ask();
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
      this.#parts.list.querySelector('button')?.focus();
      return true;
    }
    return walk(name, [...this.#parts.list.querySelectorAll('tbody button')]);
  }

  async #load() {
    const { from, to } = this.#view;
    const range = { from: from && dayStart(from), to: to && dayEnd(to) };
    const { ok, body } = await this.#ctx.call('GET', withQuery('/api/v1/dead-letters/groups', range));
    if (from !== this.#view.from || to !== this.#view.to) {
      this.#again.ask();
      return;
    }
    this.#readAtMs = this.#ctx.clock.now();
    this.#isFailed = !ok;
    if (ok) this.#groups = body.groups;
    this.#draw();
  }

  #draw() {
    const { say, number } = this.#ctx;
    const { shown, n, unseen } = chosen(this.#groups ?? [], { source: this.#view.source, reason: this.#view.reason });
    mark(this.#root, 'groups', this.#groups === null ? '' : shown.length);
    write(this.#parts.total, this.#groups === null ? say('nav.dead_letters') : say('dead.total', { n: number(n) }));
    write(this.#parts.unseen, say('dead.unseen', { n: number(unseen) }));
    reveal(this.#parts.unseen, unseen > 0);
    this.#drawList(shown);
    const open = this.#groups?.find((group) => groupKey(group) === this.#view.open) ?? null;
    this.#sheet.show(open, { from: this.#view.from && dayStart(this.#view.from), to: this.#view.to && dayEnd(this.#view.to) });
  }

  #drawList(shown) {
    const { say } = this.#ctx;
    const list = this.#parts.list;
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.group : null;
    if (this.#groups === null || shown.length === 0) {
      list.replaceChildren(this.#groups === null ? notRead(say, this.#isFailed)
        : note(say(this.#groups.length ? 'dead.none_here' : 'dead.none')));
      return;
    }
    const { root, body } = table(say('nav.dead_letters'), [
      [say('dead.source')], [say('dead.reason')], [say('dead.count'), 'figure'], [say('dead.new'), 'figure'],
      [say('dead.span'), 'figure'], [say('dead.expires'), 'figure'],
    ]);
    body.append(...shown.map((group) => this.#row(group)));
    list.replaceChildren(root);
    if (held) body.querySelector(`[data-group="${CSS.escape(held)}"]`)?.focus();
  }

  #row(group) {
    const { say, number, clock } = this.#ctx;
    const key = groupKey(group);
    const open = button(faultWords(say, group), () => this.#ctx.go({ open: key }), { className: 'plain link' });
    mark(open, 'group', key);
    const { text, lang } = wantedWords(say, group);
    const own = el('span', { className: 'own', lang }, text);
    own.title = group.detail;
    const span = [group.first_at, group.last_at].map((at) => shortTime(instant(at), clock.now()));
    const made = row([
      word(SOURCE_KEYS, group.source, say), el('div', { className: 'wrong' }, open, own), [number(group.n), 'figure'],
      [group.unseen > 0 ? number(group.unseen) : '', 'figure'], [say('span.range', { a: span[0], b: span[1] }), 'figure'], [date(instant(group.expires_at)), 'figure'],
    ]);
    const isOpen = key === this.#view.open;
    made.setAttribute('aria-selected', String(isOpen));
    open.setAttribute('aria-expanded', String(isOpen));
    return made;
  }
}

/** A day of the address as moments of the province. */
function dayStart(day) {
  return day.length > 10 ? day : `${day}T00:00:00+07:00`;
}

function dayEnd(day) {
  return day.length > 10 ? day : new Date(Date.parse(`${day}T00:00:00+07:00`) + 86_400_000).toISOString();
}
