// The stage that a new alarm of priority 1 takes over, and the red band that stays until somebody
// acknowledges. Which of them is shown is decided in stage_queue.js.

import { badge, lookOf, setLook } from '../badges.js';
import { countByArea, tailOf } from '../alarms.js';
import { el, mark, reveal, write } from '../dom.js';
import { clockTime, instant, running, secondsBetween } from '../formats.js';
import { subjectOf } from '../subject.js';
import { titleOf } from '../titles.js';
import { CommuneMap } from './commune_map.js';
import { FLIGHT_MS } from './flight.js';
import { fitRoom, isWhole } from './room.js';

const GUIDANCE_MAX = 3;
const LINE_UNITS = 114;
const REST_UNITS = 84;
const SUBJECT_MAX = 14; // letters of a device or number beside a place
const NEAR_MAX = 50;
const DOT_UNITS = 9;

export class Takeover {
  #map;
  #ctx;
  #root;
  #band;
  #isStill;
  #place = ''; // what the map looks at
  #devices = '';
  #fitted = ''; // for what its room was measured
  #list = el('ol', { className: 'stage-list' });
  #parts = {
    marker: el('span', { className: 'stage-marker' }, badge(1)),
    title: el('p', { className: 'stage-title' }),
    place: el('p', { className: 'stage-place' }),
    device: el('p', { className: 'stage-device' }),
    time: el('time', { className: 'stage-time' }),
    guidance: el('ol', { className: 'stage-guidance', lang: 'vi' }),
    owner: el('p', { className: 'stage-owner' }),
    rest: el('p', { className: 'stage-rest' }, el('span'), el('span'), el('time')),
  };
  #panel;

  constructor(ctx, { root, band, isStill }) {
    this.#ctx = ctx;
    this.#root = root;
    this.#band = band;
    this.#isStill = isStill;
    this.#map = new CommuneMap(ctx);
    const { marker, title, place, device, time, guidance, owner, rest } = this.#parts;
    const pin = el('span', { className: 'stage-pin' }, badge(1));
    this.#map.root.append(pin); // the place flown to is in the middle
    this.#panel = el('section', { className: 'stage-panel' },
      el('div', { className: 'stage-head' }, marker, el('div', { className: 'stage-what' }, title, place, device)),
      el('div', { className: 'stage-since' }, time, owner),
      el('h2', { className: 'heading' }, ctx.say('stage.guidance')), guidance, this.#list, rest);
    root.append(this.#map.root, this.#panel);
  }

  /** Outlines that come when the stage is already taken: the map goes to its place with the next look. */
  fill(boundaries) {
    this.#map.fill(boundaries);
    this.#place = '';
  }

  /** What the next tick asks for: the devices around the place. */
  keep(when, { kind, rows }) {
    if (kind !== 'one') return;
    const { docs } = this.#ctx;
    const [{ id }] = rows;
    if (this.#devices !== id) docs.forget(`near.${this.#devices}`);
    this.#devices = id;
    docs.keep(`near.${id}`, () => `/api/v1/alarms/${id}/evidence?radius_m=500&minutes=10`, {
      ...when, everyMs: 600_000,
    });
  }

  /** Draw what StageQueue.stage says. */
  show(stage, now) {
    const wasHidden = this.#root.hidden;
    reveal(this.#root, stage.kind !== 'none');
    mark(this.#root, 'stage', stage.kind);
    this.#drawBand(stage.band, now);
    if (stage.kind === 'none') {
      this.#place = '';
      return;
    }
    if (wasHidden) this.#map.fit();
    if (stage.kind === 'one') this.#drawOne(stage, now);
    else this.#drawList(stage, now);
    this.#drawRest([...stage.rows.slice(stage.kind === 'list' ? this.#listRoom() : 1), ...stage.rest], now);
    this.#fit();
  }

  /** What is least needed steps aside; then whole lines of guidance do, from the end, but never a part of a line. */
  #fit() {
    const { guidance, title, place, device, owner, rest } = this.#parts;
    const words = [guidance, title, place, device, owner].map(({ textContent }) => textContent);
    const state = JSON.stringify([words, rest.hidden, this.#root.dataset.stage, this.#panel.clientHeight, this.#panel.clientWidth]);
    if (state === this.#fitted) return;
    this.#fitted = state;
    const lines = [...guidance.children];
    for (const line of lines) reveal(line, true);
    fitRoom(this.#root, [this.#panel]);
    while (lines.length > 1 && !isWhole(this.#panel)) reveal(lines.pop(), false);
  }

  #since(alarm, now) {
    return running(secondsBetween(instant(alarm.raised_at) ?? now, now), this.#ctx.say);
  }

  /** The place and, where the alarm has one, what tells it from others there. */
  #where(alarm) {
    const subject = tailOf(subjectOf(alarm), SUBJECT_MAX);
    return [this.#ctx.areas.shortName(alarm.area, alarm.area_name), subject].filter(Boolean).join(' \u00b7 ');
  }

  #title(alarm) {
    return titleOf(alarm, this.#ctx.lang);
  }

  #drawOne({ rows: [alarm] }, now) {
    const { say, areas } = this.#ctx;
    const { marker, title, place, device, time, owner } = this.#parts;
    mark(this.#root, 'alarmed', alarm.id);
    mark(this.#root, 'state', alarm.ended_at ? 'ended' : alarm.state);
    setLook(marker.firstChild, lookOf(alarm.state));
    write(title, this.#title(alarm));
    write(place, alarm.area_name ?? areas.shortName(alarm.area));
    write(device, alarm.device ? say('stage.device', { device: alarm.device }) : subjectOf(alarm));
    write(time, this.#since(alarm, now));
    reveal(device, device.textContent !== '');
    write(owner, this.#answer(alarm));
    this.#drawGuidance(alarm.guidance ?? []);
    this.#flyTo(alarm);
  }

  #answer(alarm) {
    const { say } = this.#ctx;
    const isAnswered = alarm.acknowledged_at !== null && alarm.acknowledged_at === alarm.ended_at; // with that it ended
    if (alarm.ended_at && !isAnswered) return say('stage.ended', { t: clockTime(instant(alarm.ended_at)) });
    if (alarm.state === 'returned') return say('state.returned');
    if (alarm.state !== 'acknowledged' && !isAnswered) return alarm.assignee || say('alarm.nobody');
    const at = instant(alarm.acknowledged_at);
    return say('stage.acknowledged', {
      name: alarm.acknowledged_by ?? say('page.unknown'), t: at === null ? say('page.unknown') : clockTime(at),
    });
  }

  #drawGuidance(lines) {
    const { guidance } = this.#parts;
    const shown = lines.slice(0, GUIDANCE_MAX);
    while (guidance.children.length > shown.length) guidance.lastChild.remove();
    while (guidance.children.length < shown.length) guidance.append(el('li'));
    shown.forEach((line, i) => write(guidance.children[i], line));
    reveal(guidance.previousElementSibling, shown.length > 0);
  }

  /** The map goes to the place once; then the devices around it come as points. */
  #flyTo(alarm) {
    const { docs, unit } = this.#ctx;
    const near = docs.get(`near.${alarm.id}`)?.devices;
    const key = `${alarm.id} ${near?.length} ${unit()}`;
    if (this.#place === key) return;
    const isNew = !this.#place.startsWith(alarm.id);
    this.#place = key;
    this.#map.show({ alarms: countByArea([alarm]) }, unit());
    this.#map.showMarks(false);
    const lonLat = Number.isFinite(alarm.lon) && Number.isFinite(alarm.lat) ? [alarm.lon, alarm.lat] : null;
    const isThere = this.#map.flyTo(alarm.area, lonLat, this.#isStill || !isNew);
    mark(this.#root, 'placed', isThere);
    const draw = () => {
      if (this.#place !== key) return;
      const points = (near ?? []).filter(({ lon, lat }) => Number.isFinite(lon) && Number.isFinite(lat));
      this.#map.dots(points.slice(0, NEAR_MAX).map(({ lon, lat, silent }) => ({ lon, lat, isSilent: silent })),
        (DOT_UNITS * unit()) / this.#map.zoom);
    };
    if (this.#isStill || !isNew) draw();
    else setTimeout(draw, FLIGHT_MS + 50);
  }

  /** How many lines of the list stand above the line of the others. */
  #listRoom() {
    const units = this.#panel.clientHeight / this.#ctx.unit();
    return Math.max(1, Math.floor((units - REST_UNITS) / LINE_UNITS));
  }

  #drawList({ rows: all, rest }, now) {
    const { unit } = this.#ctx;
    const rows = all.slice(0, this.#listRoom());
    mark(this.#root, 'alarmed', '');
    mark(this.#root, 'state', '');
    mark(this.#root, 'placed', false);
    const key = `list ${rows.map(({ id }) => id).join()} ${unit()}`;
    if (this.#place !== key) {
      this.#place = key;
      this.#map.flyHome(true);
      this.#map.dots([], 0);
      this.#map.show({ alarms: countByArea([...all, ...rest]) }, unit());
      this.#map.showMarks(true);
    }
    while (this.#list.children.length > rows.length) this.#list.lastChild.remove();
    while (this.#list.children.length < rows.length) {
      this.#list.append(el('li', {}, badge(1), el('span', { className: 'title' }),
        el('span', { className: 'place' }), el('time', { className: 'time' })));
    }
    rows.forEach((alarm, i) => {
      const line = this.#list.children[i];
      mark(line, 'listed', alarm.id);
      setLook(line.children[0], lookOf(alarm.state));
      write(line.children[1], this.#title(alarm));
      write(line.children[2], this.#where(alarm));
      write(line.children[3], this.#since(alarm, now));
    });
  }

  /** The others in one line: how many, and the newest of them by name. */
  #drawRest(rest, now) {
    const { say, number, areas } = this.#ctx;
    reveal(this.#parts.rest, rest.length > 0);
    mark(this.#parts.rest, 'value', rest.length);
    if (rest.length === 0) return;
    const [newest] = rest;
    const [count, place, time] = this.#parts.rest.children;
    write(count, say('stage.rest', { n: number(rest.length) }));
    write(place, areas.shortName(newest.area, newest.area_name));
    write(time, this.#since(newest, now));
  }

  #drawBand(band, now) {
    const { say, number } = this.#ctx;
    reveal(this.#band, band.length > 0);
    mark(this.#band, 'value', band.length);
    if (band.length === 0) return;
    if (this.#band.children.length === 0) {
      this.#band.append(badge(1), el('span', { className: 'title' }),
        el('span', { className: 'more' }), el('span', { className: 'place' }), el('time', { className: 'time' }));
    }
    const [newest] = band;
    const [marker, title, more, place, time] = this.#band.children;
    setLook(marker, lookOf(newest.state));
    write(title, this.#title(newest));
    write(more, band.length > 1 ? say('alarm.more', { n: number(band.length - 1) }) : '');
    write(place, this.#where(newest));
    write(time, this.#since(newest, now));
  }
}
