import assert from 'node:assert/strict';
import { test } from 'node:test';

import { queryOf, readUrl, writeUrl } from '../js/url_state.js';

test('a link is read with the words of the API, digits and the letters of the standard too', () => {
  const { view, dropped } = readUrl('?page=alarms&severity=1,high&state=UNACK,returned&area=05443&q=ch%C3%A1y&tab=2');
  assert.deepEqual(view, {
    page: 'alarms', severity: ['critical', 'high'], state: ['unacknowledged', 'returned'], area: '05443', q: 'cháy', tab: 2,
  });
  assert.deepEqual(dropped, []);
});

test('what nobody knows is dropped and named, once', () => {
  const { view, dropped } = readUrl('?severity=1,9&area=<b>&tab=6&foo=1&foo=2&page=alarms&q=');
  assert.deepEqual(view, { page: 'alarms' });
  assert.deepEqual(dropped, ['severity', 'area', 'tab', 'foo']);
});

test('the province as an area is the whole of it, as for a wall', () => {
  assert.deepEqual(readUrl('?area=19'), { view: { page: 'alarms' }, dropped: [] });
});

test('a value that stands twice is not silently one of the two', () => {
  assert.deepEqual(readUrl('?area=05443&area=05448'), { view: { page: 'alarms', area: '05443' }, dropped: ['area'] });
});

test('a name of the language itself is no parameter', () => {
  assert.deepEqual(readUrl('?constructor=x&__proto__=y').dropped, ['constructor', '__proto__']);
  assert.deepEqual(readUrl('?state=constructor&status=toString&span=valueOf').dropped, ['state', 'status', 'span']);
});

test('what is written is read back the same', () => {
  const views = [
    { page: 'alarms' },
    { page: 'alarms', state: ['unacknowledged', 'shelved'], severity: ['critical'], source: ['fire', 'camera'], q: 'a b&c=đ' },
    { page: 'charts', from: '2026-11-21', to: '2026-11-22T07:00:00Z', step: '5m', metric: 'events' },
    { page: 'incidents', open: '0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10', tab: 3, theme: 'dark', lang: 'en' },
  ];
  for (const view of views) assert.deepEqual(readUrl(queryOf(view)), { view, dropped: [] });
});

test('what is empty is not written', () => {
  assert.equal(queryOf({ page: 'alarms', q: '', area: null, state: [], tab: undefined }), '?page=alarms');
});

test('opening adds an entry to the history, filtering replaces it', () => {
  const calls = [];
  const history = {
    pushState: (...args) => calls.push(['push', args[2]]), replaceState: (...args) => calls.push(['replace', args[2]]),
  };
  writeUrl({ page: 'alarms', open: 'a1' }, { push: true, history });
  writeUrl({ page: 'alarms', severity: ['critical', 'high'] }, { history });
  assert.deepEqual(calls, [['push', '/console?page=alarms&open=a1'], ['replace', '/console?page=alarms&severity=critical,high']]);
});

test('a value without end is not taken', () => {
  assert.deepEqual(readUrl(`?q=${'x'.repeat(201)}`).dropped, ['q']);
});

test('a day that no calendar has is not taken', () => {
  const { view, dropped } = readUrl('?page=dead-letters&from=2026-02-31&to=2026-13-45');
  assert.deepEqual([view, dropped], [{ page: 'dead-letters' }, ['from', 'to']]);
  for (const to of ['2028-02-29', '2026-12-31T23:59', '2026-11-22T07:00:00+07:00']) {
    assert.equal(readUrl(`?to=${encodeURIComponent(to)}`).view.to, to);
  }
  assert.deepEqual(readUrl('?to=2026-11-22T25:00').dropped, ['to']);
});
