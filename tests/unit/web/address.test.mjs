import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readAddress } from '../js/wall/address.js';

const dropped = (search) => readAddress(search).dropped;

test('an address without a word is the overview of the province, for good', () => {
  assert.deepEqual(readAddress(''), {
    pages: ['overview'], rotateS: 0, area: null, screenInch: null, distanceM: null, hasSound: false, isStill: false,
    reloads: true, dropped: [],
  });
});

test('what is asked for is read', () => {
  const asked = readAddress('?page=fire,services&rotate=60&area=05443&screen=55&distance=4.5&lang=en&sound=on&blink=off&reload=off');
  assert.deepEqual(asked, {
    pages: ['fire', 'services'], rotateS: 60, area: '05443', screenInch: 55, distanceM: 4.5, hasSound: true, isStill: true,
    reloads: false, dropped: [],
  });
  assert.deepEqual(readAddress('?area=19').area, null, 'the link of a display of the whole province');
  assert.deepEqual(dropped('?area=19&rotate=0&page='), []);
});

test('what is none of ours is dropped and named, once, and its neighbours are read', () => {
  assert.deepEqual(dropped('?lang=fr&screen=-5&rotate=abc&area=5&distance=Infinity&sound=loud'),
    ['lang', 'screen', 'rotate', 'area', 'distance', 'sound']);
  assert.deepEqual(dropped('?theme=light&theme=dark&toString=1'), ['theme', 'toString']);
  const asked = readAddress('?page=fire,nope&screen=-5&distance=3');
  assert.deepEqual([asked.pages, asked.screenInch, asked.distanceM, asked.dropped], [['fire'], null, 3, ['page', 'screen']]);
  assert.deepEqual(readAddress('?rotate=-5').rotateS, 0);
  assert.deepEqual(dropped('?page=fire&page=cameras'), ['page'], 'the first of two is taken');
});
