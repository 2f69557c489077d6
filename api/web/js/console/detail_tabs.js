// The tabs of an alarm's detail: which there are, and the one that a press leads to. No DOM.

export const TABS = [
  { name: 'guidance', label: 'detail.tab_guidance' },
  { name: 'evidence', label: 'detail.evidence' },
  { name: 'log', label: 'detail.log' },
  { name: 'told', label: 'detail.told' },
  { name: 'related', label: 'detail.related' },
];

/** A tab's number, 1 to 5; anything else is the first. */
export function tabOf(number) {
  return Number.isInteger(number) && number >= 1 && number <= TABS.length ? number : 1;
}
