// The console: wiring only. What is known lives in FeedStore and AlarmIndex, what is shown in the address;
// one timer moves every clock and watches the feed.

import { AlarmIndex } from '../alarm_index.js';
import { countToAcknowledge } from '../alarms.js';
import { call, whenSignedOut } from '../api.js';
import { Areas } from '../areas.js';
import { alignBlinking } from '../badges.js';
import { Band } from '../band.js';
import { JumpWatch } from '../clock.js';
import { mark, part, write } from '../dom.js';
import { FeedStore } from '../feed_store.js';
import { numberWriter } from '../formats.js';
import { chosenLang, htmlLang, loadCatalogue, sayer } from '../i18n.js';
import { Keymap } from '../keymap.js';
import { Upkeep } from '../upkeep.js';
import { queryOf, readUrl, writeUrl } from '../url_state.js';
import { Account } from './account.js';
import { Actions } from './actions.js';
import { Announcer } from './announcer.js';
import { Approvals } from './approvals.js';
import { askFor, showDialog } from './dialog.js';
import { PAGES } from './pages.js';
import { Refusals } from './refusals.js';
import { Settings } from './settings.js';
import { Shell } from './shell.js';
import { SignIn } from './sign_in.js';
import { Sounding } from './sounding.js';
import { Stage } from './stage.js';
import { Toasts } from './toasts.js';
import { Tray } from './tray.js';

/** A beat that is so late is not waited for. */
const LATE_MS = 2000;

class Console {
  #root = document.documentElement;
  #say;
  #view;
  #ctx;
  #store;
  #index = new AlarmIndex();
  #areas;
  #account;
  #settings;
  #announcer = new Announcer();
  #approvals;
  #jumps = new JumpWatch(Date.now(), performance.now());
  #shell;
  #stage;
  #sounding;
  #toasts;
  #band;
  #keymap;
  #upkeeps;
  #version = null;
  #errors = 0;
  #beatAt = 0;

  constructor(say, lang, { view, dropped }) {
    this.#say = say;
    this.#view = view;
    this.#areas = new Areas(say);
    this.#settings = new Settings(view.theme);
    this.#keymap = new Keymap((name, event) => this.#command(name, event));
    this.#keymap.lettersOn = this.#settings.lettersOn;
    this.#store = new FeedStore({
      lang, index: this.#index,
      onChange: (change) => this.#draw(change),
      onRefused: () => void this.#account.load().catch(() => {}), // is it that nobody is signed in any more?
      isHidden: () => document.visibilityState === 'hidden' && !this.#sounding.isOwner,
    });
    this.#toasts = new Toasts(part('toasts'), say);
    this.#ctx = this.#context(say, lang);
    this.#account = new Account(this.#ctx);
    const signIn = new SignIn(this.#ctx, this.#account);
    whenSignedOut(() => signIn.ask());
    this.#approvals = new Approvals(this.#ctx);
    this.#sounding = new Sounding(this.#ctx);
    this.#shell = new Shell(this.#ctx, this.#settings, this.#account, this.#sounding);
    this.#band = new Band(part('band'), { say, phones: () => this.#ctx.targets?.phones });
    this.#stage = new Stage(part('main'), this.#ctx);
    this.#upkeeps = [
      new Upkeep(() => this.#loadAreas(), () => {}),
      new Upkeep(() => this.#loadTargets(), () => {}),
      new Upkeep(() => this.#loadAccount(), () => {}),
    ];
    const isPage = PAGES.some(({ name }) => name === view.page);
    const names = isPage ? dropped : [...dropped, 'page'];
    if (names.length > 0) this.#toasts.show('shell.dropped', { x: names.join(', ') });
  }

  /** Leave out what of an address turned out to lead nowhere, and say so; `value` is not there any more: nothing. */
  #drop(name, why, value = this.#view[name]) {
    if (this.#view[name] !== value) return;
    this.#toasts.show('shell.dropped_why', { x: name, why: this.#say(why) });
    this.#go({ [name]: undefined }, { push: false });
  }

  /** What every page is given. */
  #context(say, lang) {
    const ctx = {
      say, lang, call,
      number: numberWriter(lang, say),
      decimal: numberWriter(lang, say, 1),
      store: this.#store,
      index: this.#index,
      areas: this.#areas,
      keymap: this.#keymap,
      targets: null,
      actions: null,
      clock: { now: () => this.#store.now() },
      view: () => this.#view,
      go: (change, options) => this.#go(change, options),
      drop: (name, why, value) => this.#drop(name, why, value),
      toast: (key, values, options) => this.#toasts.show(key, values, options),
      dialog: (options) => showDialog(ctx, options),
      ask: (options) => askFor(ctx, options),
      me: () => this.#account.me,
      may: (move) => this.#account.may(move),
      operator: () => this.#account.operator(),
      announce: (text, options) => this.#shell.announce(text, options),
    };
    ctx.tray = new Tray(ctx);
    const refusals = new Refusals(() => ctx.tray.changed());
    ctx.refused = (title, text) => {
      refusals.add(title, text);
      this.#toasts.show('tray.refused', { title, text });
    };
    ctx.tray.source('forms', { label: 'tray.forms', items: () => refusals.items() });
    ctx.actions = new Actions(ctx, () => ctx.tray.changed());
    ctx.tray.source('moves', { label: 'tray.moves', items: () => ctx.actions.unsettled() });
    return ctx;
  }

  start() {
    this.#keymap.bind(document);
    window.addEventListener('popstate', () => {
      this.#view = readUrl(location.search).view;
      this.#show();
    });
    for (const kind of ['error', 'unhandledrejection']) {
      window.addEventListener(kind, () => {
        this.#errors += 1;
        mark(this.#root, 'errors', this.#errors);
      });
    }
    document.addEventListener('visibilitychange', () => this.#store.tick(performance.now()));
    window.addEventListener('beforeunload', (event) => {
      if (this.#ctx.actions.holdsWords()) event.preventDefault(); // the browser asks: they are kept nowhere else
    });
    this.#store.start();
    this.#show();
    this.#tick();
  }

  // -- where we are -------------------------------------------------------------------------------

  /** Show another view: `change` lies over this one; another page keeps nothing but theme and language. */
  #go(change, { push = true } = {}) {
    const { theme, lang, page } = this.#view;
    const isOther = change.page && change.page !== page;
    this.#view = isOther ? { theme, lang, ...change } : { ...this.#view, ...change };
    if (queryOf(this.#view) !== location.search) writeUrl(this.#view, { push });
    this.#show();
  }

  #show() {
    const page = this.#pages().find(({ name }) => name === this.#view.page) ?? this.#pages()[0];
    this.#shell.showNav(this.#pages().filter(({ isAside }) => !isAside), page?.name);
    if (page) void this.#stage.show(page, this.#view);
    this.#title();
  }

  #pages() {
    return PAGES.filter((page) => this.#account.sees(page));
  }

  /** Once a second: a browser draws its tabs anew for each. */
  #title() {
    const page = this.#pages().find(({ name }) => name === this.#stage.name);
    const place = page ? this.#say(page.label) : this.#say('page.console');
    const site = this.#ctx.targets?.site?.title ?? this.#say('page.site');
    const n = countToAcknowledge(this.#store.counts().byState);
    const title = this.#say(n > 0 ? 'page.title.count' : 'page.title.plain', { n, page: place, site });
    if (document.title !== title) document.title = title;
  }

  // -- keys ---------------------------------------------------------------------------------------

  #command(name, event) {
    if (this.#shell.command(name)) return true;
    if (name === 'silence') return this.#sounding.silence();
    if (name === 'undo') {
      this.#ctx.actions.undoLast();
      return true;
    }
    if (name === 'go_report') {
      location.assign('/reports/daily');
      return true;
    }
    const page = name.startsWith('go_') && this.#pages().find((each) => `go_${each.name}` === name);
    if (page) {
      this.#go({ page: page.name });
      return true;
    }
    return this.#stage.page?.command(name, event) === true;
  }

  // -- what comes beside the feed -----------------------------------------------------------------

  async #loadAreas() {
    const { ok, body } = await call('GET', '/api/v1/areas');
    if (!ok) throw new Error('areas');
    this.#areas.fill(body.areas);
    if (this.#view.area && !this.#areas.has(this.#view.area)) this.#drop('area', 'area.unknown');
    this.#redraw();
  }

  /** Some pages are not for everybody: the header, and the page that is shown, follow. */
  async #loadAccount() {
    await this.#account.load();
    const { area } = this.#account.me;
    if (area !== null && this.#view.area && this.#view.area !== area) {
      this.#drop('area', 'detail.other_area'); // what a page asks for would be refused for ever
    } else if (this.#pages().length < PAGES.length) this.#show();
  }

  async #loadTargets() {
    const { ok, body } = await call('GET', '/api/v1/targets');
    if (!ok) throw new Error('targets');
    this.#ctx.targets = body;
    this.#shell.showSite(body.site);
    this.#redraw();
  }

  // -- the one timer, and what is drawn -----------------------------------------------------------

  #tick() {
    setTimeout(() => this.#tick(), 1010 - (this.#store.now() % 1000));
    this.#beat();
  }

  /** What goes by the second. The timer of a page that nobody sees is late: what the feed says drives it, too. */
  #beat() {
    const steady = performance.now();
    this.#beatAt = steady;
    if (this.#jumps.jumped(Date.now(), steady, document.visibilityState === 'hidden')) this.#store.jumped(steady);
    this.#store.tick(steady);
    this.#ctx.actions.tick(steady);
    for (const upkeep of this.#upkeeps) void upkeep.tick(steady);
    this.#approvals.tick(steady);
    this.#announce([]); // what waits for its turn to be said
    this.#drawFrame();
    this.#title();
    this.#sounding.tick(steady, { condition: this.#store.condition(), overview: this.#store.overview, index: this.#index });
    this.#stage.page?.tick?.(this.#store.now());
  }

  #redraw() {
    const { loaded } = this.#store;
    this.#title();
    this.#draw({ ids: null, news: [], tiles: new Set(['all']), condition: this.#store.condition(), loaded });
  }

  #draw(change) {
    this.#announce(change.news);
    this.#ctx.actions.heard(change.ids);
    this.#stage.page?.update(change);
    this.#drawFrame();
    alignBlinking();
    if (performance.now() - this.#beatAt > LATE_MS) this.#beat();
  }

  #announce(news) {
    this.#sounding.hear(news);
    const { urgent, summary } = this.#announcer.hear(
      news, performance.now(), (id) => this.#index.get(id)?.state === 'unacknowledged',
    );
    if (urgent) this.#shell.announceAlarm(urgent);
    if (summary > 0) this.#shell.announce(this.#say.n('shell.news', summary), { isPolite: true });
  }

  #drawFrame() {
    const now = this.#store.now();
    const condition = this.#store.condition();
    mark(this.#root, 'condition', condition.name);
    mark(this.#root, 'stale', condition.stale);
    mark(this.#root, 'position', this.#store.position ?? '');
    mark(this.#root, 'received', this.#store.received);
    mark(this.#root, 'resumes', this.#store.resumes);
    mark(this.#root, 'snapshots', this.#store.snapshots);
    mark(this.#root, 'loaded', this.#store.loaded.join('/'));
    this.#band.show(condition, { now, stoppedAt: condition.since, note: '' });
    this.#shell.showTime(now, condition, this.#store.overview?.processing);
    this.#drawWaiting();
    this.#followVersion();
  }

  /** While a page is still on its way: what has come already. */
  #drawWaiting() {
    const waiting = part('waiting');
    if (waiting === null) return;
    const { bySeverity } = this.#store.counts();
    const total = Object.values(bySeverity).reduce((sum, n) => sum + n, 0);
    const { number } = this.#ctx;
    write(waiting, this.#store.overview === null ? this.#say('page.loading')
      : this.#say('shell.waiting', { n: number(total), m: number(bySeverity.critical) }));
  }

  /** A new server brings new pages, but nobody is torn from what they write. */
  #followVersion() {
    this.#version ??= this.#store.version;
    if (this.#version === this.#store.version) return;
    this.#version = this.#store.version;
    this.#toasts.show('shell.version', {}, {
      keepMs: Infinity, action: { label: 'shell.reload', run: () => location.reload() },
    });
  }
}

const asked = readUrl(location.search);
const lang = chosenLang(asked.view.lang ?? Settings.lang());
document.documentElement.lang = htmlLang(lang);
const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
mark(document.documentElement, 'blink', isStill ? 'off' : 'on');
new Console(sayer(await loadCatalogue(lang), lang), htmlLang(lang), asked).start();
