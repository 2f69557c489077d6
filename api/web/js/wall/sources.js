// The sources page: each source in the band of what is usual, who is heard, how late, what is wrong; then
// our own processing, what is sent, and where nothing is heard.

import { el, mark, write } from '../dom.js';
import { Bar } from './bars.js';
import { WordLine } from './blocks.js';
import { roundTop } from './coverage.js';
import { sourceName } from './incidents.js';

const EVERY_MS = 10_000;
const BLIND_MAX = 4;
const ROWS_MAX = 12;
const ROW_UNITS = 84;
const TITLE_UNITS = 96;

export class Sources {
  root = el('section', { className: 'page sources' });
  #ctx;
  #table = el('div', { className: 'source-table' });
  #rows = new Map(); // source -> its parts
  #rest = el('span', { className: 'more' });
  #note = el('p', { className: 'note' });
  #processing = new WordLine('processing');
  #sending = new WordLine('sending');
  #blind = new WordLine('blind');

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    const titles = ['source.rate', 'source.heard', 'source.lag', 'source.skew', 'source.errors'];
    this.#table.append(el('h2', { className: 'heading' }, el('span', {}, say('page.sources')), this.#rest),
      ...titles.map((key) => el('span', { className: 'column-title' }, say(key))));
    write(this.#note, say('page.loading'));
    this.root.append(el('div', { className: 'body' },
      this.#table, this.#note, this.#processing.root, this.#sending.root, this.#blind.root));
  }

  isEmpty() {
    return false;
  }

  keep(when) {
    const { docs, area } = this.#ctx;
    docs.keep('sources', () => area('/api/v1/sources'), { ...when, everyMs: EVERY_MS });
  }

  draw() {
    const { docs, say, number } = this.#ctx;
    const found = docs.current('sources');
    const all = found?.sources ?? [];
    const rows = mostWanted(all, Math.min(ROWS_MAX, this.#room()), (row) => this.#state(row));
    write(this.#rest, all.length > rows.length ? say('alarm.more', { n: number(all.length - rows.length) }) : '');
    this.#note.hidden = rows.length > 0;
    for (const [source, { root }] of this.#rows) {
      if (rows.some((row) => row.source === source)) continue;
      root.remove();
      this.#rows.delete(source);
    }
    if (!found) {
      if (docs.isFailed('sources')) write(this.#note, say('chart.failed'));
      for (const line of [this.#processing, this.#sending, this.#blind]) line.show([]);
      return;
    }
    if (rows.length === 0) write(this.#note, say('source.none'));
    rows.forEach((row) => this.#draw(row));
    this.#order(rows);
    this.#drawWords(found);
  }

  /** The feed is ahead of the document: a source that falls silent says so within a second. */
  #state({ source, state }) {
    return this.#ctx.picture.source(source)?.state ?? state;
  }

  /** How many rows stand under the titles. */
  #room() {
    const units = this.#table.clientHeight / this.#ctx.unit();
    return Math.max(1, Math.floor((units - TITLE_UNITS) / ROW_UNITS));
  }

  #draw(row) {
    const { say, number, decimal } = this.#ctx;
    const parts = this.#rows.get(row.source) ?? this.#made(row.source);
    const top = roundTop(Math.max(row.per_minute, (row.band?.high ?? 0) * 1.5));
    mark(parts.root, 'state', this.#state(row));
    mark(parts.root, 'value', row.per_minute);
    write(parts.rate, number(row.per_minute));
    parts.bar.show({
      value: row.per_minute / top,
      usual: row.band ? [row.band.low / top, row.band.high / top] : null,
    });
    write(parts.heard, row.known > 0
      ? say('source.of', { n: number(row.heard), of: number(row.known) }) : say('page.unknown'));
    write(parts.lag, Number.isFinite(row.lag_p50_s)
      ? say('source.seconds', { n: decimal(row.lag_p50_s) }) : say('page.unknown'));
    write(parts.skew, row.known > 0 ? say('source.devices', { n: number(row.skewed) }) : say('page.unknown'));
    write(parts.errors, number(row.dead_letters_today));
  }

  /** One that comes back stands where it stood. */
  #order(rows) {
    const roots = rows.map(({ source }) => this.#rows.get(source).root);
    const drawn = this.#table.querySelectorAll('.source-row');
    if (roots.some((root, i) => root !== drawn[i])) this.#table.append(...roots);
  }

  #made(source) {
    const parts = {
      name: el('span', { className: 'source-name' }, sourceName(source, this.#ctx.say)),
      rate: el('span', { className: 'source-rate' }), bar: new Bar(),
      heard: el('span'), lag: el('span'), skew: el('span'), errors: el('span'),
    };
    parts.root = el('div', { className: 'source-row', data: { source } }, parts.name,
      el('span', { className: 'rate-cell' }, parts.rate, parts.bar.root),
      parts.heard, parts.lag, parts.skew, parts.errors);
    this.#rows.set(source, parts);
    this.#table.append(parts.root);
    return parts;
  }

  #drawWords({ processing, sending, dead_letters_new: unread, blind }) {
    const { picture, say, number, decimal, areas } = this.#ctx;
    const lag = picture.server.lagS ?? processing.lag_s;
    this.#processing.show([
      say('source.processing'), say('source.per_second', { n: number(processing.events_per_s) }),
      Number.isFinite(lag) ? say('source.lag_now', { n: decimal(lag) }) : say('source.nobody_reads'),
      say('source.workers', { n: number(processing.workers), m: number(processing.notifiers) }),
    ], processing.state);
    // What is sent, and what could not be read, belongs to no commune.
    this.#sending.show(sending === null ? [] : [
      say('source.sending'), say('source.endpoints', { n: number(sending.running), of: number(sending.endpoints) }),
      say('source.pending', { n: number(sending.pending) }), say('source.unread', { n: number(unread) }),
    ], unread ?? '');
    const names = blind.slice(0, BLIND_MAX).map(({ area }) => areas.shortName(area));
    const rest = blind.length - names.length;
    this.#blind.show(blind.length === 0 ? [say('source.no_blind')] : [
      say('source.blind', { n: number(blind.length) }), ...names,
      rest > 0 ? say('alarm.more', { n: number(rest) }) : '',
    ], blind.length);
  }
}

/** At most `most` rows in their order: where that is not all, those that are well step aside first. */
export function mostWanted(rows, most, stateOf) {
  const sick = rows.filter((row) => stateOf(row) !== 'healthy');
  const well = rows.filter((row) => !sick.includes(row));
  const wanted = [...sick, ...well].slice(0, most);
  return rows.filter((row) => wanted.includes(row));
}
