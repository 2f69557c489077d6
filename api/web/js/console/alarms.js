// The alarms: what rings, what can be done about it, and one of them at the side. Wiring only.

import { el, mark, reveal } from '../dom.js';
import { keyLabel } from '../keymap.js';
import { fullTitle } from '../subject.js';
import { ActionBar } from './action_bar.js';
import { STATES, actionKey } from './actions.js';
import { canMove, markedAfter, planned, result } from './bulk.js';
import { FilterBar } from './filter_bar.js';
import { Forms } from './forms.js';
import { FloodBanner, HiddenLine } from './hidden_line.js';
import { ALARMS_MAX, whyNot } from './incident_calls.js';
import { AlarmList } from './list.js';

/** Groups and first-outs are no entries of the log: they are asked for, often while a flood is on. */
const GROUPS_MS = 30_000;
const GROUPS_FLOOD_MS = 5000;
/** What the filter covers is counted over all alarms. */
const COUNT_MS = 1000;
const NAMES_MAX = 50;
const MOVES = {
  acknowledge: 'acknowledge', unacknowledge: 'unacknowledge', shelve: 'shelve', unshelve: 'unshelve', take: 'assign',
  assign: 'assign', comment: 'comment', close: 'close', reset: 'reset', 'remove-from-service': 'remove-from-service',
  'return-to-service': 'return-to-service',
};

export class Page {
  #ctx;
  #list;
  #filters;
  #hidden;
  #flood;
  #bar;
  #forms;
  #aside = el('aside', { className: 'detail detail-side', data: { part: 'detail' } });
  #detail = null;
  #isMaking = false;
  #empty = el('div', { className: 'empty', data: { part: 'empty' } });
  #view = {};
  #isShown = false;
  #bulk = null; // the AbortController of one that goes on
  #groupsAt = -Infinity;
  #countedAt = -Infinity;

  constructor(root, ctx) {
    this.#ctx = ctx;
    const top = el('div', { className: 'list-top' });
    const body = el('div', { className: 'list-body' });
    const foot = el('div', { className: 'list-foot' });
    const column = el('div', { className: 'list-column' }, top, body, foot);
    this.#aside.hidden = true;
    root.append(column, this.#aside);
    root.classList.add('alarms');
    this.#forms = new Forms(ctx);
    this.#filters = new FilterBar(top, ctx, {
      onSearch: () => this.#list.readAhead(), onLeave: () => this.#list.focusGrid(),
    });
    this.#hidden = new HiddenLine(top, ctx);
    this.#flood = new FloodBanner(top, ctx);
    this.#list = new AlarmList(body, ctx, {
      overlay: (id) => ctx.actions.overlay(id),
      onOpen: (id) => ctx.go({ open: id, tab: undefined }, { push: true }),
      onSelection: () => this.#chosen(),
    });
    body.append(this.#empty);
    this.#bar = new ActionBar(foot, ctx, { run: (command) => this.command(command), stop: () => this.#bulk?.abort() });
    ctx.actions.onChange((ids) => this.#overlaid(ids));
  }

  // -- the shell's side -----------------------------------------------------------------------------------

  show(view) {
    const isFirst = !this.#isShown;
    this.#isShown = true;
    this.#view = view;
    this.#filters.show(view);
    this.#list.setView(view);
    void this.#showDetail(view);
    this.update({ ids: isFirst ? null : new Set(), tiles: new Set(['all']) });
    this.#count(true);
    if (isFirst && (document.activeElement === document.body || document.activeElement === null)) this.#list.focusGrid();
  }

  update(change) {
    if (!this.#isShown) return;
    this.#list.refresh(change.ids);
    this.#filters.count(this.#ctx.store.counts());
    if (change.tiles.has('flood') || change.tiles.has('all')) this.#flood.show(this.#ctx.store.overview?.flood);
    this.#count(change.ids === null);
    this.#bar.arrivals(this.#list.model.arrivals);
    this.#showBar();
    this.#detail?.update(change);
    this.#showEmpty();
  }

  tick(nowMs) {
    this.#list.tick(nowMs);
    this.#bar.undoable(this.#ctx.actions.undoable());
    this.#count(false);
    this.#askGroups();
    this.#detail?.tick?.(nowMs);
  }

  hide() {
    this.#isShown = false;
    this.#filters.leave();
  }

  command(name) {
    const inDetail = document.activeElement?.closest?.('[data-keys="detail"]') !== null;
    if (inDetail && this.#detail?.isOpen && this.#detail.command(name)) return true;
    if (name === 'back') return this.#back();
    if (this.#filters.command(name) || this.#list.move(name)) return true;
    if (name === 'menu') return this.#menu();
    if (name in MOVES || name === 'incident') return this.#act(name, this.#meant());
    return this.#detail?.isOpen === true && this.#detail.command(name);
  }

  /** Leave one thing at a time: what is open, what is marked, the focus. */
  #back() {
    if (this.#filters.close()) return true;
    if (this.#view.open) {
      this.#ctx.go({ open: undefined, tab: undefined }, { push: false });
      this.#list.focusGrid();
      return true;
    }
    if (this.#list.clearSelection()) return true;
    return this.#list.release();
  }

  // -- moves ----------------------------------------------------------------------------------------------

  /** What a command is about: what is marked or in focus, else the alarm that is open at the side. */
  #meant() {
    const rows = this.#list.selected();
    if (rows.length > 0 || !this.#view.open) return rows;
    const open = this.#ctx.index.get(this.#view.open);
    return open ? [open] : [];
  }

  #act(command, rows) {
    if (rows.length === 0) {
      this.#ctx.toast(this.#list.isFocusOver ? 'action.is_over' : 'action.choose');
      return true;
    }
    // What was chosen and then scrolled away is not moved unseen; what is open at the side is seen.
    const isOpen = rows.length === 1 && rows[0].id === this.#view.open;
    if (!isOpen && this.#list.selectedCount === 0 && !this.#list.showFocus()) {
      this.#ctx.toast('action.look_first');
      return true;
    }
    this.#bar.forget();
    void (command === 'incident' ? this.#incident(rows) : this.#move(command, rows));
    return true;
  }

  async #move(command, rows) {
    const move = MOVES[command];
    const { send, alone, two } = planned(move, rows);
    if (send.length === 0) {
      const words = move === 'acknowledge' ? 'bulk.alone' : 'bulk.alone_other';
      if (alone.length > 0) this.#ctx.toast(words, { n: this.#ctx.number(alone.length) });
      else if (two.length > 0) this.#ctx.toast('bulk.two', { n: this.#ctx.number(two.length) });
      else this.#ctx.toast('race.state', this.#stateWords(move, rows[0]));
      return;
    }
    if (!this.#ctx.may(move)) {
      this.#ctx.toast('race.forbidden', { action: this.#ctx.say(actionKey('race.forbidden', move)) });
      return;
    }
    if (send.length > 1 && this.#bulk !== null) {
      this.#ctx.toast('bulk.busy');
      return;
    }
    const body = await this.#asked(command, send);
    if (body === null) return;
    if (send.length > 1) await this.#runBulk(move, send, body);
    else await this.#ctx.actions.run(move, this.#fresh(send, move), body);
  }

  #stateWords(move, row) {
    const { say } = this.#ctx;
    return { state: say(STATES[row.state] ?? 'page.unknown'), action: say(actionKey('race.state', move)) };
  }

  /** The rows as they are after a form was filled in; what cannot be moved any more the server says. */
  #fresh(rows, move) {
    return rows.map((row) => {
      const now = this.#ctx.index.get(row.id);
      // What was seen decides whether the move may be made: a rise while the form was open is refused.
      return now && canMove(move, now) && now.priority >= row.priority ? now : row;
    });
  }

  /** What the move needs to be told; null when the person left. */
  async #asked(command, rows) {
    const { say, number } = this.#ctx;
    const label = (key) => (rows.length > 1 ? say('form.title_many', { action: say(key), n: number(rows.length) })
      : say('form.title_one', { action: say(key), title: fullTitle(rows[0]) }));
    switch (command) {
      case 'take': {
        const assignee = await this.#ctx.operator();
        return assignee === null ? null : { assignee };
      }
      case 'shelve': return this.#forms.shelve(label('action.shelve'));
      case 'assign': return this.#forms.assign(label('action.assign'), this.#names());
      case 'comment': return this.#forms.comment(label('action.comment'));
      case 'close': return this.#forms.close(label('action.close'));
      case 'remove-from-service': return this.#forms.reason(label('action.remove_from_service'), say('action.remove_from_service'));
      default: return {};
    }
  }

  #names() {
    const names = new Set();
    for (const { owner } of this.#ctx.index.all()) {
      if (owner) names.add(owner);
      if (names.size === NAMES_MAX) break;
    }
    return [...names].sort(new Intl.Collator('vi').compare);
  }

  async #runBulk(move, rows, body) {
    const before = this.#list.selectedIds;
    this.#bulk = new AbortController();
    this.#bar.progress(move, 0, rows.length);
    try {
      const outcomes = await this.#ctx.actions.run(move, this.#fresh(rows, move), body, {
        signal: this.#bulk.signal, progress: (n) => this.#bar.progress(move, n, rows.length),
      });
      const found = result(outcomes, rows.length);
      this.#list.select(markedAfter(before, this.#list.selectedIds, outcomes, found.keep));
      this.#bar.result(move, found);
    } finally {
      this.#bulk = null;
    }
  }

  /** These alarms are one thing: a new incident, or a part of one that is open. */
  async #incident(rows) {
    const { call, say, number, toast, may } = this.#ctx;
    if (!may('incident')) {
      toast('race.forbidden', { action: say('verb.incident') });
      return;
    }
    if (rows.length > ALARMS_MAX) {
      toast('incident.too_many', { n: number(ALARMS_MAX), m: number(rows.length) });
      return;
    }
    const known = await call('GET', '/api/v1/incidents?state=open&limit=50');
    const title = say('form.title_many', { action: say('action.incident'), n: number(rows.length) });
    const body = await this.#forms.incident(title, rows[0].title, known.body?.incidents ?? []);
    if (body === null) return;
    const by = await this.#ctx.operator();
    if (by === null) return;
    const made = await call('POST', '/api/v1/incidents', { title: body.title.slice(0, 200), alarms: rows.map(({ id }) => id), by });
    const into = made.ok && body.into ? await call('POST', `/api/v1/incidents/${made.body.incident?.id ?? made.body.id}/merge`, { into: body.into, by }) : made;
    if (into.ok) return;
    const { key, values } = whyNot(into);
    toast(key, values);
  }

  /** Every move of what is chosen, by its name. */
  #menu() {
    const rows = this.#meant();
    const list = el('ul', { className: 'move-menu' });
    const { close } = this.#ctx.dialog({ title: this.#ctx.say('key.menu'), content: list, name: 'menu' });
    for (const { command, label, key, why } of this.#bar.menu(rows)) {
      const button = el('button', { data: { command } }, label, ...(key ? [el('kbd', {}, keyLabel(key))] : []));
      button.type = 'button';
      button.disabled = why !== '';
      button.title = why;
      button.addEventListener('click', () => {
        close();
        this.command(command);
      });
      list.append(el('li', {}, button));
    }
    list.querySelector('button:not(:disabled)')?.focus();
    return true;
  }

  // -- what lies beside the list ----------------------------------------------------------------------------

  async #showDetail(view) {
    if (!view.open) {
      if (this.#detail?.isOpen) this.#detail.close();
      reveal(this.#aside, false);
      this.#list.settle();
      return;
    }
    this.#ctx.actions.looked(view.open);
    if (this.#ctx.index.get(view.open)) this.#list.focusOn(view.open);
    const detail = await this.#madeDetail();
    const { open, tab } = this.#view; // the newest: another may have been opened while the module came
    if (detail === null || !open) return;
    reveal(this.#aside, true);
    detail.open(open, tab);
  }

  async #madeDetail() {
    if (this.#detail !== null || this.#isMaking) return this.#detail;
    this.#isMaking = true;
    try {
      const { Detail } = await import('./detail.js');
      this.#detail = new Detail(this.#aside, this.#ctx, this.#ctx.actions, {
        act: (command, rows) => this.#act(command, rows),
        neighbour: (id, by) => this.#list.model.neighbour(id, by),
        closed: () => {
          this.#ctx.go({ open: undefined, tab: undefined }, { push: false });
          this.#list.focusGrid();
        },
      });
    } finally {
      this.#isMaking = false;
    }
    return this.#detail;
  }

  // -- telling ----------------------------------------------------------------------------------------------

  #chosen() {
    this.#bar.forget();
    this.#showBar();
    this.#bar.arrivals(this.#list.model.arrivals);
    this.#count(false);
    this.#showEmpty();
  }

  #overlaid(ids) {
    if (!this.#isShown) return;
    if (ids === null) this.#bar.undoable(this.#ctx.actions.undoable());
    else this.#list.refresh(ids);
    this.#showBar();
  }

  #showBar() {
    const rows = this.#meant();
    this.#bar.show(rows, this.#list.selectedCount || (rows.length > 1 ? rows.length : 0));
  }

  #count(isNow) {
    const now = performance.now();
    if (!isNow && now - this.#countedAt < COUNT_MS) return;
    this.#countedAt = now;
    const { store } = this.#ctx;
    const { model } = this.#list;
    this.#hidden.show({ hidden: store.counts().hidden, covered: model.covered(), loaded: store.loaded, shown: model.shown() });
  }

  #showEmpty() {
    const { say, store, index } = this.#ctx;
    const { model } = this.#list;
    const isLoading = store.overview === null && index.size === 0;
    const isEmpty = model.count === 0 && !isLoading && !model.isSearching;
    reveal(this.#empty, isLoading || isEmpty);
    mark(this.#empty, 'why', isLoading ? 'loading' : isEmpty ? 'empty' : '');
    if (isLoading) this.#empty.replaceChildren(el('p', {}, say('page.loading')));
    if (!isEmpty) return;
    const { n } = model.covered();
    const words = n === 0 ? [el('p', {}, say('list.empty'))] : [el('p', {}, say('list.empty_filtered')), this.#clearButton()];
    if (this.#empty.textContent !== words.map((each) => each.textContent).join('')) this.#empty.replaceChildren(...words);
  }

  #clearButton() {
    const button = el('button', { data: { command: 'clear-filters' } }, this.#ctx.say('action.clear_filters'));
    button.type = 'button';
    button.addEventListener('click', () => this.#filters.clear());
    return button;
  }

  #askGroups() {
    const isFlood = (this.#ctx.store.overview?.flood?.positions?.length ?? 0) > 0;
    const now = performance.now();
    if (now - this.#groupsAt < (isFlood ? GROUPS_FLOOD_MS : GROUPS_MS) || this.#ctx.store.condition().stale) return;
    this.#groupsAt = now;
    void this.#ctx.call('GET', '/api/v1/alarms/groups').then(({ ok, body }) => {
      if (ok) this.#list.setGroups(body.groups);
    });
  }
}
