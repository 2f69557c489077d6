// The cameras page: what they saw in the last hour beside the same hour of last week, how many are heard,
// which alarm most, and what is open.

import { countByArea } from '../alarms.js';
import { el, mark, write } from '../dom.js';
import { lastDay, lastHour } from '../times.js';
import { Bar, BarList } from './bars.js';
import { heading } from './blocks.js';
import { blindness, roundTop, silentClasses } from './coverage.js';
import { CommuneMap } from './commune_map.js';
import { keepAlarms, listed, openAlarms } from './fire_counts.js';
import { AlarmRows } from './rows.js';

const LABELS_MAX = 8;
const ASKED_MAX = 30; // what would be an alarm is seldom among the most frequent
const WORST_MAX = 2;

const LABEL_KEYS = {
  person: 'label.person', vehicle: 'label.vehicle', car: 'label.car', motorcycle: 'label.motorcycle',
  truck: 'label.truck', crowd: 'label.crowd', smoke: 'label.smoke', fire: 'label.fire',
  intrusion: 'label.intrusion', loitering: 'label.loitering', tamper: 'label.tamper',
  offline: 'label.offline', abandoned: 'label.abandoned', flood: 'label.flood',
  accident: 'label.accident', wrong_way: 'label.wrong_way',
};
const ALARMING = ['smoke', 'fire']; // these stay with 0

export class Cameras {
  root = el('section', { className: 'page cameras' });
  map;
  #ctx;
  #bars = new BarList();
  #heard = el('p', { className: 'word-line heard' });
  #heardWords = el('span');
  #silentWords = el('span');
  #heardBar = new Bar();
  #worst = el('ol', { className: 'worst' });
  #rows;

  constructor(ctx) {
    const { say } = ctx;
    this.#ctx = ctx;
    this.map = new CommuneMap(ctx, say('page.cameras'));
    this.#rows = new AlarmRows(ctx);
    this.#heard.append(this.#heardWords, this.#heardBar.root, this.#silentWords);
    this.root.append(this.map.root, el('div', { className: 'body' },
      heading(say('camera.by_label')), this.#bars.root, this.#heard,
      el('div', { className: 'optional' }, heading(say('camera.worst')), this.#worst), this.#rows.root));
    this.#rows.showLoading();
  }

  isEmpty() {
    return (this.#ctx.picture.source('camera')?.state ?? 'unknown') === 'unknown';
  }

  keep(when) {
    const { docs, area, now } = this.#ctx;
    docs.keep('figures', () => area('/api/v1/areas/figures'), when);
    docs.keep('labels', () => area(`/api/v1/series/by?${new URLSearchParams({
      metric: 'events', by: 'kind', source: 'camera', limit: String(ASKED_MAX), ...lastHour(now()),
    })}`), when);
    docs.keep('noise', () => area(`/api/v1/kpis?${new URLSearchParams({ from: lastDay(now()).from })}`), when);
    docs.keep('rules', () => '/api/v1/rules?limit=500', { ...when, everyMs: 600_000 });
    keepAlarms('camera', this.#ctx, when);
  }

  draw(now) {
    const { docs, say, unit } = this.#ctx;
    const { alarms: open } = openAlarms('camera', this.#ctx);
    this.#bars.show(this.#labels(open));
    this.#drawHeard();
    this.#drawWorst();
    this.drawAlarms(now);
    const areas = docs.get('figures')?.areas;
    const blind = new Map([...blindness(areas, ['camera'])].filter(([, how]) => how === 'blind'));
    this.map.show({ alarms: countByArea(open), classes: silentClasses(areas, ['camera']), blind }, unit());
    this.map.legend({
      title: say('legend.heard'), low: say('legend.all'), high: say('legend.half'),
      blind: say('legend.below_half'),
    });
  }

  drawAlarms(now) {
    const { picture } = this.#ctx;
    const { alarms, isWhole } = listed(openAlarms('camera', this.#ctx), picture);
    this.#rows.show({
      alarms, isWhole, total: alarms.length, lastClosedAt: null,
    }, now);
  }

  /** Each label of the last hour; what would be an alarm is named even when nobody saw it. */
  #labels(open) {
    const { docs, say, number } = this.#ctx;
    const found = docs.current('labels')?.rows;
    if (!found) return [];
    // A week ago there was no source yet: that is no zero.
    const hasWeek = found.some(({ week_ago: before }) => before > 0);
    const alarming = ALARMING.map((key) => found.find((row) => row.key === key) ?? { key, n: 0 });
    const others = found.filter(({ key }) => !ALARMING.includes(key));
    const rows = [...others.slice(0, LABELS_MAX - alarming.length), ...alarming];
    const top = roundTop(Math.max(...rows.flatMap(({ n, week_ago: before }) => [n, before ?? 0])));
    const burning = open.find(({ rule }) => rule === 'camera-fire');
    return rows.map(({ key, n, week_ago: before }) => ({
      key, label: LABEL_KEYS[key] ? say(LABEL_KEYS[key]) : key, text: number(n), value: n / top,
      aim: hasWeek && Number.isFinite(before) ? before / top : null,
      priority: burning && ALARMING.includes(key) && n > 0 ? burning.priority : null,
    }));
  }

  #drawHeard() {
    const { picture, say, number } = this.#ctx;
    const { known = 0, silent = 0 } = picture.source('camera')?.devices ?? {};
    mark(this.#heard, 'value', known - silent);
    write(this.#heardWords, known > 0
      ? say('camera.heard', { n: number(known - silent), of: number(known) }) : say('line.unheard'));
    write(this.#silentWords, known > 0 ? say('line.silent', { n: number(silent) }) : '');
    this.#heardBar.show({ value: known > 0 ? (known - silent) / known : null });
  }

  /** The cameras that alarm most in 24 hours, with how often that was wrong. */
  #drawWorst() {
    const { docs, say, number, areas } = this.#ctx;
    const figures = docs.current('noise');
    const rules = new Set((docs.get('rules')?.rules ?? [])
      .filter(({ body }) => body.source === 'camera').map(({ id }) => id));
    const worst = (figures?.top_10 ?? []).filter(({ rule }) => rules.has(rule)).slice(0, WORST_MAX);
    const lines = worst.map(({ device, area, n }) => {
      const closed = figures.precision_by_device.find((one) => one.source === 'camera' && one.device === device);
      const name = device ?? areas.shortName(area);
      if (!device || !Number.isFinite(closed?.precision)) return say('camera.bad', { name, n: number(n) });
      return say('camera.bad_false', { name, n: number(n), p: number(100 * (1 - closed.precision)) });
    });
    if (lines.length === 0) lines.push(figures && docs.get('rules') ? say('camera.no_bad') : say('page.loading'));
    while (this.#worst.children.length > lines.length) this.#worst.lastChild.remove();
    while (this.#worst.children.length < lines.length) this.#worst.append(el('li'));
    lines.forEach((line, i) => write(this.#worst.children[i], line));
  }
}
