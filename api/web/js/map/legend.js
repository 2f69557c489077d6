// What the map's greys, hatches and shapes mean, for the measure that is shown.

import { svg } from '../badges.js';
import { el } from '../dom.js';
import { classesOf } from './measures.js';

const UNIT_KEYS = { reports: 'map.measure.reports', wait: 'map.legend.minutes', dossiers: 'map.measure.dossiers', coverage: 'map.legend.percent' };
const SIGNS = [
  { key: 'map.legend.camera', d: 'M5 5H15V15H5Z' },
  { key: 'map.legend.panel', d: 'M10 4L16 8.5L13.7 15.5H6.3L4 8.5Z' },
  { key: 'map.legend.sensor', d: 'M6 10a4 4 0 1 0 8 0a4 4 0 1 0 -8 0' },
  { key: 'map.legend.silent', d: 'M5.5 5.5H14.5V14.5H5.5Z', hollow: true },
];

function swatch(look) {
  return el('span', { className: 'map-swatch', data: { look } });
}

function line(say, key, look) {
  return el('li', {}, swatch(look), say(key));
}

function sign(say, { key, d, hollow = false }) {
  const box = svg('svg', { viewBox: '0 0 20 20', class: hollow ? 'map-sign hollow' : 'map-sign', 'aria-hidden': 'true' });
  box.append(svg('path', { d }));
  return el('li', {}, box, say(key));
}

/** "0", "1–5", "≥ 16": the limits of a class. */
function limits({ from, to }, number, say) {
  if (to === null) return say('map.legend.from', { n: number(from) });
  return from === to ? number(from) : say('map.legend.range', { a: number(from), b: number(to) });
}

/** Fill `root` anew; `isNear`: devices are shown. */
export function drawLegend(root, { say, number }, { areas, measure, isNear }) {
  const list = el('ul');
  if (measure === 'alarms') {
    for (const priority of [1, 2, 3]) {
      list.append(el('li', {}, swatch(`p${priority}`), say(ALARM_KEYS[priority - 1])));
    }
  } else {
    classesOf(areas, measure).forEach((each, i) => {
      list.append(el('li', {}, swatch(`map${i + 1}`), limits(each, number, say)));
    });
  }
  list.append(line(say, 'map.legend.blind', 'blind'), line(say, 'map.legend.thin', 'thin'), line(say, 'map.no_device', 'none'));
  if (isNear) list.append(...SIGNS.map((each) => sign(say, each)));
  else list.append(el('li', { className: 'muted' }, say('map.legend.nearer')));
  const title = measure === 'alarms' ? say('map.legend.alarms') : say(UNIT_KEYS[measure]);
  root.replaceChildren(el('h2', {}, title), list);
}

const ALARM_KEYS = ['priority.1', 'priority.2', 'priority.3'];
