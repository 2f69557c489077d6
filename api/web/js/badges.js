// Priority markers: inline SVG, because fonts lack these shapes and a digit must sit in each.

const SVG = 'http://www.w3.org/2000/svg';

export const SEVERITIES = ['critical', 'high', 'medium', 'low'];
export const PRIORITY_KEYS = ['priority.1', 'priority.2', 'priority.3', 'priority.4'];

// Box 56 × 56; `inner` is the second rim of a screen that must not blink; `y` centres the digit.
export const SHAPES = [
  { shape: 'M6 6H50V50H6Z', inner: 'M12 12H44V44H12Z', y: 28 },
  { shape: 'M28 3L54 51H2Z', inner: 'M28 13L46 46H10Z', y: 36 },
  { shape: 'M28 1L55 28L28 55L1 28Z', inner: 'M28 9L47 28L28 47L9 28Z', y: 28 },
  { shape: 'M3 28a25 25 0 1 0 50 0a25 25 0 1 0 -50 0', inner: 'M9 28a19 19 0 1 0 38 0a19 19 0 1 0 -38 0', y: 28 },
];

// Outlines of Inter's bold digits around (0, 0), 26 high: no font can be missing in a picture.
const DIGITS = [
  'M5.9 -13V13H0.1V-7.9H-0L-5.9 -3.8V-9L-0.2 -13Z',
  'M-9.3 13.2V9L0.1 0.5Q1.2 -0.5 2 -1.4Q2.8 -2.3 3.2 -3.1Q3.6 -4 3.6 -5Q3.6 -6.1 3.1 -6.9Q2.6 -7.7 1.7 -8.1Q0.9 -8.6 -0.2 -8.6Q-1.4 -8.6 -2.2 -8.1Q-3.1 -7.6 -3.6 -6.8Q-4 -5.9 -4 -4.7H-9.6Q-9.6 -7.3 -8.4 -9.2Q-7.2 -11.1 -5.1 -12.1Q-3 -13.2 -0.2 -13.2Q2.7 -13.2 4.8 -12.2Q6.9 -11.2 8.1 -9.5Q9.2 -7.7 9.2 -5.4Q9.2 -3.9 8.7 -2.5Q8.1 -1.1 6.6 0.7Q5.1 2.5 2.3 4.9L-1.2 8.3V8.4H9.6V13.2Z',
  'M-0.1 13.3Q-3 13.3 -5.2 12.4Q-7.5 11.4 -8.8 9.6Q-10.1 7.8 -10.1 5.5H-4.2Q-4.2 6.4 -3.6 7.1Q-3.1 7.8 -2.2 8.2Q-1.2 8.6 -0.1 8.6Q1.1 8.6 2 8.1Q3 7.7 3.5 7Q4 6.2 4 5.3Q4 4.3 3.4 3.5Q2.9 2.7 1.9 2.3Q0.8 1.9 -0.6 1.9H-3V-2.3H-0.6Q0.6 -2.3 1.6 -2.8Q2.5 -3.2 3 -3.9Q3.5 -4.6 3.5 -5.6Q3.5 -6.5 3.1 -7.2Q2.6 -8 1.8 -8.3Q1 -8.7 -0 -8.7Q-1.1 -8.7 -2 -8.4Q-2.9 -8 -3.4 -7.3Q-4 -6.6 -4 -5.6H-9.6Q-9.6 -7.9 -8.3 -9.6Q-7.1 -11.4 -4.9 -12.4Q-2.7 -13.3 -0 -13.3Q2.7 -13.3 4.8 -12.4Q6.9 -11.4 8 -9.7Q9.1 -8.1 9.1 -6Q9.1 -3.8 7.8 -2.3Q6.4 -0.9 4.1 -0.5V-0.3Q6.1 -0.1 7.4 0.7Q8.7 1.5 9.4 2.8Q10.1 4.1 10.1 5.7Q10.1 7.9 8.8 9.6Q7.5 11.4 5.2 12.4Q2.9 13.3 -0.1 13.3Z',
  'M-10.6 8.5V4L0.1 -13H4.1V-6.7H1.8L-4.8 3.7V3.9H10.6V8.5ZM1.9 13V7.2L2 5.1V-13H7.5V13Z',
];

/** An SVG element with attributes. */
export function svg(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** A marker for priority 1 to 4. `look`: filled, hollow or none (nothing open); `label` is read aloud. */
export function badge(priority, { look = 'filled', blink = 'none', label = '' } = {}) {
  const { shape, inner, y } = SHAPES[priority - 1];
  const box = svg('svg', { class: 'badge', viewBox: '0 0 56 56' });
  const digit = svg('path', { class: 'digit', d: DIGITS[priority - 1], transform: `translate(28 ${y})` });
  box.append(svg('path', { class: 'shape', d: shape }), svg('path', { class: 'inner', d: inner }), digit);
  box.dataset.priority = String(priority);
  setLook(box, { look, blink, label });
  return box;
}

/** Change how a marker is filled, whether it blinks and what it is called. */
export function setLook(box, { look = 'filled', blink = 'none', label = '' }) {
  if (box.dataset.look !== look) box.dataset.look = look;
  if (box.dataset.blink !== blink) box.dataset.blink = blink;
  if (label) {
    box.setAttribute('role', 'img');
    box.setAttribute('aria-label', label);
  } else {
    box.setAttribute('aria-hidden', 'true');
  }
}

/** The look and the motion of an alarm's state (ISA-18.2: unacknowledged blinks, returned is hollow). */
export function lookOf(state) {
  if (state === 'unacknowledged') return { look: 'filled', blink: 'fast' };
  if (state === 'returned') return { look: 'hollow', blink: 'slow' };
  return { look: 'filled', blink: 'none' };
}

/** How long a new marker may blink out of step: to ask for all animations costs a frame's whole style. */
const ALIGN_MS = 200;
let isAligning = false;

/** Give every running animation the same start, so that all markers of a page blink as one, in a moment. */
export function alignBlinking() {
  if (isAligning) return;
  isAligning = true;
  setTimeout(() => {
    isAligning = false;
    for (const animation of document.getAnimations()) {
      if (animation.startTime !== 0) animation.startTime = 0;
    }
  }, ALIGN_MS);
}
