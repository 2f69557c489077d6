// What the console knows: every open alarm, the numbers of the overview, and whether both can be believed.
// The live view brings changes and the thousand most urgent; pages of `/alarms/rows` bring the rest. Changes
// are taken in at once and told once per frame.

import { call as callApi, withQuery } from './api.js';
import { ServerClock } from './clock.js';
import { Condition } from './condition.js';
import { instant } from './formats.js';
import { LiveFeed } from './live.js';
import { applyHealth, applyTile } from './overview.js';
import { rowOf, slimOf } from './slim.js';

const FIRST_ROWS = 200;
const PAGE_ROWS = 5000;
const PAGE_TIMEOUT_MS = 15_000;
const RETRY_MS = [2000, 5000, 10_000];
const NEWS_MAX = 100;
/** A browser has six connections to a host: a console that nobody sees gives its own back. */
const HIDDEN_MS = 60_000;

export class FeedStore {
  #area;
  #lang;
  #index;
  #onChange;
  #call;
  #frame;
  #steady;
  #isHidden;
  #feed;
  #condition;
  #clock;
  #load = 0; // the number of the load that counts; another one is left
  #retryAt = null;
  #tries = 0;
  #total = 0;
  #isWhole = false;
  #asOfMs = null;
  #floodsOver = new Set();
  #hiddenSince = null;
  #isAway = false;
  #changed = null;
  overview = null;
  version = null;
  position = null;
  received = 0;
  snapshots = 0;

  /**
   * `onChange({ids, news, tiles, condition, loaded})` once per frame: `ids` of the rows that changed (null:
   * all may have), `news` the rows that began to ring, `tiles` the names of numbers that changed.
   * The rest is the browser's, and another's in tests.
   */
  constructor({
    area = null, profile = 'console', lang, index, onChange, onRefused = () => {}, call = callApi,
    open = undefined, frame = nextFrame, steady = () => performance.now(), wallMs = Date.now(),
    isHidden = () => false,
  }) {
    this.#area = area;
    this.#lang = lang;
    this.#index = index;
    this.#onChange = onChange;
    this.#call = call;
    this.#frame = frame;
    this.#steady = steady;
    this.#isHidden = isHidden;
    this.#condition = new Condition(steady());
    this.#clock = new ServerClock(wallMs - steady());
    const url = withQuery('/api/v1/live', { profile, area });
    this.#feed = new LiveFeed(url, (name, data, id) => this.#receive(name, data, id), onRefused, open, steady);
  }

  /** Begin: the live view opens, and the first rows are asked for beside it. */
  start() {
    this.#feed.tick(this.#steady());
    void this.#firstRows();
  }

  /** Once a second. */
  tick(steadyMs) {
    if (this.#leftAlone(steadyMs)) return;
    this.#feed.tick(steadyMs);
    this.condition(); // looks at the clock
    if (this.#condition.wantsSnapshot) this.#feed.wantSnapshot(steadyMs);
    if (this.#retryAt !== null && steadyMs >= this.#retryAt) {
      this.#retryAt = null;
      void this.#loadPages(this.#load);
    }
  }

  /** The machine slept, or its clock was set: nothing can be dated any more. */
  jumped(steadyMs) {
    this.#condition.jumped(steadyMs);
    this.#feed.restart(steadyMs);
  }

  /** {name, stale, back, since}: may the figures be believed, and of when are they. */
  condition() {
    const steady = this.#steady();
    const { state: processing = 'unknown', lag_s: lagS = null } = this.overview?.processing ?? {};
    const serverNowMs = this.#clock.at(steady);
    const found = this.#condition.at(steady, { processing, lagS, asOfMs: this.#asOfMs, serverNowMs });
    const { heardAt } = this.#condition;
    return { ...found, since: heardAt === null || this.overview === null ? null : this.#clock.at(heardAt) };
  }

  /** The server's clock, in ms. */
  now() {
    return this.#clock.at(this.#steady());
  }

  /** [known, all] of the open alarms; the same when everything is here. What is left of before is not known. */
  get loaded() {
    const { size, named } = this.#index;
    return this.#isWhole ? [size, size] : [named, Math.max(named, this.#total)];
  }

  get isWhole() {
    return this.#isWhole;
  }

  get resumes() {
    return this.#feed.resumes;
  }

  /** Counts of alarms as AlarmIndex.counts gives them; the server's own until every row is here. */
  counts() {
    const own = this.#index.counts();
    const theirs = this.overview?.alarms;
    if (this.#isWhole || !theirs) return own;
    return {
      bySeverity: theirs.by_severity,
      byState: theirs.by_state,
      byArea: new Map(Object.entries(theirs.by_area ?? {})),
      hidden: this.overview.hidden?.by_reason ?? {},
    };
  }

  // -- what comes in ------------------------------------------------------------------------------

  #receive(name, data, id) {
    const steady = this.#steady();
    if (id) this.position = id;
    if (name === 'heartbeat') this.#hearClock(data.now, steady);
    if (name === 'reset') this.#condition.reset();
    if (name === 'snapshot') this.#takeSnapshot(data, steady);
    else this.#condition.heard(steady);
    if (name === 'alarm') this.#takeAlarm(data);
    if (name === 'tile' && applyTile(this.overview, data)) this.#takeTile(data);
    if (name === 'health') {
      this.#asOfMs = instant(data.as_of) ?? this.#asOfMs;
      applyHealth(this.overview, data);
      this.#tell().tiles.add('health');
    }
  }

  #hearClock(text, steady) {
    const serverMs = instant(text);
    if (serverMs !== null) this.#clock.hear(serverMs, steady);
  }

  #takeSnapshot(data, steady) {
    this.snapshots += 1;
    this.#hearClock(data.as_of, steady);
    this.#asOfMs = instant(data.as_of);
    this.overview = data.overview;
    this.version = data.version ?? null;
    this.#total = data.alarms_total ?? data.alarms.length;
    this.#condition.snapshot(steady);
    const wasWhole = this.#isWhole;
    this.#beginLoad();
    for (const alarm of data.alarms) {
      const row = slimOf(alarm, this.#lang);
      const before = this.#index.get(row.id);
      // What began to ring while nobody listened is news, too; all that is there at first is none.
      if (this.#index.apply(row) !== 'old' && wasWhole) this.#hearRing(before, row);
    }
    if (this.#total <= data.alarms.length) this.#endLoad();
    else void this.#loadPages(this.#load);
    this.#tellAll();
  }

  #takeAlarm(alarm) {
    this.received += 1;
    this.#tell().ids?.add(alarm.id);
    if (alarm.ended_at || alarm.state === 'normal') {
      this.#index.ended(alarm.id, alarm.version);
      return;
    }
    const before = this.#index.get(alarm.id);
    const row = slimOf(alarm, this.#lang);
    if (this.#index.apply(row) === 'old') return;
    // Until all are here, one that is not known may have rung for long; the most urgent came first.
    const mayBeOld = before === null && !this.#isWhole && row.version > 1 && row.priority > 2;
    if (!mayBeOld) this.#hearRing(before, row);
  }

  #hearRing(before, row) {
    const { news } = this.#tell();
    if (beginsToRing(before, row) && news.length < NEWS_MAX) news.push(row);
  }

  #takeTile({ tile, value }) {
    this.#tell().tiles.add(tile);
    if (tile !== 'flood') return;
    const over = (value.ended ?? []).map(({ id }) => id);
    const isNew = over.some((id) => !this.#floodsOver.has(id));
    this.#floodsOver = new Set(over);
    // The end of a flood unfolds its alarms without an entry in the log: they are read anew, also those of the
    // pages that a load has read already.
    if (isNew) {
      this.#total = this.#index.size;
      this.#beginLoad();
      void this.#loadPages(this.#load);
    }
  }

  // -- loading ------------------------------------------------------------------------------------

  async #firstRows() {
    const { ok, body } = await this.#rows({ limit: FIRST_ROWS });
    if (!ok || this.overview !== null) return; // the snapshot was faster
    for (const tuple of body.rows) this.#index.apply(rowOf(body.columns, tuple));
    this.#tellAll();
  }

  #beginLoad() {
    this.#load += 1;
    this.#tries = 0;
    this.#retryAt = null;
    this.#isWhole = false;
    this.#index.beginLoad();
  }

  #endLoad() {
    this.#index.endLoad();
    this.#isWhole = true;
    this.#tellAll();
  }

  /** All rows, page by page; a load that another has overtaken ends without a word. */
  async #loadPages(load) {
    for (let cursor = null; ;) {
      const { ok, body } = await this.#rows({ limit: PAGE_ROWS, cursor }, PAGE_TIMEOUT_MS);
      if (load !== this.#load) return;
      if (!ok) {
        this.#retryAt = this.#steady() + RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)];
        this.#tries += 1;
        return;
      }
      for (const tuple of body.rows) this.#index.apply(rowOf(body.columns, tuple));
      cursor = body.next;
      if (cursor === null) {
        this.#endLoad();
        return;
      }
      this.#tellAll();
    }
  }

  #rows(query, timeoutMs) {
    const path = withQuery('/api/v1/alarms/rows', { area: this.#area, lang: this.#lang, ...query });
    return this.#call('GET', path, null, timeoutMs ? { timeoutMs } : {});
  }

  // -- a page that nobody sees --------------------------------------------------------------------

  #leftAlone(steadyMs) {
    if (!this.#isHidden()) {
      this.#hiddenSince = null;
      if (this.#isAway) {
        this.#isAway = false;
        this.jumped(steadyMs);
      }
      return false;
    }
    this.#hiddenSince ??= steadyMs;
    if (!this.#isAway && steadyMs - this.#hiddenSince >= HIDDEN_MS) {
      this.#isAway = true;
      this.#feed.close();
    }
    return this.#isAway;
  }

  // -- telling ------------------------------------------------------------------------------------

  /** What is told with the next frame. */
  #tell() {
    if (this.#changed === null) {
      this.#changed = { ids: new Set(), news: [], tiles: new Set() };
      this.#frame(() => {
        const change = this.#changed;
        this.#changed = null;
        this.#onChange({ ...change, condition: this.condition(), loaded: this.loaded });
      });
    }
    return this.#changed;
  }

  #tellAll() {
    this.#tell().ids = null;
    this.#changed.tiles.add('all');
  }
}

/** It is new, more severe than it was, or asks for a person again. */
function beginsToRing(before, row) {
  if (row.state !== 'unacknowledged') return false;
  return before === null || before.state !== 'unacknowledged' || row.priority < before.priority;
}

/** With the next frame; a page that is not drawn has none. */
function nextFrame(act) {
  if (document.visibilityState === 'visible') requestAnimationFrame(act);
  else setTimeout(act, 250);
}
