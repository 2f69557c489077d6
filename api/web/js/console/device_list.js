// The devices of one source: those that are silent, whose clock is wrong, that are heard, or all.

import { withQuery } from '../api.js';
import { el, mark, reveal, write } from '../dom.js';
import { dateTime, instant, running, secondsBetween } from '../formats.js';
import { button, note, row, table } from './controls.js';
import { SOURCE_KEYS, word } from './life.js';

const PAGE = 100;
const SHOWN_MAX = 2000;
const FILTERS = { silent: 'health.silent', skewed: 'health.skewed', heard: 'health.heard', all: 'health.all' };

export class DeviceList {
  #ctx;
  #key = '';
  #view = {};
  #rows = [];
  #next = null;
  #made;
  #title;
  #filters;
  #more;
  #note;
  root;

  constructor(ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#title = el('h2');
    this.#filters = el('div', { className: 'choice' });
    this.#filters.setAttribute('role', 'group');
    this.#filters.setAttribute('aria-label', say('action.filter'));
    for (const [name, key] of Object.entries(FILTERS)) {
      this.#filters.append(button(say(key), () => ctx.go({ status: name === 'silent' ? null : name }, { push: false }), { command: `only-${name}` }));
    }
    this.#made = table(say('health.devices'), [
      [say('health.device')], [say('desk.area')], [say('health.state')], [say('health.last')],
      [say('health.quiet_for'), 'figure'], [say('health.ahead'), 'figure'],
    ]);
    this.#note = note('');
    this.#more = button(say('desk.more'), () => void this.#load(this.#key), { command: 'more' });
    this.root = el('section', { className: 'desk-table', data: { table: 'devices' } },
      el('header', { className: 'section-head' }, this.#title, this.#filters), this.#made.root, this.#note, this.#more);
    reveal(this.root, false);
  }

  show({ open, status, area }) {
    const filter = status in FILTERS ? status : 'silent';
    const key = open ? JSON.stringify([open, filter, area]) : '';
    for (const made of this.#filters.children) {
      made.setAttribute('aria-pressed', String(made.dataset.command === `only-${filter}`));
    }
    reveal(this.root, Boolean(open));
    if (key === this.#key) return;
    this.#key = key;
    this.#view = { source: open, filter, area };
    this.#rows = [];
    this.#next = null;
    mark(this.root, 'loaded', '');
    if (open) void this.#load(key);
  }

  async #load(key) {
    const { say, call } = this.#ctx;
    const { source, filter, area } = this.#view;
    write(this.#title, say('health.devices_of', { source: word(SOURCE_KEYS, source, say) }));
    const { ok, body } = await call('GET', withQuery(`/api/v1/sources/${encodeURIComponent(source)}/devices`, {
      state: filter === 'all' ? null : filter, area, limit: PAGE, cursor: this.#next,
    }));
    if (key !== this.#key) return;
    if (ok) {
      this.#rows = [...this.#rows, ...body.devices].slice(0, SHOWN_MAX);
      this.#next = this.#rows.length < SHOWN_MAX ? body.next : null;
    }
    const now = this.#ctx.clock.now();
    this.#made.body.replaceChildren(...this.#rows.map((each) => this.#line(each, now)));
    this.#made.root.hidden = this.#rows.length === 0;
    reveal(this.#note, this.#rows.length === 0);
    write(this.#note, ok ? say('health.no_devices') : body?.detail ?? say('desk.failed'));
    reveal(this.#more, this.#next !== null);
    mark(this.root, 'loaded', `${source} ${filter}`);
  }

  #line({ device, area, last_seen: lastSeen, silent, ahead_s: aheadS }, now) {
    const { say, areas, decimal } = this.#ctx;
    const at = instant(lastSeen);
    const state = say(silent ? 'health.state.silent' : 'health.heard');
    return row([
      [device, 'code'], areas.shortName(area),
      silent ? el('span', { className: 'hatched' }, el('span', {}, state)) : state,
      dateTime(at), [running(secondsBetween(at, now), say), 'figure'],
      [Number.isFinite(aheadS) ? say('unit.seconds', { n: decimal(aheadS) }) : '', 'figure'],
    ], { device, silent });
  }
}
