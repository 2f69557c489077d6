// The page of the map: the map with its measure and legend, beside it the table that says the same, and what
// was picked.

import { withQuery } from '../api.js';
import { el, mark, write } from '../dom.js';
import { clockTime, instant } from '../formats.js';
import { AreaTable } from '../map/area_table.js';
import { drawLegend } from '../map/legend.js';
import { MEASURES } from '../map/measures.js';
import { ProvinceMap } from '../map/province_map.js';
import { readView } from '../map/view.js';
import { numberOf } from '../titles.js';
import { Upkeep, getJson } from '../upkeep.js';
import { PickedPanel } from './picked_panel.js';

const FIGURES_MS = 10_000;
const DEVICES_MS = 15_000;
const ALARMS_MS = 1000;
const ANNUNCIATED = new Set(['unacknowledged', 'acknowledged', 'returned']);

const MEASURE_KEYS = {
  alarms: 'map.measure.alarms', reports: 'map.measure.reports', wait: 'map.measure.wait',
  dossiers: 'map.measure.dossiers', coverage: 'map.measure.coverage',
};

export class Page {
  #ctx;
  #root;
  #map;
  #table;
  #picked;
  #legend = el('div', { className: 'map-legend', data: { part: 'legend' } });
  #note = el('p', { className: 'map-note small' });
  #measures = new Map();
  #measure = MEASURES[0];
  #area = null;
  #asked = null; // the commune in the address, which may be none of ours
  #figures = null;
  #asOf = null;
  #devicesAt = null;
  #drawnMs = -Infinity;
  #isStale = false;
  #isShown = false;
  #legendOf = '';
  #upkeeps;

  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    const ground = el('div', { className: 'map-ground' });
    this.#table = new AreaTable(ctx, {
      onPick: (code) => this.#filter(code),
      onFocus: (code) => (code ? this.#map.tellArea(code) : this.#map.tellNothing()),
    });
    this.#picked = new PickedPanel(ctx, { onClose: () => this.#filter(null) });
    const pane = el('div', { className: 'map-pane' }, ground, this.#legend);
    const side = el('div', { className: 'map-side' }, this.#picked.root,
      el('div', { className: 'scroll map-table' }, this.#table.root), this.#note);
    root.classList.add('map-page');
    root.append(this.#choices(), pane, side);
    this.#map = new ProvinceMap(ground, ctx);
    this.#map.onPick = (what) => this.#pick(what);
    this.#map.onView = (view) => this.#looked(view);
    root.addEventListener('keydown', (event) => this.#key(event));
    this.#upkeeps = {
      ground: new Upkeep(async () => this.#map.setGround(await getJson('/api/v1/areas/boundaries')), () => {}),
      figures: new Upkeep(() => this.#loadFigures(), () => {}),
      devices: new Upkeep(() => this.#loadDevices(), () => {}),
    };
  }

  #choices() {
    const { say } = this.#ctx;
    const set = el('div', { className: 'map-measures' }, el('span', { className: 'label' }, say('map.measure.label')));
    set.setAttribute('role', 'group');
    set.setAttribute('aria-label', say('map.measure.label'));
    for (const measure of MEASURES) {
      const button = el('button', { data: { command: `measure_${measure}` } }, say(MEASURE_KEYS[measure]));
      button.type = 'button';
      button.addEventListener('click', () => this.#ctx.go({ measure: measure === MEASURES[0] ? null : measure }, { push: false }));
      this.#measures.set(measure, button);
      set.append(button);
    }
    return set;
  }

  // -- of the console -----------------------------------------------------------------------------

  show(view) {
    this.#isShown = true;
    this.#measure = MEASURES.includes(view.measure) ? view.measure : MEASURES[0];
    for (const [measure, button] of this.#measures) {
      button.setAttribute('aria-pressed', String(measure === this.#measure));
    }
    mark(this.#root, 'measure', this.#measure);
    const to = readView(view.at);
    if (to && view.at !== this.#map.view.written()) this.#map.flyTo(to, 0);
    else if (!to && !view.area && this.#map.view.written() !== null) this.#map.fit();
    this.#asked = view.area ?? null;
    this.#isStale = true;
    this.#drawnMs = -Infinity;
    this.tick(this.#ctx.clock.now());
  }

  update() {
    this.#isStale = true;
  }

  /** Once a second: what is due is asked for, what changed is drawn. */
  tick(nowMs) {
    if (!this.#isShown) return;
    const areasKnown = this.#ctx.areas.list().length > 0;
    if (areasKnown) {
      this.#choose(this.#ctx.areas.has(this.#asked) ? this.#asked : null);
      void this.#upkeeps.ground.tick(nowMs);
    }
    void this.#upkeeps.figures.tick(nowMs, Math.floor(nowMs / FIGURES_MS));
    void this.#upkeeps.devices.tick(nowMs, Math.floor(nowMs / DEVICES_MS));
    this.#picked.tick(nowMs);
    if (areasKnown && this.#isStale && nowMs - this.#drawnMs >= ALARMS_MS) this.#draw(nowMs);
  }

  hide() {
    this.#isShown = false;
    this.#map.tellNothing();
  }

  command(name) {
    if (name === 'priority_all') this.#map.fit();
    else if (name === 'back' && (this.#area || this.#picked.isOpen)) this.#filter(null);
    else return false;
    return true;
  }

  #key(event) {
    if (!['+', '=', '-'].includes(event.key) || event.defaultPrevented || event.ctrlKey) return;
    this.#map.zoomBy(event.key === '-' ? -0.5 : 0.5);
    event.preventDefault();
  }

  // -- what is drawn ------------------------------------------------------------------------------

  async #loadFigures() {
    const { areas, as_of: asOf } = await getJson('/api/v1/areas/figures');
    this.#figures = areas;
    this.#asOf = asOf;
    this.#isStale = true;
    this.#drawnMs = -Infinity;
    this.tick(this.#ctx.clock.now());
  }

  async #loadDevices() {
    const answer = await getJson(withQuery('/api/v1/devices', { since: this.#devicesAt }));
    if (this.#devicesAt === null) this.#map.setDevices(answer);
    else this.#map.patchDevices(answer);
    this.#devicesAt = answer.as_of;
  }

  #draw(nowMs) {
    this.#drawnMs = nowMs;
    this.#isStale = false;
    const rows = this.#ctx.index.all().filter(({ state }) => ANNUNCIATED.has(state));
    this.#map.setAlarms(rows);
    if (this.#figures) {
      const areas = this.#withAlarms();
      this.#map.setFigures(areas, this.#measure);
      this.#table.show(areas);
      this.#table.choose(this.#area);
      this.#drawLegend(areas);
      write(this.#note, this.#ctx.say('map.as_of', { t: clockTime(instant(this.#asOf)) }));
    }
    if (this.#area && !this.#picked.showsDevices) this.#picked.showArea(this.#area, rows);
    this.#map.setIncidents((this.#ctx.store.overview?.incidents?.newest ?? []).map((each) => ({
      lat: each.lat, lon: each.lon, radius_m: each.radius_m, text: numberOf(each),
    })));
  }

  /** The figures with the alarms of this moment: the feed is ahead of what was asked for. */
  #withAlarms() {
    const [loaded, total] = this.#ctx.store.loaded;
    if (loaded < total) return this.#figures;
    const { byArea } = this.#ctx.index.counts();
    const none = { critical: 0, high: 0, medium: 0, low: 0 };
    return Object.fromEntries(Object.entries(this.#figures).map(([code, figures]) => (
      [code, this.#ctx.areas.has(code) && code !== '19' ? { ...figures, alarms: byArea.get(code) ?? none } : figures]
    )));
  }

  #drawLegend(areas) {
    const isNear = this.#map.isNear;
    const key = JSON.stringify([this.#measure, isNear, this.#measure === 'alarms' ? 0 : areas]);
    if (key === this.#legendOf) return;
    this.#legendOf = key;
    drawLegend(this.#legend, this.#ctx, { areas, measure: this.#measure, isNear });
  }

  // -- what is picked -----------------------------------------------------------------------------

  #looked(view) {
    const at = view.written();
    if (this.#isShown && (this.#ctx.view().at ?? null) !== at) this.#ctx.go({ at }, { push: false });
    if (this.#figures) this.#drawLegend(this.#withAlarms());
  }

  #pick({ kind, id }) {
    if (kind === 'alarm') this.#ctx.go({ page: 'alarms', open: id });
    else if (kind === 'filter') this.#filter(id);
    else if (kind === 'device') this.#picked.showDevices([id]);
    else if (kind === 'devices') this.#picked.showDevices(id);
    else this.#table.choose(id);
  }

  #filter(code) {
    if (code === null && !this.#area) this.#picked.close();
    else if (code !== this.#area) this.#ctx.go({ area: code });
    else if (code) this.#map.flyToArea(code);
  }

  #choose(code) {
    mark(this.#root, 'area', code ?? '');
    if (code === this.#area) return;
    this.#area = code;
    this.#map.choose(code);
    this.#table.choose(code);
    this.#picked.close();
    if (code) this.#map.flyToArea(code);
    this.#isStale = true;
  }
}
