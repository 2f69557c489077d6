// The incidents page: at most four, the worst in full with its timeline, the others in two lines.

import { tailOf } from '../alarms.js';
import { badge, SEVERITIES } from '../badges.js';
import { el, mark, reveal, write } from '../dom.js';
import { instant, running, secondsBetween, shortTime } from '../formats.js';
import { subjectOf } from '../subject.js';
import { numberOf, titleOf } from '../titles.js';
import { CommuneMap } from './commune_map.js';
import { isWhole } from './room.js';
import { timeline } from './timeline.js';

const SHOWN_MAX = 4;
const STEPS_MAX = 4;
const SUBJECT_MAX = 10; // letters of a device or number under a step

function byUrgency(a, b) {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
    || (instant(b.began_at) ?? 0) - (instant(a.began_at) ?? 0);
}

export class IncidentsPage {
  root = el('section', { className: 'page incidents' });
  map;
  #ctx;
  #entries = new Map(); // id -> its parts
  #asked = [];
  #body = el('div', { className: 'body' });
  #list = el('ol', { className: 'incident-list' });
  #none = el('p', { className: 'note' });
  #more = el('p', { className: 'note' });

  constructor(ctx) {
    this.#ctx = ctx;
    this.map = new CommuneMap(ctx, ctx.say('page.incidents'));
    write(this.#none, ctx.say('page.loading'));
    reveal(this.#more, false);
    this.#body.append(this.#none, this.#list, this.#more);
    this.root.append(this.map.root, this.#body);
  }

  isEmpty() {
    return (this.#ctx.picture.overview?.incidents?.open ?? 0) === 0;
  }

  keep(when) {
    const { docs } = this.#ctx;
    const shown = this.#shown();
    for (const id of this.#asked) if (!shown.some((one) => one.id === id)) docs.forget(`incident.${id}`);
    this.#asked = shown.map(({ id }) => id);
    for (const { id, version } of shown) {
      docs.keep(`incident.${id}`, () => `/api/v1/incidents/${id}`, { ...when, key: version });
    }
  }

  draw(now) {
    const { picture, say, unit } = this.#ctx;
    const shown = this.#shown();
    const open = picture.overview.incidents?.open ?? 0;
    for (const [id, { root }] of this.#entries) {
      if (shown.some((one) => one.id === id)) continue;
      root.remove();
      this.#entries.delete(id);
    }
    write(this.#none, say('incident.none'));
    reveal(this.#none, open === 0);
    shown.forEach((incident, i) => this.#draw(incident, i, now));
    this.#fit(shown, open);
    this.map.show({ alarms: this.#byArea(shown), rings: shown.flatMap(ring) }, unit());
  }

  /** As many as there is room for, and how many more there are. */
  #fit(shown, open) {
    const { say, number } = this.#ctx;
    let drawn = shown.length;
    do {
      shown.forEach(({ id }, i) => reveal(this.#entries.get(id).root, i < drawn));
      reveal(this.#more, open > drawn);
      write(this.#more, say('incident.more', { n: number(open - drawn) }));
      drawn -= 1;
    } while (drawn >= 1 && !isWhole(this.#body));
  }

  #shown() {
    const { picture, areaCode } = this.#ctx;
    const newest = picture.overview?.incidents?.newest ?? [];
    return newest.filter(({ area }) => !areaCode || area === areaCode).sort(byUrgency).slice(0, SHOWN_MAX);
  }

  /** The communes of the incidents, in the colour of the worst member; the numbered rings say which. */
  #byArea(shown) {
    const areas = {};
    for (const { area, severity } of shown) if (area) areas[area] ??= { [severity]: 1 };
    return areas;
  }

  #draw(incident, i, now) {
    const { say, number, areas, docs, lang } = this.#ctx;
    const entry = this.#entries.get(incident.id) ?? this.#made(incident);
    if (this.#list.children[i] !== entry.root) this.#list.insertBefore(entry.root, this.#list.children[i] ?? null);
    const priority = SEVERITIES.indexOf(incident.severity) + 1;
    if (entry.root.dataset.priority !== String(priority)) {
      mark(entry.root, 'priority', priority);
      entry.marker.replaceChildren(badge(priority));
    }
    write(entry.number, number(i + 1));
    write(entry.title, `${numberOf(incident)} ${titleOf(incident, lang)}`);
    write(entry.time, running(secondsBetween(instant(incident.began_at) ?? now, now), say));
    write(entry.place, areas.shortName(incident.area, incident.area_name));
    write(entry.size, say('incident.size', {
      n: number(incident.alarms), m: number(Math.round(incident.radius_m)),
    }));
    write(entry.lead, incident.lead ? say('incident.led_by', { name: incident.lead }) : say('incident.no_lead'));
    const whole = docs.get(`incident.${incident.id}`);
    const steps = timeline(pieces(whole), STEPS_MAX);
    const state = JSON.stringify(steps);
    if (entry.drawn === state) return;
    entry.drawn = state;
    entry.steps.replaceChildren(...steps.map(({ at, source, subject }) => el('li', {},
      el('time', {}, shortTime(at, now)), el('span', {}, sourceName(source, say)),
      el('span', {}, tailOf(subject, SUBJECT_MAX)))));
  }

  #made({ id }) {
    const parts = {
      number: el('span', { className: 'ring-number' }),
      marker: el('span', { className: 'marker' }),
      title: el('span', { className: 'title' }),
      time: el('time', { className: 'time' }),
      place: el('span', { className: 'place' }),
      size: el('span', { className: 'size' }),
      lead: el('span', { className: 'lead' }),
      steps: el('ol', { className: 'timeline' }),
      drawn: '',
    };
    const root = el('li', { className: 'incident', data: { incident: id } },
      el('p', { className: 'incident-head' }, parts.number, parts.marker, parts.title, parts.time),
      el('p', { className: 'incident-where' }, parts.place, parts.size),
      el('p', { className: 'incident-lead' }, parts.lead),
      parts.steps);
    const entry = { root, ...parts };
    this.#entries.set(id, entry);
    return entry;
  }
}

/** What its rule has found; one that a person made has its alarms alone. */
function pieces(whole) {
  if (!whole) return [];
  if (whole.evidence.length > 0) return whole.evidence.map((piece) => ({ ...piece, subject: subjectOf({ ...piece, title: '' }) }));
  return whole.members.map(({ alarm }) => ({ source: alarm.source, from_at: alarm.raised_at, subject: subjectOf(alarm) }));
}

function ring({ lat, lon, radius_m: radiusM }, i) {
  return Number.isFinite(lat) && Number.isFinite(lon) ? [{ lat, lon, radiusM, label: String(i + 1) }] : [];
}

const SOURCE_KEYS = {
  camera: 'source.camera', fire: 'source.fire', citizen: 'source.citizen', queue: 'source.queue',
};

/** A source in words; one that a site has added keeps its own name. */
export function sourceName(source, say) {
  return SOURCE_KEYS[source] ? say(SOURCE_KEYS[source]) : source;
}
