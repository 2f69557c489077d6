// page=rules: what raises alarms, what each rule has said so far, and what another wording would have made of
// what happened. Nothing here changes a rule that runs.

import { PRIORITY_KEYS, SEVERITIES, badge } from '../badges.js';
import { el, mark, reveal } from '../dom.js';
import { dateTime, instant } from '../formats.js';
import { matcher } from '../fold.js';
import { yamlOf } from '../rule_text.js';
import { patternOf, titleLang } from '../titles.js';
import { Again } from './again.js';
import { button, control, note, notRead, row, table, walk } from './controls.js';
import { SOURCE_KEYS, word } from './life.js';
import { WhatIf } from './what_if.js';

const VERSIONS_SHOWN = 20;
export const KIND_KEYS = {
  match: 'rule.match', count: 'rule.count', absence: 'rule.absence', rate: 'rule.rate', threshold: 'rule.threshold', duration: 'rule.duration',
  sequence: 'rule.sequence', sla: 'rule.sla', calendar: 'rule.calendar',
};
const ORIGIN_KEYS = { shipped: 'rule.shipped', file: 'rule.file', api: 'rule.api' };

export class Page {
  #root;
  #ctx;
  #view = {};
  #rules = null;
  #revision = null;
  #versions = null; // {id, list} of the rule that is open
  #isFailed = false;
  #me = null;
  #again;
  #whatIf;
  #parts;

  constructor(root, ctx) {
    const { say } = ctx;
    this.#root = root;
    this.#ctx = ctx;
    this.#again = new Again(() => this.#load());
    const search = control('input', { name: 'q', type: 'search', autocomplete: 'off', placeholder: say('rule.search') });
    search.setAttribute('aria-label', say('rule.search'));
    search.addEventListener('input', () => ctx.go({ q: search.value || null }, { push: false }));
    this.#parts = {
      count: el('p', { className: 'muted' }), search, list: el('section', { className: 'block list', data: { keys: 'list' } }),
      rule: el('section', { className: 'rule' }), whatIf: el('section', { className: 'block what-if' }),
    };
    const { count, list, rule, whatIf } = this.#parts;
    root.append(el('header', { className: 'page-head' }, el('div', { className: 'title' }, el('h1', {}, say('nav.rules')), count), search),
      el('div', { className: 'rule-columns' }, list, el('div', { className: 'rule-side' }, rule, whatIf)));
    this.#whatIf = new WhatIf(whatIf, ctx);
  }

  show(view) {
    const isOther = view.open !== this.#view.open;
    this.#view = view;
    if (this.#parts.search.value !== (view.q ?? '')) this.#parts.search.value = view.q ?? '';
    if (isOther) this.#versions = null;
    this.#draw();
    if (isOther || this.#rules === null) this.#again.ask();
  }

  hide() {}

  update() {}

  tick(nowMs) {
    if (this.#ctx.me() !== this.#me) this.#draw(); // who we are was not known yet
    if (this.#isFailed) this.#again.ask();
    this.#whatIf.tick(nowMs);
  }

  command(name) {
    if (name === 'search') this.#parts.search.focus();
    else if (name === 'back' && this.#view.open) {
      const { open } = this.#view;
      this.#ctx.go({ open: null }, { push: false });
      this.#parts.list.querySelector(`[data-rule="${CSS.escape(open)}"]`)?.focus();
    } else return walk(name, [...this.#parts.list.querySelectorAll('[data-rule]')]);
    return true;
  }

  async #load() {
    const { call } = this.#ctx;
    const { open } = this.#view;
    const [rules, versions] = await Promise.all([
      call('GET', '/api/v1/rules'),
      open ? call('GET', `/api/v1/rules/${encodeURIComponent(open)}/versions?limit=${VERSIONS_SHOWN}`) : null,
    ]);
    if (open !== this.#view.open) {
      this.#again.ask();
      return;
    }
    this.#isFailed = !rules.ok;
    if (rules.ok) [this.#rules, this.#revision] = [rules.body.rules, rules.body.revision];
    const isAway = versions !== null && (versions.status === 0 || versions.status >= 500);
    this.#isFailed ||= isAway;
    this.#versions = { id: open, list: isAway ? null : versions?.body?.versions ?? [] };
    this.#draw();
  }

  // -- the list -------------------------------------------------------------------------------------

  #draw() {
    const { say, number } = this.#ctx;
    const { list, count, rule, whatIf } = this.#parts;
    this.#me = this.#ctx.me();
    mark(this.#root, 'rules', this.#rules?.length ?? '');
    if (this.#rules === null) {
      list.replaceChildren(notRead(say, this.#isFailed));
      for (const each of [rule, whatIf]) reveal(each, false);
      return;
    }
    count.textContent = say('rule.in_force', { n: number(this.#rules.length), r: this.#revision });
    this.#drawList();
    const open = this.#rules.find(({ id }) => id === this.#view.open) ?? null;
    reveal(rule, open !== null);
    if (open) this.#drawRule(open);
    else if (this.#view.open) {
      reveal(rule, true);
      rule.replaceChildren(note(say('rule.gone', { id: this.#view.open })));
    }
    const mayAsk = this.#me?.role === 'admin' && !this.#me.area;
    reveal(whatIf, mayAsk && open !== null);
    this.#whatIf.show(mayAsk ? open : null);
  }

  #drawList() {
    const { say, lang } = this.#ctx;
    const { list } = this.#parts;
    const held = list.contains(document.activeElement) ? document.activeElement.dataset.rule : null;
    const fits = this.#view.q ? matcher(this.#view.q) : () => true;
    const shown = this.#rules.filter(({ id, body }) => fits([patternOf(body, lang, say), id, word(KIND_KEYS, body.kind, say)]));
    if (shown.length === 0) {
      list.replaceChildren(note(say('rule.none')));
      return;
    }
    const { root, body } = table(say('nav.rules'), [[say('rule.name')], [say('rule.kind')], [say('rule.source')], [say('rule.version'), 'figure']]);
    body.append(...shown.map((each) => {
      const isOpen = each.id === this.#view.open;
      const priority = SEVERITIES.indexOf(each.body.severity) + 1;
      const open = button('', () => this.#ctx.go({ open: each.id }, { push: true }), { className: 'plain link' });
      const shape = priority > 0 ? [badge(priority, { look: 'none', label: say(PRIORITY_KEYS[priority - 1]) })] : [];
      open.replaceChildren(...shape, el('span', { lang: titleLang(each.body, lang) }, patternOf(each.body, lang, say)));
      mark(open, 'rule', each.id);
      open.setAttribute('aria-expanded', String(isOpen));
      const made = row([el('div', {}, open, el('code', { className: 'own' }, each.id)), word(KIND_KEYS, each.body.kind, say),
        word(SOURCE_KEYS, each.body.source, say), [each.version, 'figure']]);
      made.setAttribute('aria-selected', String(isOpen));
      return made;
    }));
    list.replaceChildren(root);
    if (held) body.querySelector(`[data-rule="${CSS.escape(held)}"]`)?.focus();
  }

  // -- one rule -------------------------------------------------------------------------------------

  #drawRule({ id, version, body }) {
    const { say, lang } = this.#ctx;
    mark(this.#parts.rule, 'open', id);
    const source = el('pre', {}, yamlOf(body));
    source.tabIndex = 0;
    source.setAttribute('role', 'region');
    source.setAttribute('aria-label', say('rule.text'));
    const guidance = (body.guidance ?? []).map((step) => el('li', {}, step));
    const parts = [
      el('header', {}, el('h2', { lang: titleLang(body, lang) }, patternOf(body, lang, say)), el('p', { className: 'muted' }, say('rule.head', { id, v: version, kind: word(KIND_KEYS, body.kind, say) }))),
      ...(guidance.length ? [el('section', { className: 'block' }, el('h3', {}, say('rule.guidance')), el('ol', { className: 'steps', lang: 'vi' }, ...guidance))] : []),
      el('section', { className: 'block' }, el('h3', {}, say('rule.text')), source),
      el('section', { className: 'block' }, el('h3', {}, say('rule.versions')), this.#versionTable()),
    ];
    this.#parts.rule.replaceChildren(...parts);
  }

  #versionTable() {
    const { say } = this.#ctx;
    if (this.#versions === null) return note(say('page.loading'), 'loading');
    if (this.#versions.list === null) return note(say('detail.failed'), 'failed');
    if (this.#versions.list.length === 0) return note(say('rule.no_versions'));
    const { root, body } = table(say('rule.versions'), [[say('rule.version'), 'figure'], [say('rule.when'), 'figure'], [say('rule.by')], [say('rule.why')], [say('rule.origin')]]);
    body.append(...this.#versions.list.map((each) => row([
      [each.version, 'figure'], [dateTime(instant(each.at)), 'figure'], each.by, each.body === null ? say('rule.withdrawn', { why: each.why }) : each.why,
      word(ORIGIN_KEYS, each.origin, say),
    ], { version: each.version })));
    return root;
  }
}
