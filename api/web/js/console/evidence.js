// The second tab: pictures, the last hour, what stands near and what it said, reports of citizens.

import { SEVERITIES, badge, svg } from '../badges.js';
import { withQuery } from '../api.js';
import { el } from '../dom.js';
import { clockTime, dateTime, instant } from '../formats.js';
import { drawSpark } from '../chart/spark.js';
import { lastHour } from '../times.js';
import { note, row, table } from './controls.js';
import { LABEL_KEYS, READING_KEYS, REPORT_KEYS, SOURCE_KEYS, word } from './life.js';
import { drawPlan } from './plan.js';
import { metres, nearRows, picturesOf } from './proof.js';
import { reliabilityLine } from './guidance.js';

const PICTURES_MAX = 4;
const ROWS_MAX = 20;
const RADIUS_M = 500;
const MINUTE_MS = 60_000;

export class EvidenceTab {
  #ctx;
  #sparkOf = null;
  #sparkMinute = null;

  constructor(root, ctx) {
    this.#ctx = ctx;
    this.parts = Object.fromEntries(['reliability', 'pictures', 'hour', 'near', 'reports'].map((name) => [
      name, el('section', { className: 'block', data: { block: name } }),
    ]));
    root.append(...Object.values(this.parts));
  }

  /** `evidence`: null while it is read, undefined when it could not be. */
  draw(alarm, evidence) {
    const { say } = this.#ctx;
    const { reliability, pictures, hour, near, reports } = this.parts;
    reliability.replaceChildren(el('h3', {}, say('detail.reliability')), reliabilityLine(evidence, say));
    const isHere = Boolean(evidence);
    for (const part of [pictures, near, reports]) part.hidden = !isHere;
    if (this.#sparkOf !== alarm.id) void this.#hour(alarm, hour);
    if (!isHere) return;
    this.#drawPictures(evidence, alarm, pictures);
    this.#drawNear(evidence, alarm, near);
    this.#drawReports(evidence, reports);
  }

  /** Ask for the last hour again when a minute has passed. */
  tick(alarm) {
    if (this.#sparkMinute !== this.#minute()) void this.#hour(alarm, this.parts.hour);
  }

  #minute() {
    return Math.floor(this.#ctx.store.now() / MINUTE_MS);
  }

  #drawPictures(evidence, alarm, root) {
    const { say } = this.#ctx;
    const shown = picturesOf(evidence, PICTURES_MAX);
    root.hidden = alarm.source !== 'camera' && shown.length === 0;
    const wanted = shown.map(({ picture }) => picture).join(' ');
    if (shown.length && root.dataset.pictures === wanted) return; // each look is logged: none in vain, nor one that failed
    root.dataset.pictures = wanted;
    const figures = shown.map((event) => {
      const image = el('img');
      const values = { device: event.device, t: dateTime(instant(event.time)), kind: saidBy(event, say) };
      image.alt = say('evidence.picture_of', values);
      image.src = event.picture;
      image.addEventListener('error', () => image.replaceWith(note(say('evidence.picture_failed'), 'failed')));
      return el('figure', {}, image, el('figcaption', {}, say('evidence.picture_of', values)));
    });
    root.replaceChildren(
      el('h3', {}, say('evidence.pictures')),
      figures.length ? el('div', { className: 'pictures' }, ...figures) : note(say('evidence.no_picture')),
    );
  }

  async #hour(alarm, root) {
    const { say, call, store, areas } = this.#ctx;
    this.#sparkOf = alarm.id;
    this.#sparkMinute = this.#minute();
    const query = { metric: 'events', step: '1m', source: alarm.source, area: alarm.area, ...lastHour(store.now()) };
    const { ok, body } = await call('GET', withQuery('/api/v1/series', query));
    if (this.#sparkOf !== alarm.id) return;
    const place = areas.shortName(alarm.area, alarm.area_name);
    const title = el('h3', {}, say('evidence.hour', { source: word(SOURCE_KEYS, alarm.source, say), place }));
    if (!ok) {
      root.replaceChildren(title, note(say('chart.failed'), 'failed'));
      return;
    }
    const counts = body.points.map(({ n }) => n);
    const sum = counts.reduce((a, b) => a + b, 0);
    const label = say('chart.summary', { sum: this.#ctx.number(sum), max: this.#ctx.number(Math.max(0, ...counts)) });
    const spark = svg('svg', { class: 'spark' });
    drawSpark(spark, body.points, { label });
    root.replaceChildren(title, spark, el('p', { className: 'small muted' }, label));
  }

  #drawNear(evidence, alarm, root) {
    const { say, lang } = this.#ctx;
    const rows = nearRows(evidence);
    const title = el('h3', {}, say('evidence.near', { n: rows.length }));
    if (rows.length === 0) {
      root.replaceChildren(title, note(say('evidence.nothing_near')));
      return;
    }
    const { root: made, body } = table(say('evidence.near', { n: rows.length }), [
      [say('evidence.device')], [say('evidence.distance'), 'figure'], [say('evidence.said')], [say('evidence.heard'), 'figure'],
    ]);
    body.append(...rows.slice(0, ROWS_MAX).map((device) => this.#nearRow(device)));
    const parts = [title];
    const centre = centreOf(alarm, evidence);
    if (centre) {
      const own = { ...centre, priority: SEVERITIES.indexOf(alarm.severity) + 1 };
      parts.push(drawPlan({ devices: evidence.devices, alarms: [own] }, centre, {
        radiusM: RADIUS_M,
        label: say('evidence.plan', { n: rows.length, r: RADIUS_M }),
        half: metres(RADIUS_M / 2, lang),
        whole: metres(RADIUS_M, lang),
      }));
    }
    parts.push(made);
    if (rows.length > ROWS_MAX) parts.push(note(say('alarm.more', { n: rows.length - ROWS_MAX })));
    root.replaceChildren(...parts);
  }

  #nearRow(device) {
    const { say, lang } = this.#ctx;
    const name = el('span', { className: 'code' }, device.device);
    const kind = el('span', { className: 'small muted' }, word(SOURCE_KEYS, device.source, say));
    const alarm = device.alarm ? badge(SEVERITIES.indexOf(device.alarm.severity) + 1, { label: say('evidence.in_alarm') }) : '';
    const said = device.said
      ? say('evidence.said_at', { kind: saidBy(device.said, say), t: clockTime(instant(device.said.time)) })
      : say('page.unknown');
    const heard = device.silent
      ? say('line.silent_since', { t: clockTime(instant(device.last_seen)) })
      : clockTime(instant(device.last_seen));
    return row(
      [[el('div', { className: 'named' }, alarm, name, kind)], [metres(device.distance_m, lang) ?? say('page.unknown'), 'figure'], said, [heard, 'figure']],
      { device: device.device, silent: device.silent },
    );
  }

  #drawReports(evidence, root) {
    const { say, lang } = this.#ctx;
    const title = el('h3', {}, say('evidence.reports', { n: evidence.reports.length }));
    const lines = evidence.reports.map(({ report, category, status, emergency, opened_at: at, distance_m: far }) => el(
      'li', { data: { report } },
      el('span', { className: 'code' }, report),
      ` ${emergency ? `${say('evidence.sos')} \u00b7 ` : ''}${category} \u00b7 ${word(REPORT_KEYS, status, say)} \u00b7 ${clockTime(instant(at))} \u00b7 ${metres(far, lang)}`,
    ));
    root.replaceChildren(title, lines.length ? el('ul', { className: 'lines' }, ...lines) : note(say('evidence.no_report')));
  }
}

/** Where the alarm is: its own place, or that of the device that stands at no distance. */
function centreOf(alarm, { devices }) {
  if (alarm.lat !== null && alarm.lon !== null) return { lat: alarm.lat, lon: alarm.lon };
  const own = devices.find(({ distance_m: far, lat }) => far === 0 && lat !== null);
  return own ? { lat: own.lat, lon: own.lon } : null;
}

/** What an event says in words: a detector's state, a camera's finding. */
function saidBy({ source, kind, state }, say) {
  return source === 'fire' ? word(READING_KEYS, state ?? kind, say) : word(LABEL_KEYS, kind, say);
}
