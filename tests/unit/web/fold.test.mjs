import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { fold, matcher, spelled } from '../js/fold.js';

const TABLE = JSON.parse(readFileSync(new URL('../data/fold.json', import.meta.url), 'utf8'));

const rank = (query, ...texts) => matcher(query)(texts)?.rank ?? null;
const hit = (query, text) => matcher(query)([text])?.marks.map(({ from, to }) => text.slice(from, to));

test('words are folded as in the server, also decomposed ones', () => {
  for (const [text, folded, form] of TABLE) {
    for (const written of [text, text.normalize('NFC'), text.normalize('NFD')]) {
      assert.equal(fold(written), folded, text);
      assert.equal(spelled(written), form, text);
    }
  }
});

test('typed without marks a word finds all marks', () => {
  for (const text of ['Báo cháy tủ 3', 'Người chạy', 'Nước chảy', 'CHÁY']) assert.notEqual(rank('chay', text), null, text);
  assert.equal(rank('chay', 'Chai vỡ'), null);
  assert.notEqual(rank('dam dong', 'Đám đông tại chợ'), null);
});

test('typed with marks it finds only those, in both ways to set the tone', () => {
  assert.notEqual(rank('cháy', 'Báo cháy'), null);
  assert.equal(rank('cháy', 'Người chạy'), null);
  assert.notEqual(rank('Hoà', 'Hòa Bình'), null);
  assert.notEqual(rank('hòa', 'Nam Hoà'.normalize('NFD')), null);
  assert.equal(rank('Văn Lang', 'Xã Văn Lăng'), null);
  assert.notEqual(rank('Văn Lang', 'Xã Văn Lang'), null);
  assert.equal(rank('Văn Lăng', 'Xã Văn Lang'), null);
  assert.notEqual(rank('van lang', 'Xã Văn Lăng'), null);
  assert.equal(rank('đam', 'Dam'), null, 'a stroke is a mark');
});

test('a word that is still being typed keeps what it may become', () => {
  for (const typed of ['b', 'ba', 'bá', 'báo', 'báo ', 'báo c', 'báo ch', 'báo chá', 'báo cháy']) {
    assert.notEqual(rank(typed, 'Báo cháy'), null, typed);
  }
});

test('every word must stand somewhere, in any of the texts', () => {
  assert.notEqual(rank('chay cho', 'Báo cháy', 'Xã Chợ Mới'), null);
  assert.equal(rank('chay song', 'Báo cháy', 'Xã Chợ Mới'), null);
  assert.notEqual(rank('2231', 'Khói', 'CAM-2231'), null);
  assert.notEqual(rank('', 'anything'), null);
});

test('whole words come before beginnings, and those before the rest', () => {
  assert.equal(rank('khói', 'Khói liên tiếp'), 0);
  assert.equal(rank('kho', 'Khói liên tiếp'), 1);
  assert.equal(rank('hoi', 'Khói liên tiếp'), 2);
  assert.equal(rank('khoi', 'Khói liên tiếp'), 1, 'its marks are not as typed');
});

test('what was hit is marked in the text as it stands there', () => {
  assert.deepEqual(hit('chay', 'Báo cháy: tủ'), ['cháy']);
  const decomposed = 'Báo cháy'.normalize('NFD');
  assert.deepEqual(hit('chay', decomposed), ['cháy'.normalize('NFD')]);
  assert.deepEqual(hit('dai tu', 'Xã Đại Từ'), ['Đại', 'Từ']);
  assert.deepEqual(hit('cháy', decomposed), ['cháy'.normalize('NFD')]);
});
