// The mark of who has an alarm: a person, or one struck out where nobody has acknowledged it. It stands where
// there is no room for a name, so that every row says it.

import { svg } from '../badges.js';
import { mark } from '../dom.js';

const PERSON = 'M12 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0 -9M3 22.5c0 -5 4 -7.5 9 -7.5s9 2.5 9 7.5z';

export function personMark() {
  return svg('svg', { class: 'who', viewBox: '0 0 24 24', role: 'img' });
}

/** Draw it as of somebody who has acknowledged, or of nobody. */
export function setPerson(root, isAcknowledged, say) {
  if (root.dataset.acknowledged === String(isAcknowledged)) return;
  mark(root, 'acknowledged', isAcknowledged);
  root.setAttribute('aria-label', say(isAcknowledged ? 'state.acknowledged' : 'alarm.nobody'));
  root.replaceChildren(
    svg('path', { class: 'person', d: PERSON }),
    ...(isAcknowledged ? [] : [svg('path', { class: 'strike', d: 'M2 22L22 2' })]),
  );
}
