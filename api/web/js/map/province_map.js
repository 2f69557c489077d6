// The map: land, devices, incidents and markers on one canvas with a few elements above it. Knows no page:
// what is picked is told by `onPick`, where it looks by `onView`.

import { PRIORITY_KEYS } from '../badges.js';
import { mark } from '../dom.js';
import { alarmPlaces } from './alarm_places.js';
import { BADGES_MAX, BadgeLayer } from './badge_layer.js';
import { levelOf } from './cluster.js';
import { Controls } from './controls.js';
import { Devices } from './devices.js';
import { Gestures } from './gestures.js';
import { Ground, boxOf } from './ground.js';
import { boxesOf, boxesOfMarks, communeMarkers, nearMarkers } from './markers.js';
import { blindness, fills } from './measures.js';
import { metresPerUnit, projected } from './projection.js';
import { Scene } from './scene.js';
import { discRadius } from './symbols.js';
import { Tip } from './tip.js';
import { tipOfArea, tipOfDevice, tipOfGroup } from './tips.js';
import { View, underway } from './view.js';

/** So many doublings nearer than the whole land, devices are shown: before, they would hide it. */
const DEVICES_FROM = 1.25;
const SETTLED_MS = 120;
const SLICE_MS = 8;
const FLIGHT_MS = 600;
const FRAME_PX = 48; // around a commune that is shown whole
const HIT_PX = 12; // half of the 24 px that a finger or a tired hand needs
/** Nearer to each other than this, devices are told apart by a list, not by another zoom. */
const APART_STEPS = 0.3;

export class ProvinceMap {
  #root;
  #ctx;
  #scene = new Scene();
  #view = new View();
  #layer = new BadgeLayer();
  #tip = new Tip();
  #controls;
  #ground = null;
  #devices = new Devices();
  #figures = {};
  #measure = 'alarms';
  #alarms = [];
  #places = alarmPlaces([], () => -1);
  #incidents = [];
  #chosen = null;
  #marks = [];
  #markers = [];
  #isDirty = true; // the land must be painted anew
  #frame = 0;
  #settling = 0;
  #building = null;
  #flight = null;
  #wanted = null; // where to look once there is room and land
  #wantedArea = null;
  #sizes;
  #themes;
  onPick = () => {};
  onView = () => {};

  /** `ctx`: {say, number, areas}. */
  constructor(root, ctx) {
    this.#root = root;
    this.#ctx = ctx;
    const { canvas } = this.#scene;
    root.classList.add('map');
    canvas.setAttribute('aria-label', ctx.say('page.loading'));
    canvas.tabIndex = 0;
    root.replaceChildren(canvas, this.#layer.root, this.#tip.root);
    this.#controls = new Controls(root, ctx, (steps) => this.zoomBy(steps));
    new Gestures(canvas, this.#view, {
      moved: () => this.#moved(),
      pointed: (x, y) => this.#point(x, y),
      left: () => this.#tip.leave(),
      clicked: (x, y) => this.#click(x, y),
      doubled: (x, y) => this.#double(x, y),
    });
    root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#tip.hide();
    });
    this.#sizes = new ResizeObserver(() => this.#resize());
    this.#sizes.observe(root);
    this.#themes = new MutationObserver(() => this.#repaint());
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    void document.fonts.ready.then(() => this.#dirty());
    this.#repaint();
  }

  // -- what is shown ------------------------------------------------------------------------------

  /** The answer of GET /areas/boundaries. */
  setGround({ features }) {
    this.#ground = new Ground(features, (code) => this.#ctx.areas.point(code));
    this.#scene.setGround(this.#ground);
    this.#view.setLand(this.#ground.box, 16);
    this.#arrive();
    this.#dirty();
  }

  /** The answer of GET /devices; `columnsOf` makes one of a few devices. */
  setDevices(answer) {
    this.#devices = new Devices(answer);
    performance.mark('ioc.map_devices');
    this.#building = null;
    this.setAlarms(this.#alarms);
  }

  /** The answer of GET /devices?since=. */
  patchDevices(answer) {
    if (this.#devices.patch(answer)) this.#building = null;
    this.setAlarms(this.#alarms);
  }

  /** `areas` of GET /areas/figures, and the measure that the communes are filled by. */
  setFigures(areas, measure = this.#measure) {
    this.#figures = areas;
    this.#measure = measure;
    this.#dirty();
  }

  /** Rows of open alarms that ask for a person. */
  setAlarms(rows) {
    for (const i of this.#places.byDevice.keys()) {
      if (i < this.#devices.size) this.#devices.clusters.setPriority(i, 0);
    }
    this.#alarms = rows;
    this.#places = alarmPlaces(rows, (source, device) => this.#devices.indexOf(source, device));
    for (const [i, { priority }] of this.#places.byDevice) this.#devices.clusters.setPriority(i, priority);
    this.#summarize();
    this.#dirty();
  }

  /** Incidents with a place: {lat, lon, radius_m, text}. */
  setIncidents(list) {
    this.#incidents = list.filter(({ lat, lon }) => Number.isFinite(lat) && Number.isFinite(lon)).map((each) => {
      const [x, y] = projected(each.lon, each.lat);
      return { x, y, units: each.radius_m / metresPerUnit(each.lat), text: each.text ?? '' };
    });
    this.#wish();
  }

  /** The one commune that the others stand back for, or null. */
  choose(code) {
    if (this.#chosen === code) return;
    this.#chosen = code;
    this.#dirty();
  }

  // -- where it looks -----------------------------------------------------------------------------

  get view() {
    return this.#view;
  }

  fit() {
    this.#view.fit();
    this.#moved();
  }

  zoomBy(steps) {
    if (steps === 0) this.#view.fit();
    else this.#view.zoomAt(this.#view.width / 2, this.#view.height / 2, steps);
    this.#moved();
  }

  /** Go to a place; in no time where motion is not wanted, or before anything is drawn. */
  flyTo({ lat, lon, zoom }, ms = FLIGHT_MS) {
    const [x, y] = projected(lon, lat);
    this.#fly({ x, y, zoom }, ms);
  }

  /** Show a commune whole. */
  flyToArea(code) {
    const commune = this.#ground?.get(code);
    if (commune && this.#view.width > 0) this.#fly(this.#view.framing(commune.box, FRAME_PX), FLIGHT_MS);
    else this.#wantedArea = code;
  }

  #fly(to, ms) {
    const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!this.#ground || this.#view.width === 0) {
      this.#wanted = to;
    } else if (isStill || ms === 0) {
      this.#view.put(to);
      this.#moved();
    } else {
      const { x, y, zoom } = this.#view;
      this.#flight = { from: { x, y, zoom }, to, begin: performance.now(), ms };
      this.#wish();
    }
  }

  #arrive() {
    if (!this.#ground || this.#view.width === 0) return;
    const commune = this.#ground.get(this.#wantedArea);
    const to = this.#wanted ?? (commune && this.#view.framing(commune.box, FRAME_PX));
    if (to) this.#view.put(to);
    this.#wanted = null;
    this.#wantedArea = null;
  }

  #moved() {
    this.#flight = null;
    this.#settle();
    this.#wish();
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      if (!this.#scene.isAt(this.#view)) this.#isDirty = true;
      if (this.#ground) this.onView(this.#view);
      this.#wish();
    }, SETTLED_MS);
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#root;
    if (width === 0 || height === 0) return;
    this.#view.resize(width, height);
    this.#arrive();
    this.#scene.resize(this.#view);
    this.#isDirty = true;
    this.draw(); // in this frame, or the picture would blink
  }

  // -- drawing ------------------------------------------------------------------------------------

  #repaint() {
    this.#scene.repaint();
    this.#dirty();
  }

  #dirty() {
    this.#isDirty = true;
    this.#wish();
  }

  #wish() {
    this.#frame ||= requestAnimationFrame((now) => {
      this.#frame = 0;
      this.#advance(now);
      this.draw();
    });
  }

  #advance(now) {
    if (!this.#flight) return;
    const { from, to, begin, ms } = this.#flight;
    const share = Math.min(Math.max((now - begin) / ms, 0), 1);
    this.#view.put(underway(from, to, share));
    if (share < 1) {
      this.#wish();
    } else {
      this.#flight = null;
      this.#settle();
    }
  }

  /** Whether devices are shown: the land is no longer seen whole. */
  get isNear() {
    return this.#view.zoom >= this.#view.fitZoom + DEVICES_FROM;
  }

  /** Draw now. */
  draw() {
    if (this.#view.width === 0) return;
    this.#marks = this.isNear ? this.#marksInView() : [];
    if (this.isNear || this.#isDirty) this.#placeMarkers();
    this.#paintLand();
    const to = this.#scene.draw(this.#view, {
      marks: this.#marks,
      incidents: this.#incidents.map(({ x: wx, y: wy, units, text }) => {
        const [x, y] = this.#view.toScreen(wx, wy);
        return { x, y, radius: units * this.#view.scale, text };
      }),
    });
    for (const each of this.#markers) {
      const [x, y] = this.#view.toScreen(each.x, each.y);
      [each.px, each.py] = [x + each.dx, y + each.dy];
      this.#layer.put(each.key, each.px, each.py);
    }
    this.#scene.drawMarkers(to, this.#markers);
    this.#controls.show(this.#view);
    this.#hook();
  }

  #paintLand() {
    if (!this.#ground || (!this.#isDirty && this.#scene.covers(this.#view))) return;
    this.#isDirty = false;
    this.#scene.paintLand(this.#view, {
      fills: fills(this.#figures, this.#measure),
      blind: new Map(this.#ground.communes.map(({ code }) => [code, blindness(this.#figures[code])])),
      chosen: this.#chosen,
      names: this.#ground.communes.map(({ code }) => ({ code, text: this.#ctx.areas.bareName(code) })),
      taken: [...boxesOf(this.#markers, this.#view), ...boxesOfMarks(this.#marks)],
      isNear: this.isNear,
      isFilled: this.#measure !== 'alarms',
    });
  }

  #marksInView() {
    this.#build();
    const marks = this.#devices.clusters.marks(this.#view.zoom, this.#view.box(32)) ?? [];
    for (const each of marks) {
      [each.px, each.py] = this.#view.toScreen(each.x, each.y);
      if (each.n === 1) each.kind = this.#devices.get(each.point).kind;
      else each.text = this.#ctx.number(each.n);
    }
    return marks;
  }

  #placeMarkers() {
    const pointOf = (code) => this.#ground?.get(code)?.point ?? null;
    if (this.isNear) {
      const { byDevice, stray } = this.#places;
      this.#markers = nearMarkers(
        this.#marks, { alarmed: byDevice.keys(), alarmOf: (i) => byDevice.get(i) }, stray, pointOf,
      );
    } else {
      this.#markers = communeMarkers(this.#places.byArea, (code) => this.#ground?.get(code), this.#view);
    }
    this.#layer.show(this.#markers.slice(0, BADGES_MAX).map((each) => ({
      key: each.key, priority: each.priority, state: each.state,
      text: each.n > 1 ? this.#ctx.number(each.n) : '', label: this.#markerName(each),
    })));
  }

  #markerName({ priority, n, code, title }) {
    const words = { priority: this.#ctx.say(PRIORITY_KEYS[priority - 1]), n: this.#ctx.number(n) };
    const place = code ? this.#ctx.areas.fullName(code) : title;
    return `${this.#ctx.say('priority.count', words)}, ${place}`;
  }

  // -- the index, built beside the frames -----------------------------------------------------------

  #build() {
    const { clusters } = this.#devices;
    if (this.#building || clusters.has(this.#view.zoom)) return;
    const job = clusters.building(levelOf(this.#view.zoom));
    this.#building = job;
    const idle = globalThis.requestIdleCallback ?? ((run) => setTimeout(run, 0));
    const go = () => {
      if (this.#building !== job) return;
      const until = performance.now() + SLICE_MS;
      let step = job.next();
      while (!step.done && performance.now() < until) step = job.next();
      if (step.done) {
        this.#building = null;
        performance.mark('ioc.map_index');
        this.#dirty(); // names make room for the new marks
      } else {
        idle(go, { timeout: 50 });
      }
    };
    idle(go, { timeout: 50 });
  }

  // -- hands ----------------------------------------------------------------------------------------

  /** What lies at a point of the screen: a marker, a cluster or device, or a commune. */
  #at(x, y) {
    const isOn = (each, r) => Math.abs(each.px - x) <= r && Math.abs(each.py - y) <= r;
    const marker = this.#markers.find((each) => isOn(each, HIT_PX));
    if (marker) return { kind: 'marker', marker };
    const found = this.#marks.findLast((each) => isOn(each, Math.max(HIT_PX, each.n > 1 ? discRadius(each.n) : 0)));
    if (found) return { kind: 'mark', found };
    const code = this.#ground?.at(...this.#view.toWorld(x, y)) ?? null;
    return code ? { kind: 'area', code } : null;
  }

  #point(x, y) {
    const hit = this.#at(x, y);
    if (!hit) {
      this.#tip.leave();
      return;
    }
    const [key, lines] = this.#told(hit);
    this.#tip.show(key, lines, x, y, this.#view);
  }

  #told({ kind, marker, found, code }) {
    if (kind === 'marker' && !marker.code) {
      return [`alarm ${marker.key}`, [marker.title, this.#markerName({ ...marker, title: '' }).replace(/, $/, '')]];
    }
    if (kind === 'mark' && found.n === 1) {
      const device = this.#devices.get(found.point);
      return [`device ${found.point}`, tipOfDevice(this.#ctx, device)];
    }
    if (kind === 'mark') return [`mark ${found.level.zoom} ${found.c}`, tipOfGroup(this.#ctx, found)];
    const area = code ?? marker.code;
    return [`area ${area}`, tipOfArea(this.#ctx, area, this.#figures[area])];
  }

  /** The lines about a commune, for a list beside the map that has the focus. */
  tellArea(code) {
    const commune = this.#ground?.get(code);
    if (!commune) return;
    const [x, y] = this.#view.toScreen(...commune.point);
    const isSeen = x >= 0 && y >= 0 && x <= this.#view.width && y <= this.#view.height;
    if (isSeen) this.#tip.show(`area ${code}`, tipOfArea(this.#ctx, code, this.#figures[code]), x, y, this.#view);
    else this.#tip.hide();
  }

  tellNothing() {
    this.#tip.hide();
  }

  #click(x, y) {
    const hit = this.#at(x, y);
    if (!hit) return;
    const { kind, marker, found, code } = hit;
    if (kind === 'area') this.onPick({ kind: 'area', id: code });
    else if (kind === 'marker') this.#pickMarker(marker);
    else this.#pickMark(found);
  }

  #pickMarker({ n, id, code, key }) {
    const under = this.#marks.find(({ level, c }) => `${level.zoom} ${c}` === key);
    if (n === 1) this.onPick({ kind: 'alarm', id });
    else if (code) this.onPick({ kind: 'area', id: code });
    else if (under) this.#pickMark(under);
  }

  #pickMark(found) {
    const members = this.#devices.clusters.members(found);
    if (found.n === 1) {
      this.onPick({ kind: 'device', id: this.#devices.get(members[0]) });
      return;
    }
    const points = Float64Array.from(members.flatMap((i) => {
      const { x, y } = this.#devices.get(i);
      return [x, y];
    }));
    const to = this.#view.framing(boxOf([points]), 64);
    if (to.zoom - this.#view.zoom > APART_STEPS) this.#fly(to, 400);
    else this.onPick({ kind: 'devices', id: members.map((i) => this.#devices.get(i)) });
  }

  #double(x, y) {
    const code = this.#ground?.at(...this.#view.toWorld(x, y)) ?? null;
    if (code) this.onPick({ kind: 'filter', id: code });
  }

  // -- for who does not see it, and for tests ---------------------------------------------------------

  #summarize() {
    const n = this.#places.byArea.size;
    const text = this.#ctx.say('map.summary', { n: this.#ctx.number(n) });
    this.#scene.canvas.setAttribute('aria-label', text);
    mark(this.#scene.canvas, 'mapSummary', n);
  }

  #hook() {
    mark(this.#root, 'zoom', this.#view.zoom.toFixed(2));
    mark(this.#root, 'near', this.isNear);
    mark(this.#root, 'marks', this.#marks.length);
    mark(this.#root, 'devices', this.#devices.size);
    mark(this.#root, 'index', this.#devices.clusters.has(this.#view.zoom));
    mark(this.#root, 'land', this.#scene.hasLand);
  }

  destroy() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
    this.#building = null;
    this.#sizes.disconnect();
    this.#themes.disconnect();
    this.#tip.hide();
    this.#root.replaceChildren();
  }
}
