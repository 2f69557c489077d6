import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Again } from '../js/console/again.js';

const turn = () => new Promise((done) => setImmediate(done));

function reader() {
  const rests = [];
  const answers = [];
  const again = new Again(() => new Promise((done) => answers.push(done)), { later: (run) => rests.push(run) });
  return {
    again,
    reads: () => answers.length,
    answer: async () => { answers.at(-1)(); await turn(); },
    rest: async () => { for (const run of rests.splice(0)) run(); await turn(); },
  };
}

test('a wish during a read is one more read after it, however many wishes there were', async () => {
  const r = reader();
  r.again.ask();
  r.again.ask();
  r.again.ask();
  assert.equal(r.reads(), 1);
  await r.answer();
  assert.equal(r.reads(), 1, 'it rests first');
  await r.rest();
  assert.equal(r.reads(), 2);
  await r.answer();
  await r.rest();
  assert.equal(r.reads(), 2, 'nobody asked again');
});

test('a wish during the rest waits for its end, and one after it is read at once', async () => {
  const r = reader();
  r.again.ask();
  await r.answer();
  r.again.ask();
  assert.equal(r.reads(), 1);
  await r.rest();
  assert.equal(r.reads(), 2);
  await r.answer();
  await r.rest();
  r.again.ask();
  assert.equal(r.reads(), 3);
});
