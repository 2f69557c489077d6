import assert from 'node:assert/strict';
import { test } from 'node:test';

import { numberOf, patternOf, titleLang, titleOf } from '../js/titles.js';

const RULE = { id: 'camera-fire', title: 'Camera ph\u00e1t hi\u1ec7n {label}, {n} l\u1ea7n', title_en: 'Cameras see {label}, {n} times at {gate}' };
const say = (key) => key.split('.').at(-1).toUpperCase();

test('a title is that of the page, and Vietnamese where nobody wrote an English one', () => {
  assert.equal(titleOf({ title: 'Ch\u00e1y', title_en: 'Fire' }, 'en'), 'Fire');
  assert.equal(titleOf({ title: 'Ch\u00e1y', title_en: 'Fire' }, 'vi'), 'Ch\u00e1y');
  assert.equal(titleOf({ title: 'Ch\u00e1y' }, 'en'), 'Ch\u00e1y');
  assert.equal(titleOf({}, 'en'), '');
});

test('a title is read aloud in the language that it was written in', () => {
  assert.equal(titleLang({ title: 'Ch\u00e1y', title_en: 'Fire' }, 'en'), 'en');
  assert.equal(titleLang({ title: 'Ch\u00e1y', title_en: 'Fire' }, 'vi'), 'vi');
  assert.equal(titleLang({ title: 'Ch\u00e1y', title_en: 'Ch\u00e1y' }, 'en'), 'vi', 'as a person named it');
  assert.equal(titleLang({ title: 'Ch\u00e1y' }, 'en'), 'vi');
});

test('what a rule leaves open is a word in brackets, a field of a site its own name', () => {
  assert.equal(patternOf(RULE, 'vi', say), 'Camera ph\u00e1t hi\u1ec7n [LABEL], [N] l\u1ea7n');
  assert.equal(patternOf(RULE, 'en', say), 'Cameras see [LABEL], [N] times at [gate]');
  assert.equal(patternOf({ id: 'r', title: '{constructor}' }, 'vi', say), '[constructor]');
  assert.equal(patternOf({ id: 'r' }, 'vi', say), 'r');
});

test('an incident has the same number everywhere', () => {
  assert.equal(numberOf({ number: 7 }), 'VV-0007');
  assert.equal(numberOf({ number: 12345 }), 'VV-12345');
});
