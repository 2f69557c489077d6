import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmIndex } from '../js/alarm_index.js';
import { Actions, actionKey } from '../js/console/actions.js';

const NOW = Date.parse('2026-11-22T07:05:00Z');

function row(id, fields = {}) {
  return { id, version: 1, priority: 3, severity: 'medium', state: 'unacknowledged', title: id, flags: 1, raisedAt: 0, area: null, ...fields };
}

function alarm(id, state, fields = {}) {
  return { id, version: 2, severity: 'medium', state, raised_at: '2026-11-22T07:00:00Z', ended_at: null, assignee: null, ...fields };
}

/** Actions over a server that the test plays: `calls` holds what was sent, `answer` says what comes back. */
function console_({ answer, stale = false, may = () => true } = {}) {
  const calls = [];
  const toasts = [];
  const index = new AlarmIndex();
  const ctx = {
    index, lang: 'vi', say: (key) => key, number: String, may, operator: async () => 'An', toast: (key) => toasts.push(key),
    store: { now: () => NOW, condition: () => ({ stale }), isWhole: true },
    call: async (method, path, body) => {
      const [, , , , id, move] = path.split('/');
      calls.push({ method, id, move, body });
      return answer?.({ method, id, move, body }) ?? { ok: true, status: 200, failure: null, body: alarm(id, 'acknowledged') };
    },
  };
  return { actions: new Actions(ctx), calls, toasts, index };
}

const moves = (calls) => calls.filter(({ method }) => method === 'POST').map(({ id, move }) => `${id} ${move}`);

test('a move names who makes it and what was seen, and the index has its answer at once', async () => {
  const { actions, calls, index } = console_();
  index.apply(row('a'));
  const [outcome] = await actions.run('acknowledge', [row('a')]);
  assert.equal(outcome.result, 'done');
  assert.deepEqual(calls[0].body, { version: 1, severity: 'medium', by: 'An' });
  assert.equal(index.get('a').state, 'acknowledged');
  assert.equal(actions.overlay('a'), null);
});

test('without a connection, or without the right, nothing is sent', async () => {
  for (const [options, code, key] of [
    [{ stale: true }, 'offline', 'race.offline'], [{ may: () => false }, 'forbidden', 'race.forbidden'],
  ]) {
    const { actions, calls, toasts } = console_(options);
    const [outcome] = await actions.run('acknowledge', [row('a')]);
    assert.deepEqual([outcome.result, outcome.code, calls, toasts], ['refused', code, [], [key]]);
    assert.deepEqual(actions.unsettled(), []);
  }
});

test('of many at most eight are on their way at once, and those not sent yet can be left', async () => {
  let [atOnce, most] = [0, 0];
  const stop = new AbortController();
  const { actions, calls } = console_({
    answer: async ({ id }) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((done) => setTimeout(done, 1));
      atOnce -= 1;
      return { ok: true, status: 200, failure: null, body: alarm(id, 'acknowledged') };
    },
  });
  const rows = Array.from({ length: 100 }, (_, i) => row(`a${i}`));
  const outcomes = await actions.run('acknowledge', rows, {}, {
    signal: stop.signal, progress: (n) => { if (n === 24) stop.abort(); },
  });
  assert.equal(most, 8);
  assert.equal(calls.length, outcomes.length);
  assert.ok(outcomes.length >= 24 && outcomes.length < 40, `${outcomes.length}`);
});

test('a bulk stops when the connection is lost: what is left is not sent, and said', async () => {
  let n = 0;
  const toasts = [];
  const calls = [];
  const index = new AlarmIndex();
  const actions = new Actions({
    index, lang: 'vi', say: (key) => key, may: () => true, operator: async () => 'An', toast: (key) => toasts.push(key),
    store: { now: () => NOW, condition: () => ({ stale: n >= 16 }), isWhole: true },
    call: async (method, path) => {
      n += 1;
      calls.push(path);
      return { ok: true, status: 200, failure: null, body: alarm(path.split('/')[4], 'acknowledged') };
    },
  });
  const outcomes = await actions.run('acknowledge', Array.from({ length: 40 }, (_, i) => row(`a${i}`)));
  assert.ok(calls.length >= 16 && calls.length < 32, `${calls.length}`);
  assert.equal(outcomes.length, calls.length);
  assert.deepEqual(toasts, ['race.offline']);
  actions.undoLast();
  assert.equal(actions.undoable().n, outcomes.length, 'it can be taken back when the connection is there again');
});

test('moves of one alarm are sent in the order in which they were made', async () => {
  let release;
  const held = new Promise((done) => { release = done; });
  const { actions, calls } = console_({
    answer: async ({ id, move }) => {
      if (move === 'comment') await held;
      return { ok: true, status: 200, failure: null, body: alarm(id, 'acknowledged') };
    },
  });
  const both = [actions.run('comment', [row('a')], { comment: 'x' }), actions.run('close', [row('a')], { code: 'true' })];
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(moves(calls), ['a comment']);
  release();
  await Promise.all(both);
  assert.deepEqual(moves(calls), ['a comment', 'a close']);
});

test('the last move is taken back with its inverse, an assignment with who had it before', async () => {
  const { actions, calls, toasts } = console_({
    answer: ({ method, id, move, body }) => ({
      ok: true, status: 200, failure: null,
      body: method === 'GET' ? alarm(id, 'acknowledged', { assignee: 'Bình' })
        : alarm(id, move === 'unacknowledge' ? 'unacknowledged' : 'acknowledged', { assignee: body.assignee ?? null }),
    }),
  });
  actions.undoLast();
  assert.deepEqual(toasts.splice(0), ['undo.nothing'], 'nothing was done yet');
  await actions.run('acknowledge', [row('a'), row('b')]);
  assert.deepEqual([actions.undoable().move, actions.undoable().n], ['acknowledge', 2]);
  actions.undoLast();
  assert.deepEqual(toasts, []);
  actions.undoLast();
  assert.deepEqual(toasts, ['undo.nothing'], 'once');
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(moves(calls), ['a acknowledge', 'b acknowledge', 'a unacknowledge', 'b unacknowledge']);
  await actions.run('assign', [row('a')], { assignee: 'An' });
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.equal(calls.at(-1).body.assignee, 'Bình');
});

test('a shelf that is taken back leaves an alarm as it was: what nobody knew of asks for somebody again', async () => {
  const { actions, calls } = console_({
    answer: ({ id, move }) => ({
      ok: true, status: 200, failure: null,
      body: alarm(id, { shelve: 'shelved', unshelve: 'acknowledged', unacknowledge: 'unacknowledged' }[move]),
    }),
  });
  await actions.run('shelve', [row('unknown'), row('known', { state: 'acknowledged' })], { minutes: 15 });
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(moves(calls).slice(2), ['unknown unshelve', 'known unshelve', 'unknown unacknowledge']);
});

test('what is returned to service is acknowledged again if somebody knew of it', async () => {
  const { actions, calls } = console_({
    answer: ({ id, move }) => ({
      ok: true, status: 200, failure: null,
      body: alarm(id, { 'remove-from-service': 'out_of_service', 'return-to-service': 'unacknowledged', acknowledge: 'acknowledged' }[move]),
    }),
  });
  await actions.run('remove-from-service', [row('unknown'), row('known', { state: 'acknowledged' }), row('shelf', { state: 'shelved' })]);
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(moves(calls).slice(3), ['unknown return-to-service', 'known return-to-service', 'known acknowledge']);
});

test('what was over when it was shelved would end with its shelf: that is not taken back, and said', async () => {
  const { actions, calls, toasts } = console_({ answer: ({ id }) => ({ ok: true, status: 200, failure: null, body: alarm(id, 'shelved') }) });
  await actions.run('shelve', [row('a', { state: 'returned' })], { minutes: 15 });
  assert.equal(actions.undoable(), null);
  actions.undoLast();
  await actions.run('shelve', [row('b', { state: 'returned' }), row('c')], { minutes: 15 });
  assert.equal(actions.undoable().n, 1);
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(toasts, ['undo.would_end', 'undo.partly']);
  assert.deepEqual(moves(calls).slice(3), ['c unshelve']);
});

test('undo is of the last move: not of one before it when the last cannot be taken back', async () => {
  const { actions, calls, toasts } = console_();
  await actions.run('acknowledge', [row('a')]);
  await actions.run('comment', [row('b')], { comment: 'x' });
  assert.equal(actions.undoable(), null);
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual([moves(calls), toasts], [['a acknowledge', 'b comment'], ['undo.never']]);
});

test('an assignment that somebody has changed since is not taken back over their heads', async () => {
  const { actions, calls, toasts, index } = console_({
    answer: ({ method, id, body }) => ({
      ok: true, status: 200, failure: null,
      body: alarm(id, 'acknowledged', { assignee: method === 'GET' ? 'Bình' : body.assignee }),
    }),
  });
  index.apply(row('a'));
  await actions.run('assign', [row('a')], { assignee: 'An' });
  index.apply({ ...index.get('a'), version: 3, owner: 'Đức' });
  actions.undoLast();
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual([moves(calls), toasts], [['a assign'], ['undo.overtaken']]);
});

test('what has ended by the move cannot be taken back', async () => {
  const { actions, toasts } = console_({
    answer: ({ id }) => ({ ok: true, status: 200, failure: null, body: alarm(id, 'normal', { ended_at: '2026-11-22T07:05:00Z' }) }),
  });
  await actions.run('acknowledge', [row('a', { state: 'returned' })]);
  assert.equal(actions.undoable(), null);
  actions.undoLast();
  assert.deepEqual(toasts, ['undo.ended']);
});

test('an answer that does not come is looked up at once, and again until it is known', async () => {
  let isCut = true;
  const { actions, calls, toasts } = console_({
    answer: ({ method, id, move }) => {
      if (method === 'POST' || isCut) return { ok: false, status: 0, body: null, failure: 'timeout' };
      if (move?.startsWith('log')) {
        const lines = [{ type: 'acknowledged', by: 'An', at: '2026-11-22T07:05:01Z' }];
        return { ok: true, status: 200, failure: null, body: { log: lines, next: null } };
      }
      return { ok: true, status: 200, failure: null, body: alarm(id, 'acknowledged') };
    },
  });
  const [outcome] = await actions.run('acknowledge', [row('a')]);
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual([outcome.result, toasts, actions.overlay('a').mark], ['unknown', ['race.unknown'], 'unknown']);
  assert.equal(actions.unsettled().length, 1);
  isCut = false;
  actions.tick(performance.now());
  await new Promise((done) => setTimeout(done, 5));
  assert.equal(actions.overlay('a'), null);
  assert.deepEqual(moves(calls), ['a acknowledge'], 'sent once');
});

test('a refusal stays until somebody opens the alarm', async () => {
  const { actions, toasts } = console_({
    answer: ({ id }) => ({
      ok: false, status: 409, failure: null,
      body: { code: 'already', alarm: alarm(id, 'acknowledged'), changed: { by: 'Đức', at: '2026-11-22T07:05:00Z', type: 'acknowledged' } },
    }),
  });
  await actions.run('acknowledge', [row('a')]);
  assert.deepEqual([toasts, actions.unsettled().length, actions.holdsWords()], [['race.already'], 1, false]);
  actions.looked('a');
  assert.deepEqual([actions.unsettled(), actions.overlay('a')], [[], null]);
});

test('an answer that comes after the alarm has ended does not bring it back', async () => {
  const { actions, index } = console_({
    answer: ({ id }) => {
      index.ended(id, 3); // the live view was faster
      return { ok: true, status: 200, failure: null, body: alarm(id, 'acknowledged') };
    },
  });
  index.apply(row('a'));
  await actions.run('comment', [row('a')], { comment: 'x' });
  assert.equal(index.size, 0);
});

test('whoever does not say a name moves nothing', async () => {
  const { actions, calls } = console_();
  const nameless = new Actions({
    ...{ say: (key) => key, may: () => true, toast: () => {}, call: async () => assert.fail('sent') },
    store: { condition: () => ({ stale: false }) }, operator: async () => null,
  });
  assert.deepEqual(await nameless.run('acknowledge', [row('a')]), []);
  assert.deepEqual([calls, actions.undoable()], [[], null]);
});

test('a move is worded as its sentence needs it', () => {
  for (const key of ['race.state', 'race.ended', 'race.already_other']) assert.equal(actionKey(key, 'acknowledge'), 'done.acknowledge');
  assert.equal(actionKey('race.forbidden', 'return-to-service'), 'verb.return_to_service');
});

test('what was typed and could not be sent stands in the tray, once for all rows', async () => {
  const { actions, calls } = console_({ stale: true });
  await actions.run('comment', [row('a'), row('b')], { comment: 'đã gọi chủ nhà' });
  assert.deepEqual(calls, []);
  assert.deepEqual(actions.unsettled().map(({ id, words, hint }) => [id.split(' ')[0], words, hint]), [['a', 'đã gọi chủ nhà', 'tray.send_again']]);
  actions.looked('a');
  assert.deepEqual([actions.unsettled().length, actions.holdsWords()], [1, true]);
});

test('a second remark while nobody knows of the first is not lost', async () => {
  const { actions } = console_({ answer: ({ method }) => (method === 'POST' ? { ok: false, status: 0, failure: 'network', body: null } : { ok: false, status: 503, failure: null, body: null }) });
  await actions.run('comment', [row('a')], { comment: 'một' });
  await actions.run('comment', [row('a')], { comment: 'hai' });
  assert.deepEqual(actions.unsettled().map(({ words, detail }) => [words, detail]), [['hai', 'race.busy'], ['một', 'race.unknown']]);
});

test('a key that was pressed twice leaves nothing in the tray', async () => {
  const { actions, calls } = console_();
  const mine = () => actions.run('assign', [row('a')], { assignee: 'An' });
  const outcomes = await Promise.all([mine(), mine()]);
  assert.deepEqual(outcomes.flat().map(({ result }) => result).sort(), ['done', 'refused']);
  assert.deepEqual([moves(calls), actions.unsettled()], [['a assign'], []]);
});
