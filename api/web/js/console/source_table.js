// One line for each source: how much it says beside what is usual, who is heard, how late, whose clock is wrong.

import { el } from '../dom.js';
import { instant, shortTime } from '../formats.js';
import { row, table } from './controls.js';
import { SOURCE_KEYS, word } from './life.js';

const STATE_KEYS = { healthy: 'health.state.healthy', silent: 'health.state.silent', unknown: 'health.state.unknown' };

export class SourceTable {
  #ctx;
  #open;
  #made;
  #chosen;
  root;

  /** `open(source)` is called when a person chooses one. */
  constructor(ctx, open) {
    this.#ctx = ctx;
    this.#open = open;
    const { say } = ctx;
    this.#made = table(say('nav.sources'), [
      [say('health.source')], [say('health.state')], [say('health.per_minute'), 'figure'], [say('health.usual'), 'figure'],
      [say('health.heard'), 'figure'], [say('health.lag'), 'figure'], [say('health.skewed'), 'figure'],
      [say('health.late'), 'figure'], [say('health.letters_today'), 'figure'], [say('health.last'), 'figure'],
    ]);
    this.root = el('section', { className: 'desk-table', data: { table: 'sources' } }, this.#made.root);
  }

  show(sources) {
    const held = document.activeElement?.dataset?.source;
    this.#made.body.replaceChildren(...sources.map((each) => this.#line(each)));
    if (held) this.focus(held);
  }

  choose(source) {
    this.#chosen = source;
    for (const line of this.#made.body.rows) this.#select(line);
  }

  focus(source) {
    this.#made.body.querySelector(`button[data-source="${CSS.escape(source)}"]`)?.focus();
  }

  #select(line) {
    const isChosen = line.dataset.row === this.#chosen;
    line.setAttribute('aria-selected', String(isChosen));
    line.querySelector('button').setAttribute('aria-expanded', String(isChosen));
  }

  #line(each) {
    const { say, number } = this.#ctx;
    const name = el('button', { className: 'plain', data: { command: 'devices', source: each.source } }, word(SOURCE_KEYS, each.source, say));
    name.type = 'button';
    name.addEventListener('click', () => this.#open(each.source));
    const line = row([
      name, this.#state(each),
      [number(each.per_minute), 'figure'], [this.#usual(each.band), 'figure'], [this.#heard(each), 'figure'],
      [this.#lag(each.lag_p50_s), 'figure'], [number(each.skewed), 'figure'], [number(each.late_today ?? NaN), 'figure'],
      [number(each.dead_letters_today), 'figure'], [this.#when(each.last_event_at), 'figure'],
    ], { row: each.source, state: each.state });
    this.#select(line);
    return line;
  }

  #state({ state, last_event_at: lastAt }) {
    const { say, clock } = this.#ctx;
    const at = instant(lastAt);
    const words = state === 'silent' && at !== null
      ? say('line.silent_since', { t: shortTime(at, clock.now()) })
      : word(STATE_KEYS, state, say);
    return el('span', { className: state === 'silent' ? 'hatched' : '' }, el('span', {}, words));
  }

  #usual(band) {
    const { say, decimal } = this.#ctx;
    return band ? say('health.band', { a: decimal(band.low), b: decimal(band.high) }) : say('page.unknown');
  }

  #heard({ known, heard }) {
    const { say, number } = this.#ctx;
    return known ? say('health.of', { n: number(heard), of: number(known) }) : say('page.unknown');
  }

  #lag(seconds) {
    const { say, decimal } = this.#ctx;
    return Number.isFinite(seconds) ? say('unit.seconds', { n: decimal(seconds) }) : say('page.unknown');
  }

  #when(text) {
    const { say, clock } = this.#ctx;
    const at = instant(text);
    return at === null ? say('page.unknown') : shortTime(at, clock.now());
  }
}
