// The overview: map, open alarms, four tiles.

import { withOngoing } from '../chart/gaps.js';
import { el } from '../dom.js';
import { instant } from '../formats.js';
import { lastHour } from '../times.js';
import { blindness } from './coverage.js';
import { CommuneMap } from './commune_map.js';
import { AlarmRows } from './rows.js';
import { TILE_NAMES, Tiles } from './tiles.js';

export class Overview {
  root = el('section', { className: 'page overview' });
  map;
  #ctx;
  #rows;
  #tiles;
  #drawn = new Map();

  constructor(ctx) {
    this.#ctx = ctx;
    this.map = new CommuneMap(ctx);
    this.#rows = new AlarmRows(ctx);
    this.#tiles = new Tiles(ctx);
    this.root.append(this.map.root, this.#rows.root, this.#tiles.root);
    this.#rows.showLoading();
    this.map.legend({ blind: ctx.say('legend.blind') });
  }

  isEmpty() {
    return false;
  }

  keep(when) {
    const { docs, picture, area } = this.#ctx;
    docs.keep('figures', () => area('/api/v1/areas/figures'), when);
    for (const name of TILE_NAMES) {
      docs.keep(`minutes.${name}`, () => {
        const { from, to } = lastHour(this.#ctx.now());
        const query = new URLSearchParams({ metric: 'events', source: name, step: '1m', gaps: 'true', from, to });
        return area(`/api/v1/series?${query}`);
      }, { ...when, key: picture.source(name)?.state });
    }
  }

  draw(now) {
    const { picture, docs } = this.#ctx;
    this.#tiles.show(picture, now);
    for (const name of TILE_NAMES) this.#drawMinutes(name);
    this.drawAlarms(now);
    const blind = blindness(docs.get('figures')?.areas, ['camera', 'fire']);
    this.map.show({ alarms: picture.byArea(), blind }, this.#ctx.unit());
  }

  /** The rows alone: what an alarm changes at once. */
  drawAlarms(now) {
    const { picture } = this.#ctx;
    this.#rows.show({
      alarms: picture.rows(),
      total: picture.total(),
      hidden: picture.hidden(),
      flood: picture.flood(),
      lastClosedAt: picture.book.lastClosedAt,
    }, now);
  }

  #drawMinutes(name) {
    const { docs, picture } = this.#ctx;
    const key = `minutes.${name}`;
    const source = picture.source(name);
    const state = `${docs.version(key)} ${docs.isFailed(key)} ${source?.state}`;
    if (this.#drawn.get(name) === state) return;
    this.#drawn.set(name, state);
    if (docs.isFailed(key)) this.#tiles.showSeriesFailed(name);
    else if (docs.get(key)) {
      const silentSince = source?.state === 'silent' ? instant(source.last_event_at) : null;
      const { points, gaps = [] } = docs.get(key);
      this.#tiles.showSeries(name, points, withOngoing(gaps, silentSince));
    }
  }
}
