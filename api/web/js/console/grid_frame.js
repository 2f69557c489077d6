// What stays of the alarm list while its lines change: the grid, its head, the strip of priority 1, the space below,
// and at its foot what came while the list was held. Only the space scrolls.

import { alignBlinking } from '../badges.js';
import { el, mark } from '../dom.js';

const HEADS = [
  'list.select', 'list.priority', 'list.state', 'list.alarm', 'list.area', 'list.owner', 'list.raised', 'list.running',
];

/**
 * {grid, top, strip, rest, space, foot, newcomers, newRest}; `top` holds the head, the strip and how many more there
 * are (`rest`), `foot` the newcomers and how many more of those.
 */
export function gridFrame({ say, go }) {
  const [strip, newcomers] = [stripOf(say('list.pinned'), 'strip'), stripOf(say('list.newcomers'), 'newcomers')];
  const [rest, newRest] = [restLine(go, 'rest'), restLine(go, 'new-rest')];
  const head = withRole('rowgroup', el('div', {}, headRow(say)));
  const top = withRole('presentation', el('div', { className: 'top' }, head, strip, rest));
  const space = withRole('rowgroup', el('div', { className: 'space' }));
  const foot = withRole('presentation', el('div', { className: 'foot' }, newcomers, newRest));
  const grid = withRole('grid', el('div', { className: 'grid', data: { keys: 'list', part: 'grid' } }, top, space, foot));
  const attributes = {
    tabindex: '0', 'aria-label': say('alarm.list'), 'aria-multiselectable': 'true', 'aria-colcount': String(HEADS.length),
  };
  for (const [name, value] of Object.entries(attributes)) grid.setAttribute(name, value);
  return { grid, top, strip, rest, space, foot, newcomers, newRest };
}

function stripOf(label, name) {
  const strip = withRole('rowgroup', el('div', { className: 'strip', data: { part: name } }));
  strip.setAttribute('aria-label', label);
  return strip;
}

function headRow(say) {
  const heads = HEADS.map((key, i) => {
    const head = withRole('columnheader', el('div', { className: `head h${i}` }, i === 0 ? '' : say(key)));
    if (i === 0) head.setAttribute('aria-label', say(key));
    return head;
  });
  const row = withRole('row', el('div', { className: 'heads' }, ...heads));
  row.setAttribute('aria-rowindex', '1');
  return row;
}

/** More blinking markers than these in view are calmed: only priorities 1 and 2 go on. */
const BLINKING_MAX = 10;

export function calmBlinking(grid) {
  const fast = grid.querySelectorAll('.line:not([hidden]) .badge[data-blink="fast"]').length;
  const isBlinking = fast > 0 || grid.querySelector('.line:not([hidden]) .badge[data-blink="slow"]') !== null;
  mark(grid, 'calm', fast > BLINKING_MAX);
  if (isBlinking && grid.dataset.blinking !== 'true') alignBlinking();
  mark(grid, 'blinking', isBlinking);
}

/** "and 3 more critical alarms": leads to all of them. */
function restLine(go, name) {
  const button = el('button', { className: 'plain', data: { command: 'critical' } });
  button.type = 'button';
  button.addEventListener('click', () => {
    const none = { state: undefined, area: undefined, source: undefined, rule: undefined, q: undefined };
    go({ ...none, severity: ['critical'] }, { push: false });
  });
  const row = withRole('row', el('div', {}, withRole('gridcell', el('div', {}, button))));
  const group = withRole('rowgroup', el('div', { className: 'strip-rest', data: { count: name } }, row));
  group.hidden = true;
  return group;
}

function withRole(role, element) {
  element.setAttribute('role', role);
  return element;
}
