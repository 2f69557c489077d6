// The wall: wiring only. What is known lives in Picture, what may be believed in Condition; one timer
// moves every clock, watches the feed and redraws the figures.

import { priorityOf } from './alarms.js';
import { Areas } from './areas.js';
import { alignBlinking } from './badges.js';
import { Band } from './band.js';
import { keepAwake, reloadAfterErrors, reloadPage, shiftPicture, wallScale } from './care.js';
import { JumpWatch, ServerClock } from './clock.js';
import { Condition } from './condition.js';
import { mark, part, write } from './dom.js';
import { instant, numberWriter } from './formats.js';
import { Head } from './head.js';
import { chosenLang, loadCatalogue, sayer } from './i18n.js';
import { LiveFeed } from './live.js';
import { CommuneMap } from './map.js';
import { Picture } from './picture.js';
import { AlarmRows } from './rows.js';
import { lastHour } from './spark.js';
import { TILE_NAMES, Tiles } from './tiles.js';
import { getJson, Upkeep } from './upkeep.js';

const ALARMS_HELD_MAX = 200;
const ROW_UNITS = 80;
const REFILL_BELOW = 12; // rows left of a cut list before the rest is asked for
const REFILL_GAP_MS = 30_000;
const SPEAK_GAP_MS = 5000;
const SERIES_SPREAD_MS = 5000; // a thousand screens do not ask for their charts in the same second

class Wall {
  #say;
  #root = document.documentElement;
  #picture = new Picture(ALARMS_HELD_MAX);
  #condition = new Condition(performance.now());
  #clock = new ServerClock(Date.now() - performance.now());
  #jumps = new JumpWatch(Date.now(), performance.now());
  #areas;
  #head;
  #rows;
  #tiles;
  #map;
  #band;
  #feed;
  #series;
  #areaNames;
  #boundaries;
  #areaCode;
  #scale;
  #distanceM;
  #version = null;
  #rowsAreDue = false;
  #refilledAt = -Infinity;
  #spokenAt = -Infinity;
  #seriesDelayMs = Math.random() * SERIES_SPREAD_MS;

  constructor(params, say, lang) {
    this.#say = say;
    this.#areaCode = /^\d{5}$/.test(params.get('area') ?? '') ? params.get('area') : null;
    this.#distanceM = Number(params.get('distance'));
    this.#scale = wallScale(Number(params.get('screen')), this.#distanceM);
    const number = numberWriter(lang, say);
    const words = { say, number, lang };
    this.#areas = new Areas(say);
    this.#head = new Head(words);
    this.#rows = new AlarmRows(part('alarms'), { ...words, areas: this.#areas });
    this.#tiles = new Tiles(part('tiles'), words);
    this.#map = new CommuneMap(part('map'), { ...words, areas: this.#areas, selected: this.#areaCode });
    this.#band = new Band(part('band'), words);
    this.#feed = new LiveFeed(
      `/api/v1/live?profile=wall${this.#areaQuery()}`,
      (name, data) => this.#receive(name, data),
      () => getJson('/api/v1/me').catch(() => {}), // is it that nobody is signed in any more?
    );
    this.#series = new Map(TILE_NAMES.map((name) => [name, new Upkeep(
      () => this.#loadSeries(name), (retryS) => this.#tiles.showSeriesFailed(name, retryS),
    )]));
    this.#areaNames = new Upkeep(() => this.#loadAreas(), () => {});
    this.#boundaries = new Upkeep(() => this.#loadBoundaries(), (n) => this.#mapNote('map.failed', { n }));
  }

  start() {
    this.#root.style.setProperty('--wall-scale', String(this.#scale.scale));
    mark(this.#root, 'scale', this.#scale.scale > 1.15 ? 'large' : 'normal');
    new ResizeObserver(() => {
      this.#map.fit();
      this.#drawMap();
      this.#drawRows();
    }).observe(part('map'));
    this.#rows.showLoading();
    this.#mapNote('page.loading');
    this.#head.showCounts(null);
    this.#tick();
  }

  #areaQuery() {
    return this.#areaCode ? `&area=${this.#areaCode}` : '';
  }

  get #unit() {
    return Math.min(window.innerHeight / 1080, window.innerWidth / 1920) * this.#scale.scale;
  }

  // -- what comes in ------------------------------------------------------------------------------

  #receive(name, data) {
    const steady = performance.now();
    if (name === 'heartbeat') this.#hearClock(data.now, steady);
    if (name === 'reset') this.#condition.reset();
    if (name === 'snapshot') this.#takeSnapshot(data, steady);
    else this.#condition.heard(steady);
    if (name === 'alarm') this.#takeAlarm(data, steady);
    if (name === 'tile') this.#picture.tile(data);
    if (name === 'health') this.#picture.health(data);
  }

  #hearClock(text, steady) {
    const serverMs = instant(text);
    if (serverMs !== null) this.#clock.hear(serverMs, steady);
  }

  #takeSnapshot(data, steady) {
    this.#hearClock(data.as_of, steady);
    this.#picture.snapshot(data);
    this.#condition.snapshot(steady);
    this.#draw(steady);
    this.#keepUp(steady);
  }

  #takeAlarm(alarm, steady) {
    if (!this.#picture.overview || !this.#picture.alarm(alarm)) return;
    if (priorityOf(alarm) === 1 && alarm.state === 'unacknowledged' && steady - this.#spokenAt > SPEAK_GAP_MS) {
      this.#spokenAt = steady;
      write(part('spoken'), this.#rows.spoken(alarm));
    }
    if (this.#rowsAreDue) return;
    this.#rowsAreDue = true; // many changes of one moment are drawn as one
    requestAnimationFrame(() => this.#drawRows());
  }

  async #loadSeries(name) {
    const { from, to } = lastHour(this.#now());
    const query = new URLSearchParams({ metric: 'events', source: name, step: '1m', from, to });
    const { points } = await getJson(`/api/v1/series?${query}${this.#areaQuery()}`);
    const source = this.#picture.source(name);
    const silentSince = source?.state === 'silent' ? instant(source.last_event_at) : null;
    this.#tiles.showSeries(name, points, silentSince);
  }

  async #loadAreas() {
    const { areas } = await getJson('/api/v1/areas');
    this.#areas.fill(areas);
    this.#drawMap();
    this.#drawRows();
  }

  async #loadBoundaries() {
    this.#map.fill(await getJson('/api/v1/areas/boundaries'));
    this.#drawMap();
  }

  // -- the one timer ------------------------------------------------------------------------------

  #now() {
    return this.#clock.at(performance.now());
  }

  #tick() {
    const steady = performance.now();
    const untilNextSecond = 1000 - (this.#clock.at(steady) % 1000);
    setTimeout(() => this.#tick(), untilNextSecond + 10);
    if (this.#jumps.jumped(Date.now(), steady)) {
      this.#condition.jumped(steady);
      this.#feed.restart(steady);
    }
    this.#feed.tick(steady);
    if (this.#condition.at(steady, this.#picture.processing).stale) this.#feed.wantSnapshot(steady);
    this.#draw(steady);
    this.#keepUp(steady);
    shiftPicture(document.body, steady);
  }

  #keepUp(steady) {
    this.#areaNames.tick(steady);
    this.#boundaries.tick(steady);
    if (this.#picture.overview === null) return;
    const minute = Math.floor((this.#now() - this.#seriesDelayMs) / 60_000);
    for (const [name, upkeep] of this.#series) {
      const state = this.#picture.source(name)?.state;
      upkeep.tick(steady, `${minute} ${state}`);
    }
    this.#refill(steady);
    this.#followVersion();
  }

  /** A list that was cut at its limit and has run low is asked for again. */
  #refill(steady) {
    const held = this.#picture.rows().length;
    const isLow = held < REFILL_BELOW && this.#picture.total() > held;
    if (!isLow || steady - this.#refilledAt < REFILL_GAP_MS) return;
    this.#refilledAt = steady;
    this.#feed.restart(steady);
  }

  /** A new server brings a new page, but not while a priority 1 waits for somebody. */
  #followVersion() {
    this.#version ??= this.#picture.version;
    if (this.#version === this.#picture.version) return;
    const top = this.#picture.rows()[0];
    const isUrgent = top && priorityOf(top) === 1 && top.state === 'unacknowledged';
    if (!isUrgent) reloadPage(Date.now());
  }

  // -- what is drawn ------------------------------------------------------------------------------

  #draw(steady) {
    const now = this.#clock.at(steady);
    const state = this.#condition.at(steady, this.#picture.processing);
    mark(this.#root, 'condition', state.name);
    mark(this.#root, 'stale', state.stale);
    const { heardAt } = this.#condition;
    this.#band.show(state, {
      now,
      stoppedAt: heardAt === null || this.#picture.overview === null ? null : this.#clock.at(heardAt),
      note: this.#scale.isTooSmall ? this.#say('band.small', { d: this.#distanceM }) : '',
    });
    this.#head.showArea(this.#areas.shortName(this.#areaCode));
    this.#head.showTime(now, state.stale);
    if (this.#picture.overview === null) return;
    const counts = this.#picture.counts();
    this.#head.showCounts(counts);
    this.#tiles.show(this.#picture, now);
    this.#drawRows();
    this.#drawMap();
    const n = this.#picture.total();
    const title = n > 0 ? this.#say('page.title.open', { n }) : this.#say('page.title.quiet');
    if (document.title !== title) document.title = title;
  }

  #drawRows() {
    this.#rowsAreDue = false;
    if (this.#picture.overview === null) return;
    this.#rows.show({
      alarms: this.#picture.rows(),
      total: this.#picture.total(),
      hidden: this.#picture.hidden(),
      lastClosedAt: this.#picture.book.lastClosedAt,
      slots: Math.floor((part('alarms').clientHeight + 2) / (ROW_UNITS * this.#unit)),
    }, this.#now());
    alignBlinking();
  }

  #drawMap() {
    if (this.#picture.overview !== null) this.#map.show(this.#picture.byArea(), this.#unit);
  }

  #mapNote(key, values) {
    if (!this.#map.isFilled) part('map').textContent = this.#say(key, values);
  }
}

const params = new URLSearchParams(location.search);
const lang = chosenLang(params.get('lang'));
document.documentElement.lang = lang;
const isStill = params.get('blink') === 'off' || matchMedia('(prefers-reduced-motion: reduce)').matches;
mark(document.documentElement, 'blink', isStill ? 'off' : 'on');
reloadAfterErrors(() => Date.now());
keepAwake();
new Wall(params, sayer(await loadCatalogue(lang)), lang).start();
