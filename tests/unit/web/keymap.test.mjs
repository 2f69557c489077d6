import assert from 'node:assert/strict';
import { test } from 'node:test';

import { COMMANDS, Keymap, keyLabel } from '../js/keymap.js';

function board({ now = () => 0, takes = () => true } = {}) {
  const ran = [];
  const keymap = new Keymap((name) => { ran.push(name); return takes(name); }, { now });
  const press = (code, { target = { tagName: 'DIV' }, ...held } = {}) => {
    const event = { code, target, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...held };
    return keymap.handle(event);
  };
  return { keymap, ran, press };
}

const inside = (place) => ({ tagName: 'DIV', closest: () => ({ dataset: { keys: place } }) });

test('a key is its place on the keyboard, so that a layout changes nothing', () => {
  const { ran, press } = board();
  assert.equal(press('KeyX'), true);
  assert.equal(press('KeyX', { shiftKey: true }), true);
  assert.deepEqual(ran, ['acknowledge', 'unacknowledge']);
});

test('what belongs to the browser stays its own', () => {
  const { ran, press } = board();
  for (const held of [{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { isComposing: true }]) press('KeyC', held);
  assert.deepEqual(ran, []);
});

test('in a text field only Escape and the palette are commands', () => {
  const { ran, press } = board();
  const fields = [{ tagName: 'TEXTAREA' }, { tagName: 'INPUT', type: 'search' }, { tagName: 'SELECT' }, { tagName: 'P', isContentEditable: true }];
  for (const target of fields) {
    for (const { keys } of Object.values(COMMANDS)) for (const key of keys) press(key.split('+').at(-1), { target, shiftKey: key.startsWith('Shift+') });
  }
  assert.deepEqual(new Set(ran), new Set(['back']));
  press('KeyK', { target: fields[0], ctrlKey: true });
  assert.equal(ran.at(-1), 'palette');
});

test('a button keeps its Enter and its blank, and letters work beside it', () => {
  const { ran, press } = board();
  const target = { tagName: 'BUTTON', closest: inside('list').closest };
  assert.equal(press('Enter', { target }), false);
  assert.equal(press('Space', { target }), false);
  assert.equal(press('KeyT', { target }), true);
  assert.deepEqual(ran, ['shelve']);
});

test('a digit is a tab in the panel and a priority elsewhere', () => {
  const { ran, press } = board();
  press('Digit2', { target: inside('detail') });
  press('Digit2', { target: inside('list') });
  press('Digit5', { target: inside('list') });
  assert.deepEqual(ran, ['tab_2', 'priority_2']);
});

test('g waits a second and a half for the other half, and nothing happens by half', () => {
  let at = 0;
  const { ran, press } = board({ now: () => at });
  assert.equal(press('KeyG'), true);
  at = 1400;
  press('KeyK');
  assert.deepEqual(ran, ['go_kpis']);
  press('KeyG');
  at = 3000;
  press('KeyX'); // too late: a command of its own
  press('KeyG');
  press('KeyX'); // no such pair: not an acknowledgement
  press('KeyG');
  press('ShiftLeft', { shiftKey: true });
  press('KeyB');
  assert.deepEqual(ran, ['go_kpis', 'acknowledge', 'go_map']);
});

test('a key that is held down acts once, but moves on', () => {
  const { ran, press } = board();
  press('KeyX', { repeat: true });
  press('ArrowDown', { repeat: true, target: inside('list') });
  assert.deepEqual(ran, ['down']);
});

test('with letters off, arrows and Escape still work', () => {
  const { keymap, ran, press } = board();
  keymap.lettersOn = false;
  for (const code of ['KeyX', 'Digit1', 'Slash', 'KeyG', 'KeyC']) assert.equal(press(code), false);
  press('Escape');
  press('ArrowUp', { target: inside('list') });
  press('KeyK', { ctrlKey: true });
  assert.deepEqual(ran, ['back', 'up', 'palette']);
});

test('a dialog has all keys until it is closed, however often that is said', () => {
  const { keymap, ran, press } = board();
  const [one, two] = [keymap.pause(), keymap.pause()];
  one();
  one();
  press('KeyX');
  two();
  press('KeyX');
  assert.deepEqual(ran, ['acknowledge']);
});

test('a command that did nothing leaves the key to others', () => {
  const { press } = board({ takes: () => false });
  assert.equal(press('KeyX'), false);
});

test('no two commands of one place share a key', () => {
  for (const where of ['any', 'list', 'detail']) {
    const keys = Object.values(COMMANDS).filter((command) => command.where === where).flatMap(({ keys }) => keys);
    assert.equal(new Set(keys).size, keys.length, where);
  }
});

test('nothing hangs on Backspace or Delete', () => {
  const keys = Object.values(COMMANDS).flatMap(({ keys }) => keys);
  assert.ok(keys.every((key) => !/Backspace|Delete|Bracket/.test(key)));
});

test('keys are written as people read them', () => {
  assert.equal(keyLabel('Shift+KeyX'), 'Shift+x');
  assert.equal(keyLabel('KeyG KeyC'), 'g c');
  assert.equal(keyLabel('Shift+Slash'), '?');
  assert.equal(keyLabel('Digit1'), '1');
});

// -- Vietnamese typing is always on -------------------------------------------------------------------

const VOWELS = 'aeiouy';

/** Does Telex rewrite what was typed? Its rules act on a vowel before, on a doubled letter, on w and brackets. */
function telexRewrites(typed) {
  for (let i = 0; i < typed.length; i += 1) {
    const before = typed.slice(0, i);
    const key = typed[i];
    if ('w[]'.includes(key)) return true; // a letter by itself, also with nothing before it
    if ('sfrxjz'.includes(key) && [...before].some((letter) => VOWELS.includes(letter))) return true;
    if ('aeod'.includes(key) && before.includes(key)) return true;
  }
  return false;
}

/** VNI: a digit after a vowel is its mark, 9 after d its stroke. */
function vniRewrites(typed) {
  return /[aeiouy].*[0-8]|d.*9/.test(typed);
}

/** Everything that can be typed with up to three of these keys. */
function sequences(keys) {
  const one = [...keys];
  const two = one.flatMap((a) => one.map((b) => a + b));
  return [...one, ...two, ...two.flatMap((ab) => one.map((c) => ab + c))];
}

function commandLetters() {
  const codes = Object.values(COMMANDS).flatMap(({ keys }) => keys).flatMap((key) => key.split(' '));
  return new Set(codes.map((code) => code.split('+').at(-1)).filter((code) => /^(Key|Digit)/.test(code) && code !== 'KeyA')
    .map((code) => code.replace(/^Key|^Digit/, '').toLowerCase()));
}

test('an input method rewrites no sequence of our command keys', () => {
  const keys = commandLetters();
  assert.ok(keys.size >= 18, `${[...keys]}`);
  for (const typed of sequences(keys)) {
    assert.ok(!telexRewrites(typed) && !vniRewrites(typed), typed);
  }
});

test('the check finds the keys that would collide', () => {
  const collide = sequences('asejk').filter((typed) => telexRewrites(typed));
  assert.ok(collide.length >= 60, `${collide.length}`);
  assert.ok(collide.includes('aj'), 'acknowledge, then next');
  assert.ok(vniRewrites('a1'));
});
