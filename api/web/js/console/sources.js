// page=sources: how each source does beside what is usual, and its devices one by one.

import { withQuery } from '../api.js';
import { csvOf, download } from '../csv.js';
import { el, mark, reveal, write } from '../dom.js';
import { clockTime, instant } from '../formats.js';
import { localStamp } from '../spans.js';
import { Again } from './again.js';
import { AreaChoice } from './area_choice.js';
import { button } from './controls.js';
import { DeviceList } from './device_list.js';
import { word, SOURCE_KEYS } from './life.js';
import { SourceTable } from './source_table.js';

const AGAIN_MS = 10_000;
const BLIND_SHOWN = 30;

export class Page {
  #ctx;
  #view = {};
  #again = new Again(() => this.#load());
  #askedAt = -Infinity;
  #last = null;
  #table;
  #devices;
  #area;
  #parts;

  constructor(root, ctx) {
    this.#ctx = ctx;
    const { say } = ctx;
    this.#area = new AreaChoice(ctx);
    this.#table = new SourceTable(ctx, (source) => {
      ctx.go({ open: ctx.view().open === source ? null : source, status: null }, { push: true });
    });
    this.#devices = new DeviceList(ctx);
    this.#parts = {
      note: el('p', { className: 'muted', data: { part: 'as-of' } }),
      failed: el('p', { className: 'note error', data: { part: 'failed' } }),
      facts: el('dl', { className: 'health-facts', data: { part: 'facts' } }),
      body: el('div', { className: 'scroll desk-body' }),
    };
    const csv = button(say('desk.csv'), () => this.#save(), { command: 'csv' });
    root.append(
      el('header', { className: 'page-head' }, el('h1', {}, say('nav.sources')),
        el('div', { className: 'choice' }, this.#area.root, csv), this.#parts.note),
      this.#parts.failed, this.#parts.body,
    );
    this.#parts.body.append(this.#table.root, this.#parts.facts, this.#devices.root);
    reveal(this.#parts.failed, false);
  }

  show(view) {
    const isOther = view.area !== this.#view.area;
    this.#view = view;
    this.#area.show(view.area);
    if (isOther) mark(this.#parts.body, 'loaded', '');
    this.#table.choose(view.open);
    this.#devices.show(view);
    this.#again.ask();
  }

  update(change) {
    if (change.ids !== null) return;
    this.#area.show(this.#view.area);
    if (this.#last) this.#draw();
  }

  tick(nowMs) {
    if (nowMs - this.#askedAt >= AGAIN_MS && document.visibilityState === 'visible') this.#again.ask();
  }

  command(name) {
    if (name !== 'back' || !this.#view.open) return false;
    const { open } = this.#view;
    this.#ctx.go({ open: null, status: null }, { push: false });
    this.#table.focus(open);
    return true;
  }

  hide() {}

  async #load() {
    const { area } = this.#view;
    this.#askedAt = this.#ctx.clock.now();
    const { ok, body } = await this.#ctx.call('GET', withQuery('/api/v1/sources', { area }));
    reveal(this.#parts.failed, !ok);
    if (!ok) {
      write(this.#parts.failed, body?.detail ?? this.#ctx.say('desk.failed'));
      return;
    }
    if (area !== this.#view.area) {
      this.#again.ask(); // another was chosen meanwhile
      return;
    }
    this.#last = body;
    this.#draw();
    mark(this.#parts.body, 'loaded', area ?? 'all');
  }

  #draw() {
    const { say, number, decimal, areas } = this.#ctx;
    const { sources, processing, blind } = this.#last;
    this.#table.show(sources);
    write(this.#parts.note, say('desk.as_of', { t: clockTime(Date.parse(this.#last.as_of)) }));
    const names = blind.slice(0, BLIND_SHOWN).map(({ area, known, heard }) => say('health.blind_one', {
      area: areas.shortName(area), heard: number(heard), known: number(known),
    }));
    if (blind.length > BLIND_SHOWN) names.push(say('health.blind_more', { n: number(blind.length - BLIND_SHOWN) }));
    this.#facts([
      [say('health.processing'), say('health.processing_says', {
        state: word(PROCESSING_KEYS, processing.state, say), n: decimal(processing.events_per_s), s: decimal(processing.lag_s),
      }), processing.state !== 'healthy'],
      ...this.#ofProvince(this.#last),
      [say('health.blind'), names.length ? names.join(', ') : say('health.no_blind'), names.length > 0],
    ]);
  }

  /** What is sent, and what could not be read: it belongs to no commune. */
  #ofProvince({ sending, dead_letters_new: letters }) {
    const { say, number } = this.#ctx;
    if (sending === null) return [];
    return [
      [say('health.sending'), say('health.sending_says', {
        n: number(sending.running), of: number(sending.endpoints), m: number(sending.pending), k: number(sending.failed_24h),
      }), sending.running < sending.endpoints],
      [say('health.letters'), say('health.letters_says', { n: number(letters) }), false],
    ];
  }

  #facts(lines) {
    this.#parts.facts.replaceChildren(...lines.flatMap(([name, text, isOdd]) => [
      el('dt', {}, name), el('dd', { className: isOdd ? 'odd' : '' }, text),
    ]));
  }

  #save() {
    if (!this.#last) return;
    const { say } = this.#ctx;
    const names = ['per_minute', 'known', 'heard', 'lag_p50_s', 'skewed', 'late_today', 'dead_letters_today'];
    const rows = this.#last.sources.map((each) => [word(SOURCE_KEYS, each.source, say), each.state, ...names.map((name) => each[name]), each.band?.low, each.band?.high, localStamp(instant(each.last_event_at))]);
    download('sources.csv', csvOf(['source', 'state', ...names, 'usual_low', 'usual_high', 'last_event_at'], rows));
  }
}

const PROCESSING_KEYS = {
  healthy: 'health.state.healthy', degraded: 'health.state.degraded', stopped: 'health.state.stopped',
};
