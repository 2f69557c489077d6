// What an alarm is about, beside its title and its commune: what tells two fires of one ward apart. No DOM.

import { PROVINCE } from './areas.js';

/**
 * The device of an alarm, or the number of a citizen's report; '' where title, commune or source say it already.
 * Takes an alarm as the API has it, and a row of a list: {device, key, area, source, title}.
 */
export function subjectOf({ device, key, area, source, title }) {
  const said = device ?? key;
  if (!said || [area, source, PROVINCE].includes(said) || title.includes(said)) return '';
  return said.includes('|') ? '' : said; // a key of several parts: a commune and a kind
}

/** The title with what it is about: "Báo cháy: khói · TT-0192". */
export function fullTitle(alarm) {
  return [alarm.title, subjectOf(alarm)].filter(Boolean).join(' \u00b7 ');
}
