import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AlarmFile } from '../js/console/alarm_file.js';

const turn = () => new Promise((done) => setImmediate(done));

/** A server whose answers come when the test says so. */
function server() {
  const asked = [];
  const call = (method, path) => new Promise((answer) => asked.push({ path, answer }));
  const timers = [];
  const later = (run) => timers.push(run);
  let changes = 0;
  const file = new AlarmFile({ call }, () => { changes += 1; }, later);
  const answer = async (part, body, status = 200) => {
    const at = asked.findIndex(({ path }) => path.split('?')[0] === `/api/v1${part}`);
    assert.ok(at >= 0, `${part} was asked for`);
    asked.splice(at, 1)[0].answer({ ok: status === 200, status, body, failure: null });
    await turn();
  };
  const alarm = async (id, version, fields = {}) => {
    await answer(`/alarms/${id}/log`, { log: [{ seq: version }], next: null });
    await answer(`/alarms/${id}`, { id, version, rule: 'r', ended_at: null, ...fields });
  };
  const tick = async () => {
    for (const run of timers.splice(0)) run();
    await turn();
  };
  const evidence = (id) => answer(`/alarms/${id}/evidence`, { devices: [] });
  return { asked, file, answer, alarm, evidence, tick, get changes() { return changes; } };
}

test('an alarm, its log and its evidence are read once', async () => {
  const s = server();
  s.file.open('a');
  await s.evidence('a');
  assert.equal(s.file.state, 'loading');
  await s.alarm('a', 1);
  assert.equal(s.file.state, 'here');
  s.file.open('b');
  assert.equal(s.file.alarm, null);
  assert.deepEqual(s.asked.map(({ path }) => path), ['/api/v1/alarms/b', '/api/v1/alarms/b/log?limit=1000', '/api/v1/alarms/b/evidence']);
});

test('only a newer version is read, and a burst of them once', async () => {
  const s = server();
  s.file.open('a');
  await s.evidence('a');
  await s.alarm('a', 5);
  await s.tick();
  s.file.heard(5);
  assert.equal(s.asked.length, 0);
  s.file.heard(6);
  s.file.heard(7);
  s.file.heard(8);
  assert.equal(s.asked.length, 2);
  await s.alarm('a', 6);
  assert.equal(s.asked.length, 0);
  await s.tick();
  assert.equal(s.asked.length, 2);
  await s.alarm('a', 8);
  assert.equal(s.file.alarm.version, 8);
});

test('an alarm that has left the list is read for how it ended, and then no more', async () => {
  const s = server();
  s.file.open('a');
  await s.alarm('a', 1);
  await s.tick();
  s.file.heard(null);
  await s.alarm('a', 2, { ended_at: '2026-11-22T07:00:00Z' });
  await s.tick();
  s.file.heard(null);
  assert.ok(!s.asked.some(({ path }) => path === '/api/v1/alarms/a'));
});

test('answers for an alarm that was left change nothing', async () => {
  const s = server();
  s.file.open('a');
  const [one, log, evidence] = s.asked.splice(0, 3);
  s.file.open('b');
  const late = (body) => ({ ok: true, status: 200, body, failure: null });
  one.answer(late({ id: 'a', version: 9 }));
  log.answer(late({ log: [], next: null }));
  evidence.answer(late({ devices: ['x'] }));
  await turn();
  assert.equal(s.file.alarm, null);
  assert.equal(s.file.evidence, null);
});

test('an alarm that is not there, or not to be seen, says so; a server that is away is asked again', async () => {
  for (const [status, state] of [[404, 'gone'], [403, 'forbidden']]) {
    const s = server();
    s.file.open('a');
    await s.answer('/alarms/a/log', null, status);
    await s.answer('/alarms/a', null, status);
    assert.equal(s.file.state, state);
    assert.equal(s.file.log, undefined);
  }
  const s = server();
  s.file.open('a');
  await s.answer('/alarms/a/log', null, 503);
  await s.answer('/alarms/a', null, 503);
  assert.equal(s.file.state, 'failed');
  await s.tick();
  await s.alarm('a', 1);
  assert.equal(s.file.state, 'here');
});

test('a move names what stands in the panel, not what the list knows by now', async () => {
  const s = server();
  s.file.open('a');
  assert.equal(s.file.seen('vi'), null);
  await s.alarm('a', 1, { severity: 'medium', state: 'unacknowledged' });
  await s.tick();
  s.file.heard(2); // it has become critical, and is being read
  assert.deepEqual([s.file.seen('vi').severity, s.file.seen('vi').version], ['medium', 1]);
  await s.alarm('a', 2, { severity: 'critical', state: 'unacknowledged' });
  assert.deepEqual([s.file.seen('vi').severity, s.file.seen('vi').version], ['critical', 2]);
});
