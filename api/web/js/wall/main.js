// The wall: wiring only. What is known lives in Picture, what may be believed in Condition; one timer
// moves every clock, watches the feed and redraws the figures.

import { isAwaited, priorityOf } from '../alarms.js';
import { Areas } from '../areas.js';
import { readAddress } from './address.js';
import { alignBlinking } from '../badges.js';
import { Band } from '../band.js';
import { apart, DISTANCE_M, keepAwake, reloadAfterErrors, shiftPicture, wallScale } from '../care.js';
import { JumpWatch, ServerClock } from '../clock.js';
import { Condition } from '../condition.js';
import { mark, part, reveal, write } from '../dom.js';
import { instant, numberWriter, percentWriter } from '../formats.js';
import { Head } from './head.js';
import { chosenLang, htmlLang, loadCatalogue, sayer } from '../i18n.js';
import { LiveFeed } from '../live.js';
import { Documents } from './documents.js';
import { Loudspeaker } from './loudspeaker.js';
import { PageSet, TITLE_KEYS } from './page_set.js';
import { Hold, ownWall, withoutArea } from './pages.js';
import { Picture } from '../picture.js';
import { Reloads } from './reloads.js';
import { StageQueue } from './stage_queue.js';
import { Takeover } from './takeover.js';
import { titleOf } from '../titles.js';
import { getJson, Upkeep } from '../upkeep.js';

const ALARMS_HELD_MAX = 200;
const WHOLE_BELOW = ALARMS_HELD_MAX / 2; // not at the limit itself: a list that swings about it would never rest
const LISTED = 'unacknowledged,acknowledged,returned';
const REFILL_BELOW = 12; // rows left of a cut list before the rest is asked for
const REFILL_GAP_MS = 30_000;
const SPEAK_GAP_MS = 5000;
const TARGETS_MS = 600_000;
const DROPPED_MS = 20_000; // how long is said what the address asks for in vain
const DROPPED_KEY = 'ioc.dropped_area';

class Wall {
  #say;
  #lang;
  #root = document.documentElement;
  #picture = new Picture(ALARMS_HELD_MAX);
  #condition = new Condition(performance.now());
  #clock = new ServerClock(Date.now() - performance.now());
  #jumps = new JumpWatch(Date.now(), performance.now());
  #queue = new StageQueue();
  #areas;
  #head;
  #pages;
  #takeover;
  #loudspeaker;
  #band;
  #feed;
  #reloads;
  #areaNames;
  #boundaries;
  #areaCode;
  #asked;
  #scale = wallScale(null, null);
  #rowsAreDue = false;
  #refilledAt = -Infinity;
  #spokenAt = -Infinity;
  #hold = new Hold();
  #received = 0;
  #snapshots = 0;
  #docs = new Documents();
  #position = '';

  /** `asked`: as readAddress gives it. */
  constructor(asked, say, { lang, isStill }) {
    this.#say = say;
    this.#lang = lang;
    this.#asked = asked;
    this.#areaCode = asked.area;
    this.#areas = new Areas(say);
    const ctx = {
      say, lang, number: numberWriter(lang, say), decimal: numberWriter(lang, say, 1),
      percent: percentWriter(lang, say), areas: this.#areas, areaCode: this.#areaCode,
      picture: this.#picture, docs: this.#docs, now: () => this.#now(), unit: () => this.#unit,
      area: (path) => this.#withArea(path),
    };
    this.#head = new Head(ctx);
    this.#band = new Band(part('band'), { say, phones: () => this.#docs.get('targets')?.phones });
    this.#pages = new PageSet(ctx, {
      main: part('pages'), ticks: part('ticks'),
      chosen: asked.pages, rotateS: asked.rotateS,
    });
    this.#takeover = new Takeover(ctx, { root: part('takeover'), band: part('urgent'), isStill });
    this.#loudspeaker = new Loudspeaker(part('sound'), { say, isOffered: asked.hasSound });
    this.#reloads = new Reloads({ isOff: !asked.reloads });
    this.#feed = new LiveFeed(
      this.#withArea('/api/v1/live?profile=wall'),
      (name, data, id) => this.#receive(name, data, id),
      () => void this.#refused().catch(() => {}),
    );
    this.#areaNames = new Upkeep(() => this.#loadAreas(), () => {});
    this.#boundaries = new Upkeep(
      () => this.#loadBoundaries(), (n) => this.#pages.noteMap('map.failed', { n }),
    );
  }

  start() {
    this.#sayDropped();
    new ResizeObserver(() => this.#resized()).observe(part('pages'));
    this.#head.showCounts(null);
    this.#tick();
  }

  #withArea(path) {
    if (!this.#areaCode) return path;
    return `${path}${path.includes('?') ? '&' : '?'}area=${this.#areaCode}`;
  }

  get #unit() {
    return this.#plainUnit * this.#scale.scale;
  }

  get #plainUnit() {
    return Math.min(window.innerHeight / 1080, window.innerWidth / (1920 * this.#pages.shown.length));
  }

  // -- what comes in ------------------------------------------------------------------------------

  #receive(name, data, id) {
    const steady = performance.now();
    if (id) this.#position = id;
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
    this.#snapshots += 1;
    this.#hearClock(data.as_of, steady);
    this.#picture.snapshot(data);
    this.#queue.snapshot(data.alarms, this.#now());
    this.#condition.snapshot(steady);
    this.#draw(steady);
    this.#keepUp(steady);
  }

  #takeAlarm(alarm, steady) {
    this.#received += 1;
    const held = this.#picture.book.get(alarm.id);
    if (!this.#picture.overview || !this.#picture.alarm(alarm)) return;
    this.#queue.alarm(alarm, this.#now());
    if (this.#isCall(alarm, held)) this.#hearCall(alarm, steady);
    if (this.#rowsAreDue) return;
    this.#rowsAreDue = true; // many changes of one moment are drawn as one
    requestAnimationFrame(() => this.#drawAlarms());
  }

  /** Whether this change asks for a person anew. */
  #isCall(alarm, held) {
    if (alarm.state !== 'unacknowledged') return false;
    return !held || held.state !== 'unacknowledged' || priorityOf(alarm) < priorityOf(held);
  }

  #hearCall(alarm, steady) {
    this.#loudspeaker.arrived(alarm);
    if (priorityOf(alarm) === 2) this.#hold.begin(steady);
    if (priorityOf(alarm) !== 1 || steady - this.#spokenAt <= SPEAK_GAP_MS) return;
    this.#spokenAt = steady;
    write(part('spoken'), this.#say('alarm.spoken', {
      title: titleOf(alarm, this.#lang), place: this.#areas.shortName(alarm.area, alarm.area_name),
    }));
  }

  async #loadAreas() {
    const { areas } = await getJson('/api/v1/areas');
    this.#areas.fill(areas);
    // A commune that is none has no feed: the wall would say for ever that the system is lost.
    if (this.#areaCode && !this.#areas.has(this.#areaCode)) {
      sessionStorage.setItem(DROPPED_KEY, 'area'); // the page that comes says it
      location.replace(withoutArea(location.href));
    }
    this.#draw(performance.now());
  }

  /** Is it that nobody is signed in any more, or that this key sees another area only? */
  async #refused() {
    const { area } = await getJson('/api/v1/me');
    const own = ownWall(location.href, area);
    if (own !== null) location.replace(own);
  }

  async #loadBoundaries() {
    const boundaries = await getJson('/api/v1/areas/boundaries');
    this.#pages.fill(boundaries);
    this.#takeover.fill(boundaries);
    this.#draw(performance.now());
  }

  // -- the one timer ------------------------------------------------------------------------------

  #now() {
    return this.#clock.at(performance.now());
  }

  #server(steady) {
    return { ...this.#picture.server, serverNowMs: this.#clock.at(steady) };
  }

  #tick() {
    const steady = performance.now();
    const untilNextSecond = 1000 - (this.#clock.at(steady) % 1000);
    setTimeout(() => this.#tick(), untilNextSecond + 10);
    if (this.#jumps.jumped(Date.now(), steady, document.visibilityState === 'hidden')) {
      this.#condition.jumped(steady);
      this.#feed.restart(steady);
    }
    this.#feed.tick(steady);
    const condition = this.#condition.at(steady, this.#server(steady));
    if (this.#condition.wantsSnapshot) this.#feed.wantSnapshot(steady);
    this.#queue.tick(this.#now());
    apart(() => this.#ring(steady, condition));
    apart(() => this.#draw(steady));
    apart(() => this.#keepUp(steady));
    shiftPicture(document.body, steady);
    this.#tell();
  }

  #keepUp(steady) {
    this.#areaNames.tick(steady);
    this.#boundaries.tick(steady);
    // Its phones must be known before the system is lost.
    this.#docs.keep('targets', () => '/api/v1/targets', { now: this.#now(), steady, everyMs: TARGETS_MS });
    if (this.#picture.overview === null) return;
    const now = this.#now();
    const stage = this.#queue.stage(now);
    this.#takeover.keep({ now, steady }, stage);
    this.#pages.tick(steady, now, stage.kind !== 'none' || this.#hold.isOn(steady));
    this.#refill(steady);
    const rows = this.#picture.book.rows();
    this.#reloads.tick({
      now, version: this.#picture.version, turns: this.#pages.rotates ? this.#pages.turns : null,
      isStaged: stage.kind !== 'none',
      isUrgent: rows.some((alarm) => priorityOf(alarm) === 1 && isAwaited(alarm)),
      isCalm: !rows.some((alarm) => priorityOf(alarm) <= 2),
    });
  }

  /** A list that was cut at its limit and has run low asks for more rows; once all would fit, for a whole picture. */
  #refill(steady) {
    if (this.#picture.book.complete || steady - this.#refilledAt < REFILL_GAP_MS) return;
    const held = this.#picture.rows().length;
    // Both: in the first seconds of a flood the counts are older than the rows.
    const wouldFit = Math.max(held, this.#picture.allOpen()) <= WHOLE_BELOW;
    if (!wouldFit && (held >= REFILL_BELOW || this.#picture.total() <= held)) return;
    this.#refilledAt = steady;
    if (wouldFit) this.#feed.restart(steady);
    else void this.#fill(this.#picture.book.filling());
  }

  async #fill(take) {
    const wanted = `/api/v1/alarms?state=${LISTED}&folded=false&limit=${ALARMS_HELD_MAX}`;
    try {
      take((await getJson(this.#withArea(wanted))).alarms);
    } catch {
      take([]); // asked for again after the gap
      return;
    }
    this.#drawAlarms();
  }

  /** Also before the first picture: a system that is lost from the start has its sound, too. */
  #ring(steady, { name }) {
    this.#loudspeaker.tick(steady, {
      alarms: this.#picture.book.rows(), isFlooded: this.#picture.flood() !== null, isLost: name === 'lost',
    });
  }

  /** For whoever watches the page by program. */
  #tell() {
    const hooks = {
      position: this.#position, received: this.#received, resumes: this.#feed.resumes,
      snapshots: this.#snapshots, page: this.#pages.shown.join(), pending: this.#picture.overview === null ? '' : this.#docs.pending,
    };
    for (const [name, value] of Object.entries(hooks)) mark(this.#root, name, value);
  }

  // -- what is drawn ------------------------------------------------------------------------------

  #resized() {
    const share = (1080 * this.#plainUnit) / window.innerHeight;
    this.#scale = wallScale(this.#asked.screenInch, this.#asked.distanceM, share);
    this.#root.style.setProperty('--wall-scale', String(this.#scale.scale));
    mark(this.#root, 'scale', this.#scale.scale > 1.15 ? 'large' : 'normal');
    this.#pages.fit();
    this.#draw(performance.now());
  }

  #draw(steady) {
    const now = this.#clock.at(steady);
    const state = this.#condition.at(steady, this.#server(steady));
    mark(this.#root, 'condition', state.name);
    mark(this.#root, 'stale', state.stale);
    const { heardAt } = this.#condition;
    this.#band.show(state, {
      now,
      stoppedAt: this.#stoppedAt(heardAt),
      note: this.#sizeNote() || this.#loudspeaker.note,
    });
    this.#head.showArea(this.#areas.shortName(this.#areaCode ?? this.#picture.area));
    this.#head.showTime(now, state.stale);
    if (this.#picture.overview === null) return;
    this.#head.showCounts(this.#picture.counts());
    this.#pages.draw(now);
    this.#drawStage(now);
    alignBlinking();
    this.#title();
  }

  /** When the figures stopped: with the feed, or with the reading behind a feed that still beats. */
  #stoppedAt(heardAt) {
    if (heardAt === null || this.#picture.overview === null) return null;
    const { asOfMs } = this.#picture;
    return asOfMs === null ? this.#clock.at(heardAt) : Math.min(asOfMs, this.#clock.at(heardAt));
  }

  /** Text that is too small to be read from where people stand is said, not shrunk. */
  #sizeNote() {
    return this.#scale.isTooSmall ? this.#say('band.small', { d: this.#asked.distanceM ?? DISTANCE_M }) : '';
  }

  /** At the foot, for a while: which words of the address are none of ours. */
  #sayDropped() {
    const names = [...this.#asked.dropped, sessionStorage.getItem(DROPPED_KEY)].filter(Boolean);
    sessionStorage.removeItem(DROPPED_KEY);
    write(part('dropped'), this.#say('shell.dropped', { x: names.join(', ') }));
    reveal(part('dropped'), names.length > 0);
    setTimeout(() => reveal(part('dropped'), false), DROPPED_MS);
  }

  #title() {
    const page = this.#say(TITLE_KEYS[this.#pages.shown[0]]);
    const n = this.#picture.total();
    const title = n > 0 ? this.#say('page.title.open', { n, page }) : this.#say('page.title.quiet', { page });
    if (document.title !== title) document.title = title;
  }

  #drawAlarms() {
    this.#rowsAreDue = false;
    if (this.#picture.overview === null) return;
    const now = this.#now();
    this.#queue.tick(now);
    this.#pages.drawAlarms(now);
    this.#drawStage(now);
    alignBlinking();
  }

  #drawStage(now) {
    this.#takeover.show(this.#queue.stage(now), now);
  }
}

const lang = chosenLang(new URLSearchParams(location.search).get('lang'));
document.documentElement.lang = htmlLang(lang);
const asked = readAddress(location.search);
const isStill = asked.isStill || matchMedia('(prefers-reduced-motion: reduce)').matches;
mark(document.documentElement, 'blink', isStill ? 'off' : 'on');
mark(document.documentElement, 'errors', 0);
reloadAfterErrors(() => Date.now(), (n, message) => {
  mark(document.documentElement, 'errors', n);
  mark(document.documentElement, 'error', message);
});
keepAwake();
new Wall(asked, sayer(await loadCatalogue(lang), lang), { lang, isStill }).start();
