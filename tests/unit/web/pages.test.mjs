import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chosenPages, chosenRotation, Hold, ownWall, PAGES, Rotation, withoutArea } from '../js/wall/pages.js';

const S = 1000;
const nothingEmpty = () => false;

function visited(rotation, seconds, isHeld = () => false) {
  const seen = [rotation.shown.join()];
  for (let s = 0; s <= seconds; s += 1) if (rotation.tick(s * S, isHeld(s))) seen.push(rotation.shown.join());
  return seen;
}

test('an address loses its commune and nothing else', () => {
  const url = new URL(withoutArea('http://ioc.example/wall?page=fire,sources&area=99999&lang=en'));
  assert.deepEqual([...url.searchParams], [['page', 'fire,sources'], ['lang', 'en']]);
});

test('a key that sees one area leads to the wall of that area, once; one of the whole province stays', () => {
  const asked = 'http://ioc.example/wall?page=fire&area=05455';
  const own = ownWall(asked, '05443');
  assert.equal(own, 'http://ioc.example/wall?page=fire&area=05443');
  assert.equal(ownWall(own, '05443'), null);
  assert.equal(ownWall('http://ioc.example/wall', '05443'), null);
  assert.equal(ownWall(asked, null), null);
});

test('the address names one page, or two side by side; anything else is the overview', () => {
  assert.deepEqual(chosenPages(null), ['overview']);
  assert.deepEqual(chosenPages('fire'), ['fire']);
  assert.deepEqual(chosenPages('overview,fire'), ['overview', 'fire']);
  assert.deepEqual(chosenPages('fire,fire'), ['fire']);
  assert.deepEqual(chosenPages('fire,cameras,citizens'), ['fire', 'cameras']);
  assert.deepEqual(chosenPages('<script>'), ['overview']);
});

test('a page stays for at least fifteen seconds, or for good', () => {
  assert.equal(chosenRotation(null), 0);
  assert.equal(chosenRotation('0'), 0);
  assert.equal(chosenRotation('-3'), 0);
  assert.equal(chosenRotation('Infinity'), 0);
  assert.equal(chosenRotation('1'), 15);
  assert.equal(chosenRotation('45'), 45);
});

test('without rotation a page stays', () => {
  assert.deepEqual(visited(new Rotation(['fire'], 0, nothingEmpty), 3600), ['fire']);
  assert.equal(new Rotation(['fire'], 0, nothingEmpty).left(0), Infinity);
});

test('all pages come in their order and begin anew', () => {
  assert.deepEqual(visited(new Rotation(['overview'], 20, nothingEmpty), 160), [...PAGES, 'overview', 'fire'].map(String));
});

test('pages with nothing to show are left out, and come back when they have something', () => {
  const empty = new Set(['cameras', 'citizens', 'incidents']);
  const rotation = new Rotation(['overview'], 15, (name) => empty.has(name));
  assert.deepEqual(visited(rotation, 60), ['overview', 'fire', 'services', 'sources', 'overview']);
  assert.deepEqual(rotation.stops(), ['overview', 'fire', 'services', 'sources']);
  empty.delete('cameras');
  assert.ok(rotation.stops().includes('cameras'));
});

test('a page that became empty while it is shown is followed by the one after it', () => {
  const rotation = new Rotation(['incidents'], 15, (name) => name === 'incidents');
  assert.deepEqual(visited(rotation, 15), ['incidents', 'overview']);
});

test('while it is held the page keeps the time that it had left', () => {
  const rotation = new Rotation(['overview'], 20, nothingEmpty);
  visited(rotation, 110, (s) => s > 10 && s <= 100);
  assert.deepEqual(rotation.shown, ['fire'], '10 s before and 10 s after the ninety that were held');
  const held = new Rotation(['overview'], 20, nothingEmpty);
  visited(held, 109, (s) => s > 10 && s <= 100);
  assert.deepEqual(held.shown, ['overview']);
});

test('a page is held for a minute after each priority 2', () => {
  const hold = new Hold();
  assert.equal(hold.isOn(0), false);
  hold.begin(0);
  hold.begin(40 * S);
  assert.equal(hold.isOn(99 * S), true);
  assert.equal(hold.isOn(100 * S), false);
});

test('a steady flow of priority 2 holds a page for five minutes, not for ever; the next one after it does again', () => {
  const rotation = new Rotation(['overview'], 20, nothingEmpty);
  const hold = new Hold();
  const seen = visited(rotation, 600, (s) => {
    if (s % 30 === 0) hold.begin(s * S);
    return hold.isOn(s * S);
  });
  assert.deepEqual(seen.slice(0, 3), ['overview', 'fire', 'cameras']);
  assert.ok(seen.length > 10, 'from the fifth minute on they turn');
  hold.begin(700 * S);
  assert.equal(hold.isOn(759 * S), true);
});

test('two side by side move on together', () => {
  const rotation = new Rotation(['overview', 'fire'], 15, nothingEmpty);
  assert.deepEqual(visited(rotation, 60), [
    'overview,fire', 'cameras,citizens', 'services,sources', 'incidents,overview', 'fire,cameras',
  ]);
});

test('the next page is known before its turn', () => {
  const rotation = new Rotation(['sources'], 15, (name) => name === 'incidents');
  rotation.tick(0, false);
  assert.deepEqual(rotation.next(), ['overview']);
  assert.equal(rotation.left(10 * S), 5 * S);
});
