import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmIndex, hiddenReason } from '../js/alarm_index.js';
import { FLAGS, rowOf, slimOf } from '../js/slim.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'];
const STATES = ['unacknowledged', 'acknowledged', 'returned', 'shelved', 'suppressed', 'out_of_service'];

function row(id, priority, { state = 'unacknowledged', raisedAt = 0, version = 1, area = '05443', flags = 1, hidden = null, ...rest } = {}) {
  return {
    id, rule: 'r', source: 'fire', priority, severity: SEVERITIES[priority - 1], state, area, device: null, title: id,
    raisedAt, changedAt: raisedAt, owner: null, version, flags, until: null, incident: null, hidden, ...rest,
  };
}

const ids = (index) => index.all().map(({ id }) => id);

test('the order is priority, unacknowledged first, then the newest', () => {
  const index = new AlarmIndex();
  index.apply(row('old', 2, { raisedAt: 1 }));
  index.apply(row('acked', 2, { raisedAt: 9, state: 'acknowledged' }));
  index.apply(row('low', 4, { raisedAt: 99 }));
  index.apply(row('new', 2, { raisedAt: 5 }));
  index.apply(row('top', 1));
  assert.deepEqual(ids(index), ['top', 'new', 'old', 'acked', 'low']);
});

test('an older version changes nothing; the same one only when it says something else', () => {
  const index = new AlarmIndex();
  assert.equal(index.apply(row('a', 2, { version: 5, state: 'acknowledged' })), 'added');
  assert.equal(index.apply(row('a', 2, { version: 4 })), 'old');
  assert.equal(index.apply(row('a', 2, { version: 5, state: 'acknowledged' })), 'old');
  assert.equal(index.apply(row('a', 2, { version: 5, state: 'acknowledged', flags: 3 })), 'changed');
  assert.equal(index.get('a').flags, 3);
});

test('what ended while a load ran is not brought back by its pages', () => {
  const index = new AlarmIndex();
  index.apply(row('a', 2));
  index.beginLoad();
  assert.equal(index.ended('a', 2), 'removed');
  assert.equal(index.ended('never-seen', 7), 'old');
  assert.equal(index.apply(row('a', 2, { version: 1 })), 'old', 'read before it ended, come after');
  assert.equal(index.apply(row('never-seen', 2, { version: 6 })), 'old');
  index.endLoad();
  assert.equal(index.size, 0);
});

test('what a whole load does not name is over, except what changed meanwhile', () => {
  const index = new AlarmIndex();
  for (const id of ['stays', 'gone']) index.apply(row(id, 3));
  index.beginLoad();
  index.apply(row('stays', 3));
  index.apply(row('new', 3, { raisedAt: 5 })); // raised while the pages were read
  assert.deepEqual(index.endLoad(), ['gone']);
  assert.deepEqual(ids(index), ['new', 'stays']);
});

test('a load that is begun again forgets what the one before named', () => {
  const index = new AlarmIndex();
  index.apply(row('a', 3));
  index.beginLoad();
  index.apply(row('a', 3));
  index.beginLoad();
  assert.deepEqual(index.endLoad(), ['a']);
});

test('counts say who is in sight and why the rest is not', () => {
  const index = new AlarmIndex();
  index.apply(row('a', 1));
  index.apply(row('b', 2, { state: 'shelved' }));
  index.apply(row('c', 2, { state: 'suppressed', hidden: 'maintenance' }));
  index.apply(row('d', 3, { flags: FLAGS.active | FLAGS.folded }));
  index.apply(row('e', 4, { area: null, state: 'returned' }));
  const { bySeverity, byState, byArea, hidden } = index.counts();
  assert.deepEqual(bySeverity, { critical: 1, high: 0, medium: 1, low: 1 });
  assert.equal(byState.unacknowledged, 2);
  assert.deepEqual(index.waiting(), { 1: 1, 2: 0, 3: 1, 4: 0 });
  assert.deepEqual(hidden, { shelved: 1, maintenance: 1, folded: 1 });
  assert.deepEqual(byArea.get('05443'), { critical: 1, high: 0, medium: 1, low: 0 });
  index.ended('a', 2);
  index.ended('d', 2);
  assert.equal(index.counts().byArea.has('05443'), false);
});

test('a priority 1 that returned to normal waits for somebody, a lower one does not', () => {
  const index = new AlarmIndex();
  index.apply(row('a', 1, { state: 'returned' }));
  index.apply(row('b', 1, { state: 'acknowledged' }));
  index.apply(row('c', 2, { state: 'returned' }));
  assert.deepEqual(index.waiting(), { 1: 1, 2: 0, 3: 0, 4: 0 });
});

/** A source of numbers that is the same in every run. */
function randoms(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('after ten thousand changes, with pages that come late, the index is what the server has', () => {
  const random = randoms(7);
  const index = new AlarmIndex();
  const server = new Map();
  let next = 0;
  const change = () => {
    const known = [...server.keys()];
    const kind = random(10);
    if (kind < 4 || known.length === 0) {
      const id = `a${next += 1}`;
      const made = row(id, 1 + random(4), { raisedAt: random(1000), area: random(5) ? `054${10 + random(20)}` : null });
      server.set(id, made);
      index.apply(made);
      return;
    }
    const id = known[random(known.length)];
    const held = server.get(id);
    if (kind < 7) {
      const moved = {
        ...held, version: held.version + 1, state: STATES[random(6)], priority: 1 + random(4), flags: random(128),
        hidden: random(2) ? 'silence' : null,
      };
      moved.severity = SEVERITIES[moved.priority - 1];
      server.set(id, moved);
      index.apply(moved);
      if (random(4) === 0) index.apply(held); // told twice, the old one late
    } else {
      server.delete(id);
      index.ended(id, held.version + 1);
    }
  };
  for (let round = 0; round < 20; round += 1) {
    if (random(2)) index.apply(row(`ghost${round}`, 3)); // open when the connection broke, over since
    index.beginLoad();
    const page = [...server.values()]; // read now …
    for (let i = 0; i < 250; i += 1) change();
    for (const old of page) index.apply(old); // … and here after that
    for (let i = 0; i < 250; i += 1) change();
    index.endLoad();
    const open = [...server.values()];
    assert.equal(index.size, open.length);
    for (const one of open) assert.deepEqual(index.get(one.id), one);
    const sorted = open.sort((a, b) => a.priority - b.priority
      || Number(a.state !== 'unacknowledged') - Number(b.state !== 'unacknowledged')
      || b.raisedAt - a.raisedAt || (a.id < b.id ? -1 : 1));
    assert.deepEqual(ids(index), sorted.map(({ id }) => id));
    const count = (test) => open.filter(test).length;
    const { bySeverity, hidden } = index.counts();
    for (const severity of SEVERITIES) {
      assert.equal(bySeverity[severity], count((one) => one.severity === severity && STATES.indexOf(one.state) < 3));
    }
    const hiddenOnes = Object.values(hidden).reduce((sum, n) => sum + n, 0);
    assert.equal(hiddenOnes, count((one) => hiddenReason(one) !== null));
  }
});

const ALARM = {
  id: 'a1', rule: 'fire-alarm', source: 'fire', severity: 'critical', priority: 1, state: 'unacknowledged', active: true,
  area: '05443', device: 'TT-0192', key: 'TT-0192', title: 'B\u00e1o ch\u00e1y', title_en: 'Fire alarm', raised_at: '2026-11-22T07:05:09Z',
  changed_at: '2026-11-22T07:05:10Z', assignee: null, acknowledged_by: 'An', version: 3, latched: true, one_shot: false,
  chattering_at: '2026-11-22T07:05:10Z', folded: true, shelved_until: null, incident: null, two_person: ['close'],
  hidden_by: [{ kind: 'maintenance' }, { kind: 'silence' }], guidance: ['1'], facts: { n: 12 },
};

test('an alarm of the feed and its line of a page are the same row', () => {
  const columns = ['id', 'rule', 'source', 'severity', 'state', 'area', 'device', 'title', 'raised_at', 'changed_at', 'owner',
    'version', 'flags', 'until', 'incident', 'hidden', 'key'];
  const at = Date.parse('2026-11-22T07:05:09Z');
  const tuple = ['a1', 'fire-alarm', 'fire', 'critical', 'unacknowledged', '05443', 'TT-0192', 'B\u00e1o ch\u00e1y', at, at + 1000,
    'An', 3, FLAGS.active | FLAGS.folded | FLAGS.latched | FLAGS.chattering | FLAGS.twoClose, null, null, 'maintenance', null];
  assert.deepEqual(rowOf(columns, tuple), slimOf(ALARM, 'vi'));
  assert.equal(slimOf(ALARM, 'en').title, 'Fire alarm');
  assert.equal('guidance' in slimOf(ALARM, 'vi'), false, 'a row is small');
});
