// The two sheets of the report.

import { badge } from '../badges.js';
import { el } from '../dom.js';
import { date, instant, weekday } from '../formats.js';
import { bullet, communeMap, hourColumns, shades } from './drawn.js';
import { sentences } from './sentences.js';
import { calendarDay, moment, timeOfDay } from './writing.js';

const LEAST_ROWS = 2;
const FLOODS_MAX = 2;
const SILENCES_MAX = 3;
const BLIND_MAX = 8;

/** Both sheets of a report, and the lists that can give up rows, by sheet. */
export function sheets(of) {
  const first = sheet(1, of);
  const second = sheet(2, of);
  first.body.append(...(of.form === 'nd30' ? letterhead(of) : []), ...head(of));
  first.body.append(points(of), alarms(first, of));
  const beside = el('div', { className: 'beside' });
  beside.append(reports(first, of), land(of));
  first.body.append(incidents(first, of), beside);
  const pair = el('div', { className: 'pair' });
  pair.append(top(second, of), sources(second, of));
  second.body.append(desks(second, of), kpis(of), pair, method(of), signatures(of));
  return [first, second];
}

function sheet(n, { say }) {
  const body = el('div', { className: 'body' });
  const element = el('article', { className: 'sheet', data: { sheet: n } }, body);
  element.setAttribute('aria-label', say('report.page', { n }));
  if (n > 1) element.prepend(el('p', { className: 'number' }, String(n)));
  return { element, body, lists: [] };
}

// Heads ------------------------------------------------------------------------------------------

function head({ report, say, write, name, form, site }) {
  const where = report.area ? name(report.area) : say('report.province', { place: site.place });
  const day = calendarDay(report.date);
  const noon = instant(`${report.date}T12:00:00+07:00`);
  const late = report.late_events === null ? say('report.late_unknown') : say.n('report.late', report.late_events, { n: write.count(report.late_events) });
  const title = el('h1', {}, say('report.title', { date: date(noon) }));
  if (form === 'nd30') title.textContent = say('report.title_long', day);
  return [
    el('header', { className: 'head' }, title, el('p', { className: 'where' }, where)),
    el('p', { className: 'made' }, [
      `${say(weekday(noon))} ${date(noon)}, 00:00\u2013${timeOfDay(report.to, report.to)}`,
      say('report.made_at', { t: moment(report.as_of) }), late,
    ].join(' \u00b7 ')),
  ];
}

function letterhead({ report, say, site }) {
  const [day, month, year] = date(instant(report.as_of)).split('/');
  return [el('div', { className: 'letterhead' },
    el('div', {}, el('p', {}, site.parent), el('p', { className: 'strong' }, site.body), el('hr')),
    el('div', {},
      el('p', { className: 'strong' }, say('report.nation')), el('p', { className: 'motto' }, say('report.motto')), el('hr'),
      el('p', { className: 'place' }, say('report.place_date', { place: site.place, day, month, year }))))];
}

function section(n, title, ...children) {
  return el('section', {}, el('h2', {}, el('span', { className: 'n' }, String(n)), title), ...children);
}

function points(of) {
  const list = el('ul', { className: 'points', data: { points: '' } });
  list.append(...sentences(of.report, of.say, of.write).map((text) => el('li', {}, text)));
  return section(1, of.say('report.points'), list);
}

// Page 1 -----------------------------------------------------------------------------------------

function alarms(sheet_, { report, say, write, tables }) {
  const label = say('report.by_hour');
  const { picture, most } = hourColumns(report.alarms.by_hour, `${label}: ${report.alarms.by_hour.join(', ')}`);
  const axis = el('div', { className: 'axis' });
  axis.append(...[0, 6, 12, 18, 24].map((hour) => el('span', {}, `${String(hour).padStart(2, '0')}:00`)));
  const chart = el('figure', { className: 'day' },
    el('figcaption', {}, label), el('div', { className: 'plot' }, el('span', { className: 'most' }, write.count(most)), picture), axis);
  const { floods } = report.alarms;
  const said = floods.slice(0, FLOODS_MAX).map((flood) => say('report.flood', {
    from: timeOfDay(flood.from, report.to), to: flood.to ? timeOfDay(flood.to, report.to) : '\u2026',
    n: write.count(flood.alarms), peak: write.count(flood.peak_10m),
  }));
  const rest = floods.length > FLOODS_MAX ? [say('report.more', { n: floods.length - FLOODS_MAX })] : [];
  const note = el('p', { className: 'note' }, floods.length ? [...said, ...rest].join(' \u00b7 ') : say('report.no_floods'));
  return section(2, say('nav.alarms'), table('alarms', tables.alarms), chart, note);
}

function incidents(sheet_, { say, tables }) {
  const { rows, more } = tables.incidents;
  if (rows.length === 0) return section(3, say('nav.incidents'), el('p', { className: 'note' }, say('report.no_incidents')));
  return section(3, say('nav.incidents'), ...listed(sheet_, 'incidents', tables.incidents, { say, more, least: 1 }));
}

function reports(sheet_, { say, tables }) {
  const { rows } = tables.sos;
  const calls = rows.length ? listed(sheet_, 'sos', tables.sos, { say, least: 1 }) : [el('p', { className: 'note' }, say('report.no_sos'))];
  return section(4, say('report.reports'), ...listed(sheet_, 'categories', tables.categories, { say }), ...calls);
}

function land({ report, say, ground, areas }) {
  const figure = el('figure', { className: 'map' }, el('figcaption', {}, say('report.map')));
  if (!ground) return figure;
  const communes = Object.keys(report.map).length;
  figure.append(communeMap(ground, (code) => areas.point(code), report.map, {
    only: report.area, label: say('report.map_summary', { n: communes }),
  }));
  const legend = el('ul', { className: 'legend' });
  legend.append(...shades().map((text, i) => el('li', {}, el('i', { data: { shade: i + 1 } }), text)));
  figure.append(legend);
  return figure;
}

// Page 2 -----------------------------------------------------------------------------------------

function desks(sheet_, { say, tables }) {
  const { longest, rate } = tables.queues;
  const said = el('p', { className: 'note' }, `${say('report.longest')}: `, ...cell(longest), ` \u00b7 ${say('report.abandoned_rate')}: `, ...cell(rate));
  const halves = el('div', { className: 'halves' });
  halves.append(
    el('div', {}, ...listed(sheet_, 'queues', tables.queues, { say }), said),
    el('div', {}, ...listed(sheet_, 'offices', tables.offices, { say })));
  return section(5, say('nav.services'), table('dossiers', tables.dossiers), halves);
}

function kpis({ say, tables }) {
  return section(6, say('report.kpis'), table('kpis', tables.kpis));
}

function top(sheet_, { say, tables }) {
  const { rows, isUnknown } = tables.top;
  const title = say('report.top');
  if (rows.length === 0) return section(7, title, el('p', { className: 'note' }, isUnknown ? say('report.not_read') : say('report.no_alarms')));
  return section(7, title, ...listed(sheet_, 'top', tables.top, { say }));
}

function sources(sheet_, { report, say, name, tables }) {
  const { rows, isUnknown, silences } = tables.sources;
  const children = rows.length ? listed(sheet_, 'sources', tables.sources, { say }) : [el('p', { className: 'note' }, isUnknown ? say('report.not_read') : say('report.no_sources'))];
  const silent = el('p', { className: 'note', data: { silences: '' } });
  shortened(sheet_, silent, silences, { say, most: SILENCES_MAX, between: ' ' });
  const blind = el('span');
  const places = (report.blind ?? []).map((each) => say('report.blind_for', { name: name(each.area), h: Math.round(each.hours) }));
  shortened(sheet_, blind, places, { say, most: BLIND_MAX, between: ', ' });
  if (places.length === 0) blind.textContent = say(report.blind ? 'report.no_blind' : 'report.not_read');
  if (silences.length) children.push(silent);
  children.push(el('p', { className: 'note' }, el('b', {}, `${say('report.blind')}: `), blind));
  return section(8, say('nav.sources'), ...children);
}

/** Words one after the other, as many as there is room for; the others are counted. */
function shortened(sheet_, element, texts, { say, most, between }) {
  const take = (n) => {
    const left = texts.length - n;
    element.textContent = [...texts.slice(0, n), ...(left ? [say('report.more', { n: left })] : [])].join(between);
  };
  const rows = Math.min(most, texts.length);
  take(rows);
  sheet_.lists.push({ rows, least: Math.min(1, rows), take });
}

function method({ report, say }) {
  const shifts = section(9, say('report.shifts'), el('p', { className: 'lines' }), el('p', { className: 'lines' }));
  const how = section(10, say('report.method'), el('p', { className: 'note' }, say('report.method_text')));
  if (report.open) how.append(el('p', { className: 'note' }, say('report.open_text')));
  return el('div', { className: 'pair method' }, shifts, how);
}

function signatures({ report, say, form }) {
  const foot = el('footer', {},
    el('div', { className: 'sign' }, el('p', {}, say('report.made_by'))),
    el('div', { className: 'sign' }, el('p', {}, say('report.approved_by'))));
  const said = [...(form === 'nd30' ? [] : [say('report.no_document')]), say('report.as_of', { t: moment(report.as_of) })];
  return el('div', { className: 'end' }, foot, el('p', { className: 'foot' }, said.join(' \u00b7 ')));
}

// Tables -----------------------------------------------------------------------------------------

function listed(sheet_, id, model, { say, more = 0, least = LEAST_ROWS }) {
  const drawn = table(id, model);
  const note = el('p', { className: 'more' });
  const rows = [...drawn.tBodies[0].rows];
  const take = (n) => {
    rows.forEach((row, i) => { row.hidden = i >= n; });
    const left = more + rows.length - n;
    note.textContent = left > 0 ? say('report.more', { n: left }) : '';
    note.hidden = left <= 0;
  };
  take(rows.length);
  sheet_.lists.push({ rows: rows.length, least: Math.min(least, rows.length), take });
  return [drawn, note];
}

function table(id, { head: heads, rows, foot }) {
  const drawn = el('table', { data: { table: id } });
  const headRow = el('tr');
  headRow.append(...heads.map((text, i) => headed(text, i)));
  drawn.append(el('thead', {}, headRow));
  const body = el('tbody');
  body.append(...rows.map((cells) => line(cells)));
  drawn.append(body);
  if (foot) drawn.append(el('tfoot', {}, line(foot)));
  return drawn;
}

function headed(text) {
  const th = el(text ? 'th' : 'td', {}, text);
  if (text) th.scope = 'col';
  return th;
}

function line(cells) {
  const row = el('tr');
  row.append(...cells.map((value, i) => {
    const td = el(i === 0 ? 'th' : 'td', {}, ...cell(value));
    if (i === 0) td.scope = 'row';
    return td;
  }));
  return row;
}

function cell(value) {
  if (typeof value === 'string') return [value];
  if (value.bar) return [bullet(value.bar)];
  const mark = value.priority ? [badge(value.priority)] : [];
  return [...mark, value.text, ...(value.open ? [el('span', { className: 'star' }, '*')] : [])];
}
