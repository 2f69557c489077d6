// The frame of the console: where one is, whether it can be believed, the server's time, what is not settled.

import { PRIORITY_KEYS } from '../badges.js';
import { el, mark, part, write } from '../dom.js';
import { clockTime } from '../formats.js';
import { LANGS } from '../i18n.js';
import { link } from './controls.js';
import { Help } from './help.js';
import { Palette } from './palette.js';

const THEME_KEYS = { light: 'shell.theme.light', dark: 'shell.theme.dark' };
const LANG_KEYS = { vi: 'shell.lang.vi', en: 'shell.lang.en' };

export class Shell {
  #ctx;
  #say;
  #settings;
  #account;
  #links = new Map();
  #live = el('span', { className: 'live', data: { part: 'live' } });
  #clock = el('span', { className: 'clock', data: { part: 'clock' } });
  #fold; // opens the pages where the screen is too small to name them all
  #menuButton;
  #menu;
  #help;
  #palette;

  constructor(ctx, settings, account, sounding) {
    this.#ctx = ctx;
    this.#say = ctx.say;
    this.#settings = settings;
    this.#account = account;
    this.#help = new Help(ctx, settings);
    this.#palette = new Palette(ctx);
    write(part('skip'), ctx.say('shell.skip'));
    write(part('site'), ctx.say('page.site'));
    part('nav').setAttribute('aria-label', ctx.say('shell.nav'));
    this.#fold = this.#button('page.console', 'pages', () => this.#unfold(part('nav').dataset.open !== 'true'));
    this.#fold.className = 'pages-fold';
    part('nav').append(this.#fold, el('ul'));
    this.#unfold(false);
    this.#menuButton = this.#button('shell.menu', 'menu', () => this.#toggleMenu());
    this.#menuButton.setAttribute('aria-expanded', 'false');
    this.#menu = el('div', { className: 'menu', data: { part: 'menu' } });
    this.#menu.hidden = true;
    part('tools').append(this.#live, this.#clock, ctx.tray.button, sounding.button,
      el('div', { className: 'menu-holder' }, this.#menuButton, this.#menu));
    this.#menu.addEventListener('keydown', (event) => {
      if (event.code !== 'Escape') return;
      event.preventDefault();
      this.#toggleMenu();
      this.#menuButton.focus();
    });
    document.addEventListener('pointerdown', (event) => {
      if (!this.#menu.hidden && !this.#menu.parentElement.contains(event.target)) this.#toggleMenu();
      if (!part('nav').contains(event.target)) this.#unfold(false);
    });
  }

  #button(key, command, run) {
    const button = el('button', { data: { command } }, this.#say(key));
    button.type = 'button';
    button.addEventListener('click', run);
    return button;
  }

  showSite({ title }) {
    if (title) write(part('site'), title);
  }

  /** The pages that this caller has, and which one is shown. */
  showNav(pages, current) {
    const list = part('nav').querySelector('ul');
    const shown = pages.find(({ name }) => name === current);
    if (shown) write(this.#fold, `${this.#say(shown.label)} \u25be`);
    this.#unfold(false);
    if ([...this.#links.keys()].join() !== pages.map(({ name }) => name).join()) {
      this.#links = new Map(pages.map((page) => [page.name, this.#link(page)]));
      list.replaceChildren(...[...this.#links.values()].map((link) => el('li', {}, link)));
    }
    for (const [name, link] of this.#links) {
      if (name === current) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  #unfold(isOpen) {
    mark(part('nav'), 'open', isOpen);
    this.#fold.setAttribute('aria-expanded', String(isOpen));
  }

  #link({ name, label }) {
    const made = link(this.#ctx.go, { page: name }, this.#say(label));
    mark(made, 'nav', name);
    return made;
  }

  showTime(nowMs, { name, stale }, processing) {
    const time = clockTime(nowMs);
    write(this.#clock, stale ? this.#say('clock.guess', { t: time }) : time);
    mark(this.#live, 'value', processing?.lag_s ?? '');
    write(this.#live, this.#liveWords(name, processing));
  }

  #liveWords(condition, processing) {
    if (condition === 'loading') return this.#say('page.loading');
    if (condition === 'stale') return this.#say('shell.reconnecting');
    if (condition === 'lost') return this.#say('shell.lost');
    return this.#say('shell.live', { s: this.#ctx.decimal(processing?.lag_s) });
  }

  // -- what is read aloud -------------------------------------------------------------------------

  announce(text, { isPolite = false } = {}) {
    // Always a new node: the same words again, of another alarm, are read only when something has changed.
    part(isPolite ? 'murmured' : 'spoken').replaceChildren(el('span', {}, text));
  }

  announceAlarm(row) {
    this.announce(this.#say('alarm.spoken', {
      priority: this.#say(PRIORITY_KEYS[row.priority - 1]), title: row.title,
      place: this.#ctx.areas.shortName(row.area),
    }));
  }

  // -- commands of the frame ----------------------------------------------------------------------

  command(name) {
    if (name === 'help') this.#help.open();
    else if (name === 'palette') this.#openPalette();
    else if (name === 'back' && !this.#menu.hidden) this.#toggleMenu();
    else if (name === 'back' && part('nav').dataset.open === 'true') {
      this.#unfold(false);
      this.#fold.focus();
    } else return false;
    return true;
  }

  #openPalette() {
    const pages = [...this.#links.keys(), 'report'].map((page) => `go_${page}`);
    const isThere = (command) => !command.startsWith('go_') || pages.includes(command);
    this.#palette.open((command) => this.#ctx.keymap.run(command), isThere);
  }

  // -- the menu -----------------------------------------------------------------------------------

  #toggleMenu() {
    const isOpen = this.#menu.hidden;
    if (isOpen) this.#fillMenu();
    this.#menu.hidden = !isOpen;
    this.#menuButton.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) this.#menu.querySelector('button')?.focus();
  }

  #fillMenu() {
    const { name, isSignedIn, me } = this.#account;
    const who = name ? this.#say('shell.operator', { name }) : this.#say('shell.nobody');
    const own = isSignedIn
      ? this.#button('shell.sign_out', 'sign-out', () => void this.#account.signOut())
      : this.#button('shell.name.change', 'name', () => {
        this.#toggleMenu();
        void this.#account.askName();
      });
    this.#menu.replaceChildren(
      el('p', { data: { operator: name } }, who),
      el('p', { className: 'small' }, me ? this.#say(roleKey(me.role)) : ''),
      own,
      this.#choices('shell.theme', THEME_KEYS, this.#settings.theme, (theme) => {
        this.#settings.theme = theme;
        this.#ctx.go({ theme: null }, { push: false });
        this.#fillMenu();
      }),
      this.#choices('shell.lang', LANG_KEYS, this.#ctx.lang, (lang) => this.#chooseLang(lang)),
      this.#button('key.help', 'help', () => {
        this.#toggleMenu();
        this.#help.open();
      }),
    );
  }

  #chooseLang(lang) {
    if (!LANGS.includes(lang)) return;
    this.#settings.chooseLang(lang);
    this.#ctx.go({ lang: null }, { push: false });
    location.reload(); // every word of every page is another
  }

  #choices(key, keys, chosen, choose) {
    const set = el('fieldset', {}, el('legend', {}, this.#say(key)));
    for (const [value, label] of Object.entries(keys)) {
      const button = this.#button(label, `choose-${value}`, () => choose(value));
      button.setAttribute('aria-pressed', String(value === chosen));
      set.append(button);
    }
    return set;
  }
}

const ROLE_KEYS = { viewer: 'role.viewer', operator: 'role.operator', admin: 'role.admin' };

function roleKey(role) {
  return ROLE_KEYS[role] ?? ROLE_KEYS.viewer;
}
