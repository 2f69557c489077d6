// What the wall's address asks for. What it holds that we do not know is dropped and named. No DOM.

import { PROVINCE } from '../areas.js';
import { LANGS, PSEUDO } from '../i18n.js';
import { chosenPages, chosenRotation } from './pages.js';

const number = (isOurs) => (text) => {
  const value = Number(text);
  return Number.isFinite(value) && isOurs(value) ? value : undefined;
};
const above0 = number((value) => value > 0);
const one = (...allowed) => (text) => (allowed.includes(text) ? text : undefined);

/** name -> how its value is read; undefined: not one of ours. */
const SCHEMA = {
  page: (text) => {
    const pages = chosenPages(text);
    return pages.join() === text ? pages : undefined;
  },
  rotate: number((value) => value >= 0),
  area: (text) => (text === PROVINCE ? null : /^\d{5}$/.test(text) ? text : undefined),
  screen: above0,
  distance: above0,
  lang: one(...LANGS, PSEUDO),
  sound: one('on', 'off'),
  blink: one('on', 'off'),
  reload: one('on', 'off'),
};

/**
 * {pages, rotateS, area, screenInch, distanceM, hasSound, isStill, reloads, dropped}: what is asked for, with null for a
 * commune, a size and a distance that are not, and the names of what was not understood.
 */
export function readAddress(search) {
  const params = new URLSearchParams(search);
  const asked = {};
  const dropped = [];
  for (const [name, text] of params) {
    if (text === '') continue;
    const value = Object.hasOwn(SCHEMA, name) ? SCHEMA[name](text) : undefined;
    if (value === undefined || Object.hasOwn(asked, name)) dropped.push(name);
    else asked[name] = value;
  }
  return {
    pages: asked.page ?? chosenPages(params.get('page')), rotateS: chosenRotation(asked.rotate),
    area: asked.area ?? null, screenInch: asked.screen ?? null, distanceM: asked.distance ?? null,
    hasSound: asked.sound === 'on', isStill: asked.blink === 'off', reloads: asked.reload !== 'off',
    dropped: [...new Set(dropped)],
  };
}
