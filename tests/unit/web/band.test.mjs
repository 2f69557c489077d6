import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Band } from '../js/band.js';

class Element {
  dataset = {};
  hidden = false;
  textContent = '';
  children = [];

  append(...children) {
    this.children.push(...children);
  }
}

const say = (key, values = {}) => [key, ...Object.values(values)].join(' ');
const LOST = { name: 'lost', stale: false, back: null };

function detail(phones) {
  globalThis.document = { createElement: () => new Element() };
  const root = new Element();
  const band = new Band(root, { say, phones: () => phones });
  band.show(LOST, { stoppedAt: null, now: 0, note: '' });
  const [, said] = root.children[0].children;
  return said.textContent;
}

test('a lost system names the phones of its site, and those of the country before they are known', () => {
  assert.equal(detail(['0208 3855 114']), 'band.phones 0208 3855 114');
  assert.equal(detail(undefined), 'band.phones 114, 113, 115');
});
