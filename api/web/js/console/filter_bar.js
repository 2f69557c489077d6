// What narrows the list: priorities and what nobody has acknowledged at a touch, a search, and the rest behind
// «filter». What is chosen stands in the address, nowhere else.

import { countToAcknowledge, TO_ACKNOWLEDGE } from '../alarms.js';
import { badge, PRIORITY_KEYS, setLook, SEVERITIES } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';
import { STATES } from './actions.js';
import { isFiltered, toggled, unfiltered, withPriority } from './filters.js';

const TYPING_MS = 150;
const SOURCES = { fire: 'tile.fire', camera: 'tile.camera', citizen: 'tile.citizen', queue: 'tile.queue' };

export class FilterBar {
  #ctx;
  #view = {};
  #counts = [];
  #fresh;
  #search;
  #more;
  #panel;
  #clear;
  #timer = null;
  #onLeave;

  /** `onSearch()` is called when somebody comes to the search, `onLeave()` when it is left for the list. */
  constructor(root, ctx, { onSearch, onLeave }) {
    this.#ctx = ctx;
    this.#onLeave = onLeave;
    const { say } = ctx;
    const priorities = el('div', { className: 'priorities' }, ...SEVERITIES.map((_, i) => this.#priority(i + 1)));
    priorities.setAttribute('role', 'group');
    priorities.setAttribute('aria-label', say('list.priority'));
    this.#fresh = button('', 'unacknowledged', () => this.#toggleFresh());
    const label = el('label', { className: 'sr-only' }, say('action.search'));
    this.#search = el('input', { data: { field: 'search' } });
    Object.assign(this.#search, {
      type: 'search', id: 'alarm-search', placeholder: say('filter.placeholder'), maxLength: 100, autocomplete: 'off', spellcheck: false,
    });
    label.htmlFor = this.#search.id;
    this.#search.addEventListener('focus', onSearch);
    this.#search.addEventListener('input', () => this.#typed());
    this.#search.addEventListener('keydown', (event) => this.#keyed(event));
    this.#more = button(say('action.filter'), 'filters', () => this.toggle());
    this.#more.setAttribute('aria-expanded', 'false');
    this.#clear = button(say('action.clear_filters'), 'clear-filters', () => this.clear());
    this.#panel = el('div', { className: 'filter-panel', data: { part: 'filters' } });
    this.#panel.hidden = true;
    this.#panel.addEventListener('change', (event) => this.#chosen(event));
    const bar = el('div', { className: 'filter-bar' }, priorities, this.#fresh,
      el('div', { className: 'search' }, label, this.#search), this.#more, this.#clear);
    bar.setAttribute('role', 'search');
    root.append(bar, this.#panel);
  }

  show(view) {
    this.#view = view;
    for (const [i, { element }] of this.#counts.entries()) {
      element.setAttribute('aria-pressed', String(view.severity?.includes(SEVERITIES[i]) ?? false));
    }
    this.#fresh.setAttribute('aria-pressed', String(isFresh(view)));
    if (document.activeElement !== this.#search) this.#search.value = view.q ?? '';
    reveal(this.#clear, isFiltered(view));
    mark(this.#more, 'active', Boolean(view.area || view.source?.length || view.rule || (view.state?.length && !isFresh(view))));
    if (!this.#panel.hidden) this.#fill();
  }

  /** How many alarms of each priority ring, and how many want an acknowledgement. */
  count({ bySeverity, byState }) {
    const { say, number } = this.#ctx;
    for (const [i, { element, marker, figure }] of this.#counts.entries()) {
      const n = bySeverity[SEVERITIES[i]] ?? 0;
      write(figure, number(n));
      mark(element, 'value', n);
      setLook(marker, { look: n > 0 ? 'filled' : 'none', blink: 'none' });
      const label = say('priority.count', { priority: say(PRIORITY_KEYS[i]), n: number(n) });
      if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label);
    }
    const n = countToAcknowledge(byState);
    write(this.#fresh, say('filter.unacknowledged', { n: number(n) }));
    mark(this.#fresh, 'value', n);
  }

  /** True when the command was one of the bar's. */
  command(name) {
    const priority = /^priority_([1-4])$/.exec(name)?.[1];
    if (priority) this.#go(withPriority(this.#view, Number(priority)));
    else if (name === 'priority_all') this.#go({ severity: undefined });
    else if (name === 'filters') this.toggle();
    else if (name === 'search') {
      this.#search.focus();
      this.#search.select();
    } else return false;
    return true;
  }

  /** Close what is open; false when nothing was. */
  close() {
    if (this.#panel.hidden) return false;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#panel.hidden = true;
    this.#more.setAttribute('aria-expanded', 'false');
    if (hadFocus) this.#more.focus();
    return true;
  }

  /** The page is left: what was typed a moment ago does not search another. */
  leave() {
    clearTimeout(this.#timer);
    this.close();
  }

  toggle() {
    if (this.close()) return;
    this.#fill();
    this.#panel.hidden = false;
    this.#more.setAttribute('aria-expanded', 'true');
    this.#panel.querySelector('input, select')?.focus();
  }

  clear() {
    this.#search.value = '';
    const none = Object.fromEntries(Object.keys(this.#view).map((name) => [name, undefined]));
    this.#go({ ...none, ...unfiltered(this.#view) });
    this.#onLeave();
  }

  #go(change) {
    this.#ctx.go(change, { push: false });
  }

  #priority(priority) {
    const marker = badge(priority, { look: 'none' });
    const figure = el('span', { className: 'count' });
    const element = button('', `priority_${priority}`, () => this.command(`priority_${priority}`));
    element.append(marker, figure);
    element.setAttribute('aria-pressed', 'false');
    this.#counts.push({ element, marker, figure });
    return element;
  }

  #toggleFresh() {
    this.#go({ state: isFresh(this.#view) ? undefined : TO_ACKNOWLEDGE });
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#go({ q: this.#search.value.trim() || undefined }), TYPING_MS);
  }

  #keyed(event) {
    if (event.isComposing) return;
    if (event.code === 'Escape') {
      this.#search.value = '';
      this.#typed();
    } else if (event.code !== 'Enter' && event.code !== 'NumpadEnter' && event.code !== 'ArrowDown') return;
    event.preventDefault();
    event.stopPropagation();
    this.#onLeave();
  }

  // -- the panel --------------------------------------------------------------------------------------

  #fill() {
    const { say, index, areas } = this.#ctx;
    const [sources, rules] = [new Set(Object.keys(SOURCES)), new Set()];
    for (const { source, rule } of index.all()) {
      sources.add(source);
      rules.add(rule);
    }
    const { state = [], source = [], area = '', rule = '' } = this.#view;
    const focused = document.activeElement?.dataset?.choice;
    this.#panel.replaceChildren(
      this.#boxes('state', say('list.state'), Object.entries(STATES).filter(([name]) => name !== 'normal')
        .map(([name, key]) => [name, say(key)]), state),
      this.#boxes('source', say('filter.source'), [...sources].map((name) => [name, SOURCES[name] ? say(SOURCES[name]) : name]), source),
      this.#select('area', say('list.area'), areas.list().map(({ code }) => [code, areas.fullName(code)]), area),
      this.#select('rule', say('filter.rule'), [...rules].sort().map((name) => [name, name]), rule),
    );
    if (focused) this.#panel.querySelector(`[data-choice="${focused}"]`)?.focus();
  }

  #boxes(name, legend, choices, chosen) {
    return el('fieldset', {}, el('legend', {}, legend), ...choices.map(([value, text]) => {
      const box = el('input', { data: { choice: `${name} ${value}` } });
      Object.assign(box, { type: 'checkbox', name, value, checked: chosen.includes(value) });
      return el('label', { className: 'choice' }, box, text);
    }));
  }

  #select(name, text, choices, chosen) {
    const select = el('select', { data: { choice: name } });
    Object.assign(select, { name, id: `filter-${name}` });
    for (const [value, label] of [['', this.#ctx.say('filter.any')], ...choices]) select.append(new Option(label, value));
    select.value = chosen;
    const label = el('label', {}, text);
    label.htmlFor = select.id;
    return el('div', {}, label, select);
  }

  #chosen({ target }) {
    if (target.type === 'checkbox') this.#go({ [target.name]: toggled(this.#view[target.name], target.value) });
    else this.#go({ [target.name]: target.value || undefined });
  }
}

function isFresh({ state }) {
  return state?.length === TO_ACKNOWLEDGE.length && TO_ACKNOWLEDGE.every((each) => state.includes(each));
}

function button(text, command, run) {
  const element = el('button', { data: { command } }, text);
  element.type = 'button';
  element.addEventListener('click', run);
  return element;
}
