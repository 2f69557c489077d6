import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { call, whenSignedOut } from '../js/api.js';
import { getJson } from '../js/upkeep.js';
import { Account } from '../js/console/account.js';

const settle = () => new Promise((done) => setImmediate(done));
let sent;
let status;

beforeEach(() => {
  sent = [];
  status = 401;
  globalThis.fetch = async (path, { method, body }) => {
    sent.push([method, path, body]);
    return new Response('{}', { status });
  };
});

test('what somebody has written waits until they are signed in again, and is then sent as it was, once', async () => {
  let signedIn;
  whenSignedOut(() => new Promise((done) => { signedIn = done; }));
  const waiting = call('POST', '/api/v1/alarms/a/comment', { comment: 'đã gọi trực' });
  await settle();
  assert.equal(sent.length, 1);
  status = 200;
  signedIn(true);
  assert.equal((await waiting).ok, true);
  assert.deepEqual(sent[1], ['POST', '/api/v1/alarms/a/comment', '{"comment":"đã gọi trực"}']);
  assert.equal(sent.length, 2);
});

test('nothing is sent for whoever does not sign in again, and a read does not wait for it', async () => {
  whenSignedOut(async () => false);
  assert.equal((await call('POST', '/api/v1/alarms/a/comment', {})).status, 401);
  whenSignedOut(() => new Promise(() => {}));
  assert.equal((await call('GET', '/api/v1/alarms/a')).status, 401);
  assert.equal(sent.length, 2);
});

test('what is fetched beside the feed has a key asked for in the same way', async () => {
  let asked = 0;
  whenSignedOut(async () => { asked += 1; return false; });
  await assert.rejects(getJson('/api/v1/areas/figures'));
  assert.equal(asked, 1);
});

test('a key that the server does not know is an answer, not another question', async () => {
  let asked = 0;
  whenSignedOut(() => { asked += 1; });
  assert.equal((await call('POST', '/api/v1/login', { key: 'x' })).status, 401);
  assert.equal(asked, 0);
});

/** An account over a server that the test plays, at a browser that keeps no name. */
function account(answers) {
  globalThis.localStorage = { getItem: () => null, setItem: () => {} };
  const asked = [];
  const toasts = [];
  const ctx = {
    say: (key) => key, toast: (key) => toasts.push(key),
    ask: async ({ title }) => { asked.push(title); return 'An'; },
    call: async () => answers.shift(),
  };
  return { account: new Account(ctx), asked, toasts };
}

const me = (fields) => ({ ok: true, status: 200, body: { name: 'desk-1', role: 'operator', area: null, authentication: true, ...fields } });

test('nobody is asked for a name before it is known whether their key has one', async () => {
  const keyed = account([me()]);
  assert.equal(await keyed.account.operator(), 'desk-1');
  assert.deepEqual(keyed.asked, []);
  const open = account([me({ authentication: false })]);
  assert.equal(await open.account.operator(), 'An');
  assert.equal(open.asked.length, 1);
});

test('while the server does not say who is here, nobody moves anything, and that is said', async () => {
  const { account: away, asked, toasts } = account([{ ok: false, status: 0, body: null }]);
  assert.equal(await away.operator(), null);
  assert.deepEqual([asked, toasts], [[], ['race.offline']]);
});
