// What happened in an incident, as few steps: when each source was first heard. No DOM.

import { instant } from '../formats.js';

/** [{at, source, subject}] in order: the first word of each source, then the latest ones; at most `most`. */
export function timeline(evidence, most) {
  const heard = evidence
    .map(({ from_at: from, source, subject = '' }) => ({ at: instant(from), source, subject }))
    .filter(({ at }) => at !== null)
    .sort((a, b) => a.at - b.at);
  const first = heard.filter(({ source }, i) => heard.findIndex((one) => one.source === source) === i);
  const later = heard.filter((step) => !first.includes(step)).reverse();
  return [...first, ...later].slice(0, most).sort((a, b) => a.at - b.at);
}
