// What is wrong with a record, in the words of the page; the reader's own are English and stay beside them.

import { meaning, mistake } from '../dead_letter.js';

export const REASON_KEYS = {
  not_json: 'dead.not_json', too_large: 'dead.too_large', too_deep: 'dead.too_deep', schema: 'dead.schema',
  wrong_type: 'dead.wrong_type', wrong_topic: 'dead.wrong_topic', nul: 'dead.nul', clock: 'dead.clock',
};
const MISTAKE_KEYS = { missing: 'dead.missing', wrong: 'dead.wrong' };
const MEANING_KEYS = {
  one_of: 'dead.said.one_of', text: 'dead.said.text', number: 'dead.said.number', truth: 'dead.said.truth', list: 'dead.said.list',
  object: 'dead.said.object', zone: 'dead.said.zone', moment: 'dead.said.moment', empty: 'dead.said.empty', long: 'dead.said.long',
  many: 'dead.said.many', most: 'dead.said.most', least: 'dead.said.least', due: 'dead.said.due', json: 'dead.said.json',
  large: 'dead.said.large', deep: 'dead.said.deep', deeper: 'dead.said.deeper', nul: 'dead.said.nul', type: 'dead.said.type',
  topic: 'dead.said.topic', future: 'dead.said.future', past: 'dead.said.past',
};

/** The kind of fault, with its field as a mend names it: "Wrong type: /data/kind". */
export function faultWords(say, refusal) {
  const found = mistake(refusal);
  if (found) return say(MISTAKE_KEYS[found.key], { f: found.path });
  return say(REASON_KEYS[refusal.reason] ?? REASON_KEYS.schema);
}

/** {text, lang}: what the reader wants instead; its own words where we have none for them. */
export function wantedWords(say, refusal) {
  const found = meaning(refusal);
  if (found === null) return { text: refusal.detail, lang: 'en' };
  return { text: found.key === null ? '' : say(MEANING_KEYS[found.key], { x: found.x }), lang: '' };
}
