// The daily report: asks for one document and draws it on two sheets.

import { call, withQuery } from '../api.js';
import { Areas } from '../areas.js';
import { el, part } from '../dom.js';
import { date, instant } from '../formats.js';
import { chosenLang, htmlLang, LANGS, loadCatalogue, sayer } from '../i18n.js';
import { fit } from './fit.js';
import { fullName, placeNames } from './places.js';
import { sheets } from './sheets.js';
import { tablesOf } from './tables.js';
import { writing } from './writing.js';

const TIMEOUT_MS = 30_000; // a day of a large province is read in some seconds
const FORMS = ['', 'nd30'];

const asked = new URLSearchParams(location.search);
const lang = chosenLang(asked.get('lang'));
const view = {
  date: asked.get('date') ?? '', area: asked.get('area') ?? '', lang,
  form: FORMS.includes(asked.get('form')) ? asked.get('form') : '',
};
document.documentElement.lang = htmlLang(lang);
document.documentElement.dataset.report = 'loading';
const say = sayer(await loadCatalogue(lang), lang);
document.title = say('nav.report');

const main = part('main');
main.append(el('p', { className: 'state' }, say('page.loading')));
const query = { date: view.date, area: view.area, lang: LANGS.includes(lang) ? lang : 'en' };
const [report, areaList, boundaries, targets] = await Promise.all([
  call('GET', withQuery('/api/v1/reports/daily', query), null, { timeoutMs: TIMEOUT_MS }),
  call('GET', '/api/v1/areas'),
  call('GET', '/api/v1/areas/boundaries', null, { timeoutMs: TIMEOUT_MS }),
  call('GET', '/api/v1/targets'),
]);
const names = areaList.body?.areas ?? [];
const areas = new Areas(say);
areas.fill(names);
main.replaceChildren(bar());
if (report.ok && targets.ok) await drawReport(report.body);
else refuse(report.ok ? targets : report);

async function drawReport(body) {
  const write = writing(lang, say);
  const name = placeNames(names, say);
  const of = {
    report: body, say, write, name, areas, form: view.form, site: targets.body.site,
    ground: boundaries.body?.features ?? null, tables: tablesOf(body, { say, write, name }),
  };
  document.title = `${say('report.title', { date: date(instant(`${body.date}T12:00:00+07:00`)) })} \u2013 ${targets.body.site.title}`;
  document.documentElement.dataset.form = view.form;
  const drawn = sheets(of);
  main.append(...drawn.map(({ element }) => element));
  await fontsLoaded();
  // Measured as they are printed, however narrow the window is.
  document.documentElement.dataset.measured = 'a4';
  for (const { body: paper, lists } of drawn) fit(lists, () => paper.scrollHeight > paper.clientHeight);
  delete document.documentElement.dataset.measured;
  document.documentElement.dataset.report = 'ready';
}

/** Every face: `ready` alone is true, too, while a face that only some cells need has not been asked for yet. */
async function fontsLoaded() {
  await Promise.allSettled([...document.fonts].map((face) => face.load()));
  await document.fonts.ready;
}

function refuse({ status, body }) {
  const isAddress = [400, 404, 422].includes(status);
  const why = body?.code === 'date' ? 'report.refused_date' : isAddress ? 'report.refused_address' : 'report.refused';
  const state = el('p', { className: 'state' }, say(why));
  state.setAttribute('role', 'alert');
  main.append(state);
  document.documentElement.dataset.report = 'refused';
}

// The bar above the sheets, on screens only --------------------------------------------------------

function bar() {
  const day = el('input');
  day.type = 'date';
  day.value = view.date || (report.body?.date ?? '');
  const where = choice([['', say('area.all')], ...sorted(names).map((area) => [area.code, fullName(area, say)])], view.area);
  const tongue = choice([['vi', say('shell.lang.vi')], ['en', say('shell.lang.en')]], lang);
  const form = choice([['', say('report.form_plain')], ['nd30', say('report.form_nd30')]], view.form);
  const go = () => location.assign(withQuery('/reports/daily', { date: day.value, area: where.value, lang: tongue.value, form: form.value }));
  for (const control of [day, where, tongue, form]) control.addEventListener('change', go);
  const print = el('button', { className: 'main', data: { command: 'print' } }, say('report.print'));
  print.type = 'button';
  print.addEventListener('click', () => window.print());
  const nav = el('nav', { className: 'bar' },
    labelled(say('report.date'), day), labelled(say('report.area'), where), labelled(say('shell.lang'), tongue),
    labelled(say('report.form'), form), print,
    link(withQuery('/api/v1/reports/daily.csv', query), say('report.csv')),
    link(withQuery('/api/v1/reports/daily', query), say('report.json')),
    link(withQuery('/console', { lang: view.lang }), say('page.console')));
  nav.setAttribute('aria-label', say('nav.report'));
  return nav;
}

function sorted(list) {
  const order = new Intl.Collator('vi').compare;
  return list.filter((area) => area.kind !== 'province').toSorted((a, b) => order(a.name, b.name));
}

function choice(options, value) {
  const select = el('select');
  select.append(...options.map(([key, text]) => {
    const option = el('option', {}, text);
    option.value = key;
    return option;
  }));
  select.value = value;
  return select;
}

function labelled(text, control) {
  return el('label', {}, text, control);
}

function link(href, text) {
  const a = el('a', { className: 'button' }, text);
  a.href = href;
  return a;
}
