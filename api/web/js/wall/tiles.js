// The four source tiles of the overview: a figure with its unit, an hour of minutes, what is silent.

import { badge, PRIORITY_KEYS, svg } from '../badges.js';
import { drawSpark } from '../chart/spark.js';
import { el, mark, reveal, write } from '../dom.js';
import { instant, shortTime } from '../formats.js';
import { RETRY_S } from '../upkeep.js';

/** Per tile: its words, where its figure is read, and its lines of detail. */
const TILES = {
  camera: {
    title: 'tile.camera', unit: 'unit.events',
    figure: (picture) => picture.source('camera')?.counts?.['1h'],
    lines: (picture) => [devices(picture, 'camera')],
  },
  fire: {
    title: 'tile.fire', unit: 'unit.signals',
    figure: (picture) => picture.source('fire')?.counts?.['1h'],
    lines: (picture) => [devices(picture, 'fire')],
  },
  citizen: {
    title: 'tile.citizen', unit: 'unit.reports',
    figure: (picture) => picture.overview.reports?.new_today,
    lines: (picture) => {
      const { overdue } = picture.overview.reports ?? {};
      const sos = picture.openOf('sos');
      return [sos > 0 && ['sos', 'line.sos', sos], ['overdue', 'line.overdue', overdue]].filter(Boolean);
    },
  },
  queue: {
    title: 'tile.queue', unit: 'unit.dossiers',
    figure: (picture) => picture.overview.dossiers?.received,
    lines: (picture) => [
      ['overdue', 'line.overdue', picture.overview.dossiers?.overdue],
      ['waiting', 'line.waiting', picture.overview.queues?.waiting],
    ],
  },
};

export const TILE_NAMES = Object.keys(TILES);

/** A source without known devices has an unknown number of silent ones, not zero. */
function devices(picture, name) {
  const { known, silent } = picture.source(name)?.devices ?? {};
  return ['silent', 'line.silent', known > 0 ? silent : undefined];
}

export class Tiles {
  #say;
  #number;
  #tiles = new Map();

  root = el('div', { className: 'tiles' });

  constructor({ say, number }) {
    this.#say = say;
    this.#number = number;
    for (const name of TILE_NAMES) this.#tiles.set(name, this.#made(name));
  }

  #made(name) {
    const title = el('span', {}, this.#say(TILES[name].title));
    const alarm = el('span', { className: 'tile-alarm' });
    const figure = el('p', { className: 'figure', data: { figure: name } });
    const unit = el('p', { className: 'unit' });
    const spark = svg('svg', { class: 'spark' });
    const failed = el('p', { className: 'failed', data: { note: 'chart' } });
    const lines = el('div', { className: 'lines' });
    const section = el('section', { className: 'tile', data: { tile: name, state: 'loading' } },
      el('h2', {}, title, alarm), figure, unit, el('div', { className: 'chart' }, spark, failed), lines);
    this.root.append(section);
    write(unit, this.#say('page.loading'));
    reveal(failed, false);
    return { section, alarm, figure, unit, spark, failed, lines };
  }

  /** Draw all figures; a figure that changed since the last look is underlined until the next. */
  show(picture, nowMs) {
    for (const [name, tile] of this.#tiles) {
      const state = picture.source(name)?.state ?? 'unknown';
      const value = TILES[name].figure(picture);
      // A source never heard has no figure: its zero would say that all is quiet.
      const isKnown = Number.isFinite(value) && !(state === 'unknown' && value === 0);
      mark(tile.section, 'state', state);
      mark(tile.figure, 'value', isKnown ? value : '');
      const isChanged = write(tile.figure, this.#number(isKnown ? value : undefined));
      tile.figure.classList.toggle('changed', isChanged);
      write(tile.unit, this.#say(TILES[name].unit));
      this.#showLines(tile, name, { picture, state, isKnown, nowMs });
      this.#showAlarm(tile, picture.worstOf(name));
    }
  }

  #showLines(tile, name, { picture, state, isKnown, nowMs }) {
    const lines = isKnown ? TILES[name].lines(picture).map(([line, key, n]) => ({
      line, value: n ?? '', text: this.#say(key, { n: this.#number(n) }),
    })) : [];
    const lastAt = instant(picture.source(name)?.last_event_at);
    if (!isKnown || (state === 'silent' && lastAt === null)) {
      lines.unshift({ line: 'unheard', value: '', text: this.#say('line.unheard') });
    } else if (state === 'silent') {
      const text = this.#say('line.silent_since', { t: shortTime(lastAt, nowMs) });
      const rest = lines.filter(({ line }) => line !== 'silent'); // all its devices are silent: said once
      lines.splice(0, lines.length, { line: 'since', value: lastAt, text }, ...rest);
    }
    while (tile.lines.children.length > lines.length) tile.lines.lastChild.remove();
    while (tile.lines.children.length < lines.length) tile.lines.append(el('p'));
    lines.forEach(({ line, value, text }, i) => {
      const p = tile.lines.children[i];
      mark(p, 'line', line);
      mark(p, 'value', value);
      write(p, text);
    });
  }

  #showAlarm(tile, priority) {
    if (tile.alarm.dataset.priority === String(priority ?? '')) return;
    mark(tile.alarm, 'priority', priority ?? '');
    tile.alarm.replaceChildren(
      ...(priority ? [badge(priority, { label: this.#say(PRIORITY_KEYS[priority - 1]) })] : []),
    );
  }

  /** Draw the minutes of one source and when it was silent. */
  showSeries(name, points, gaps) {
    const tile = this.#tiles.get(name);
    const counts = points.map(({ n }) => n);
    const label = this.#say('chart.summary', {
      sum: this.#number(counts.reduce((sum, n) => sum + n, 0)),
      max: this.#number(Math.max(0, ...counts)),
    });
    drawSpark(tile.spark, points, { gaps, label });
    tile.spark.removeAttribute('hidden');
    reveal(tile.failed, false);
  }

  /** The minutes of one source could not be read; the sentence is whole for those who hear it. */
  showSeriesFailed(name) {
    const tile = this.#tiles.get(name);
    tile.spark.setAttribute('hidden', '');
    write(tile.failed, this.#say('chart.failed'));
    tile.failed.setAttribute('aria-label', this.#say('chart.failed_retry', { n: RETRY_S }));
    reveal(tile.failed, true);
  }
}
