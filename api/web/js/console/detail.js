// One alarm beside the list: its head, five tabs, and every move that fits it. It reads the whole alarm once
// and again when the live view brings a newer version; what an operator has just done is drawn over it.

import { badge, lookOf, setLook, SEVERITIES, PRIORITY_KEYS } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';
import { clockTime, dateTime, instant, running, secondsBetween, shortTime } from '../formats.js';
import { titleLang, titleOf } from '../titles.js';
import { allow, button, commandButton, isAllowed } from './controls.js';
import { AlarmFile } from './alarm_file.js';
import { TABS, tabOf } from './detail_tabs.js';
import { EvidenceTab } from './evidence.js';
import { Guidance } from './guidance.js';
import { LogTab } from './alarm_log.js';
import { STATE_KEYS, STEP_KEYS, movesOf, word } from './life.js';
import { RelatedTab } from './related.js';
import { ToldTab } from './told.js';

/** In the order of the foot; which of them fit is the alarm's state's to say. */
const MOVES = [
  'acknowledge', 'unacknowledge', 'unshelve', 'return-to-service', 'reset', 'shelve', 'take', 'assign', 'comment',
  'close', 'incident', 'remove-from-service',
];

export class Detail {
  #root;
  #ctx;
  #actions;
  #hooks;
  #file;
  #id = null;
  #tab = 1;
  #parts = {};
  #tabs = [];
  #panels = [];
  #drawers;
  #buttons = new Map();
  #badge = null;

  /**
   * `act(command, rows)` runs a move or opens its form, `neighbour(id, by)` gives the alarm before or after in
   * the list, `closed()` takes the focus back to where it came from.
   */
  constructor(root, ctx, actions, { act, neighbour = () => null, closed = () => {} }) {
    this.#root = root;
    this.#ctx = ctx;
    this.#actions = actions;
    this.#hooks = { act, neighbour, closed };
    this.#file = new AlarmFile(ctx, () => this.#read());
    this.#build();
    // A move of ours is drawn before its answer is here.
    actions.onChange((ids) => { if (ids?.includes(this.#id)) this.#draw(); });
  }

  get id() {
    return this.#id;
  }

  get isOpen() {
    return this.#id !== null;
  }

  /** Show an alarm, at a tab of 1 to 5; the focus stays where it is. */
  open(id, tab = 1) {
    const isNew = id !== this.#id;
    this.#id = id;
    this.#tab = tabOf(tab);
    reveal(this.#root, true);
    mark(this.#root, 'open', id);
    if (isNew) {
      this.#file.open(id);
      this.#parts.body.scrollTop = 0;
    }
    this.#draw();
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.#root.contains(document.activeElement);
    this.#id = null;
    this.#file.close();
    reveal(this.#root, false);
    if (hadFocus) this.#hooks.closed();
  }

  /** The live view has changed these; the alarm is read again when it is newer than what stands here. */
  update({ ids }) {
    if (!this.isOpen || (ids !== null && !ids.has(this.#id))) return;
    this.#file.heard(this.#ctx.index.get(this.#id)?.version ?? null);
    this.#draw();
  }

  /** Once a second: how long it has lasted. */
  tick() {
    const { alarm } = this.#file;
    if (!this.isOpen || !alarm) return;
    const tab = TABS[this.#tab - 1].name;
    if (tab === 'told') void this.#drawers.told.load(alarm.id);
    if (tab === 'evidence') this.#drawers.evidence.tick(alarm);
    const { say, store, areas, index } = this.#ctx;
    const row = index.get(this.#id);
    if (row) this.#file.heard(row.version); // a read that failed is made again
    const from = instant(alarm.raised_at);
    const to = instant(alarm.ended_at) ?? store.now();
    write(this.#parts.where, say(alarm.device ? 'detail.where_device' : 'detail.where', {
      place: areas.shortName(alarm.area, alarm.area_name),
      device: alarm.device,
      t: shortTime(from, store.now()),
      d: running(secondsBetween(from, to), say),
    }));
  }

  /** True when the command was one of the panel's. */
  command(name) {
    if (!this.isOpen) return false;
    if (name.startsWith('tab_')) return this.#choose(Number(name.slice(4)));
    if (name === 'guidance') return this.#choose(1);
    if (name === 'earlier') return this.#step(-1);
    if (name === 'later') return this.#step(1);
    if (name === 'back') return this.#leave();
    if (name === 'show_on_map') return this.#showOnMap();
    const found = this.#buttons.get(name);
    if (!found || found.hidden) return false;
    if (isAllowed(found)) this.#hooks.act(name, [this.#row()]);
    else this.#ctx.toast('detail.not_possible', { why: found.title });
    return true;
  }

  // -- building -----------------------------------------------------------------------------------

  #build() {
    const { say } = this.#ctx;
    this.#root.classList.add('detail');
    mark(this.#root, 'keys', 'detail');
    this.#root.tabIndex = -1;
    this.#root.setAttribute('role', 'region');
    this.#root.setAttribute('aria-label', say('detail.region'));
    this.#badge = badge(4);
    const parts = {
      title: el('h2'), where: el('p', { className: 'where' }), state: el('p', { className: 'state' }),
      race: el('p', { className: 'race' }), last: el('p', { className: 'last' }),
      body: el('div', { className: 'body' }), foot: el('div', { className: 'foot' }),
    };
    parts.race.setAttribute('role', 'status');
    this.#parts = parts;
    const tools = el('div', { className: 'tools' },
      button('\u25c2', () => this.#step(-1), { command: 'earlier' }),
      button('\u25b8', () => this.#step(1), { command: 'later' }),
      button(say('action.copy_link'), () => this.#copy(), { command: 'copy_link' }),
      button(say('action.close_panel'), () => this.#leave(), { command: 'back', key: 'Esc' }));
    tools.children[0].setAttribute('aria-label', say('key.earlier'));
    tools.children[1].setAttribute('aria-label', say('key.later'));
    const head = el('header', {}, el('div', { className: 'name' }, this.#badge, parts.title), tools, parts.where, parts.state, parts.race);
    this.#root.replaceChildren(head, this.#buildTabs(), parts.body, parts.last, parts.foot);
    this.#buildFoot();
    const [guidance, evidence, log, told, related] = this.#panels;
    const ctx = this.#ctx;
    this.#drawers = {
      guidance: new Guidance(guidance, ctx), evidence: new EvidenceTab(evidence, ctx), log: new LogTab(log, ctx),
      told: new ToldTab(told, ctx), related: new RelatedTab(related, ctx),
    };
  }

  #buildTabs() {
    const list = el('div', { className: 'tabs' });
    list.setAttribute('role', 'tablist');
    TABS.forEach(({ name, label }, i) => {
      const tab = button(this.#ctx.say(label), () => this.#choose(i + 1), { command: `tab_${i + 1}`, key: String(i + 1) });
      const panel = el('div', { className: 'panel', data: { panel: name } });
      [tab.id, panel.id] = [`detail-tab-${i + 1}`, `detail-panel-${i + 1}`];
      tab.setAttribute('role', 'tab');
      tab.setAttribute('aria-controls', panel.id);
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      panel.tabIndex = 0;
      list.append(tab);
      this.#tabs.push(tab);
      this.#panels.push(panel);
    });
    this.#parts.body.append(...this.#panels);
    return list;
  }

  #buildFoot() {
    for (const name of MOVES) {
      const made = commandButton(this.#ctx.say, name, () => this.command(name));
      this.#buttons.set(name, made);
      this.#parts.foot.append(made);
    }
  }

  // -- drawing ------------------------------------------------------------------------------------

  /** An alarm that there is not is a link that leads nowhere. */
  #read() {
    if (this.#file.state !== 'gone') {
      this.#draw();
      return;
    }
    const id = this.#id;
    this.#ctx.drop('open', 'detail.gone', id);
    this.close();
  }

  #draw() {
    if (!this.isOpen) return;
    this.#tabs.forEach((tab, i) => tab.setAttribute('aria-selected', String(i + 1 === this.#tab)));
    this.#panels.forEach((panel, i) => reveal(panel, i + 1 === this.#tab));
    const { alarm } = this.#file;
    reveal(this.#parts.body, alarm !== null);
    mark(this.#root, 'state', alarm ? alarm.state : this.#file.state);
    mark(this.#root, 'tab', this.#tab);
    if (alarm) this.#drawHead(alarm);
    else this.#drawNothing();
    if (alarm) this.#drawTab(alarm);
    this.#drawFoot(alarm);
    this.tick();
  }

  #drawNothing() {
    const row = this.#ctx.index.get(this.#id);
    write(this.#parts.title, row?.title ?? this.#ctx.say('detail.region'));
    write(this.#parts.where, '');
    write(this.#parts.race, '');
    const { state } = this.#file;
    const keys = { loading: 'page.loading', forbidden: 'detail.other_area', failed: 'detail.failed' };
    write(this.#parts.state, this.#ctx.say(keys[state]));
  }

  #drawHead(alarm) {
    const { say, lang } = this.#ctx;
    const overlay = this.#actions.overlay(alarm.id);
    const state = overlay?.state ?? alarm.state;
    const priority = SEVERITIES.indexOf(alarm.severity) + 1;
    if (this.#badge.dataset.priority !== String(priority)) {
      const next = badge(priority);
      this.#badge.replaceWith(next);
      this.#badge = next;
    }
    setLook(this.#badge, { ...(alarm.ended_at ? { look: 'none', blink: 'none' } : lookOf(state)), label: say(PRIORITY_KEYS[priority - 1]) });
    write(this.#parts.title, titleOf(alarm, lang));
    this.#parts.title.lang = titleLang(alarm, lang);
    mark(this.#root, 'priority', priority);
    mark(this.#root, 'pending', overlay?.mark ?? '');
    write(this.#parts.state, this.#stateLine(alarm, state, overlay));
    write(this.#parts.race, this.#actions.unsettled().find(({ id }) => id.startsWith(alarm.id))?.detail ?? '');
    const last = this.#file.log?.at(-1);
    write(this.#parts.last, last ? say('detail.last', {
      t: clockTime(instant(last.at)), step: word(STEP_KEYS, last.type, say), name: last.by ?? say('log.system'),
    }) : '');
  }

  #stateLine(alarm, state, overlay) {
    const { say, store } = this.#ctx;
    const sending = { sending: '\u2026', unknown: '?' }[overlay?.mark] ?? '';
    const owner = alarm.assignee ?? alarm.acknowledged_by;
    const parts = [alarm.ended_at ? say('detail.ended', { t: dateTime(instant(alarm.ended_at)) }) : `${word(STATE_KEYS, state, say)}${sending}`];
    if (state === 'shelved' && alarm.shelved_until) parts[0] = say('detail.shelved_until', { t: shortTime(instant(alarm.shelved_until), store.now()) });
    if (!alarm.ended_at) parts.push(owner ? say('detail.owner', { name: owner }) : say('alarm.nobody'));
    if (alarm.latched) parts.push(say('detail.latched'));
    if (alarm.chattering_at) parts.push(say('detail.chattering'));
    if (alarm.first_out) parts.push(say('detail.first_out'));
    const [why] = alarm.hidden_by ?? [];
    if (why?.reason) parts.push(say('detail.hidden_by', { why: why.reason, name: why.by ?? say('log.system') }));
    return parts.join(' \u00b7 ');
  }

  #drawTab(alarm) {
    const { evidence, log, isLogCut } = this.#file;
    switch (TABS[this.#tab - 1].name) {
      case 'guidance': this.#drawers.guidance.draw(alarm, evidence); break;
      case 'evidence': this.#drawers.evidence.draw(alarm, evidence); break;
      case 'log': this.#drawers.log.draw(log, isLogCut); break;
      case 'told': void this.#drawers.told.load(alarm.id); break;
      default: void this.#drawers.related.load(alarm);
    }
  }

  #drawFoot(alarm) {
    const { say, may } = this.#ctx;
    const fits = alarm ? [...movesOf(alarm), ...(alarm.ended_at ? [] : ['incident'])] : [];
    for (const [name, made] of this.#buttons) {
      reveal(made, fits.includes(name) || name === 'comment');
      allow(made, alarm === null ? say('page.loading') : may(name === 'take' ? 'assign' : name) ? null : say('detail.forbidden'));
    }
  }

  // -- what a person does -------------------------------------------------------------------------

  #choose(tab) {
    this.#tab = tabOf(tab);
    this.#parts.body.scrollTop = 0;
    this.#ctx.go({ open: this.#id, tab: this.#tab }, { push: false });
    this.#draw();
    return true;
  }

  #step(by) {
    const next = this.#hooks.neighbour(this.#id, by);
    if (next !== null && next !== this.#id) this.#ctx.go({ open: next, tab: this.#tab }, { push: false });
    return true;
  }

  #leave() {
    this.close();
    this.#ctx.go({ open: null, tab: null }, { push: false });
    return true;
  }

  #showOnMap() {
    const { alarm } = this.#file;
    if (alarm) this.#ctx.go({ page: 'map', area: alarm.area, open: alarm.id }, { push: true });
    return true;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      this.#ctx.toast('detail.copied', {});
    } catch {
      this.#ctx.toast('detail.not_copied', {}); // a browser gives its clipboard on https and localhost only
    }
  }

  /** The alarm as a row: as it stands here, not as the list has it by now. */
  #row() {
    return this.#file.seen(this.#ctx.lang) ?? this.#ctx.index.get(this.#id);
  }
}
