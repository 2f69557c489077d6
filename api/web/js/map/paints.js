// The colours and fonts that a canvas paints with: the tokens of the theme, read when it changes.

const TOKENS = [
  'bg', 'surface', 'raised', 'rule', 'line', 'text', 'text2', 'muted', 'rim', 'focus', 'focus-gap',
  'sea', 'p1', 'p2', 'p3', 'p4', 'on1', 'on2', 'on3', 'on4', 'map1', 'map2', 'map3', 'map4', 'map5',
];
const TILE = 8;

/** The tokens as an element has them: {bg: '#14181d', …}, and its font family. */
export function readPaints(element) {
  const style = getComputedStyle(element);
  const found = Object.fromEntries(TOKENS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...found, family: style.fontFamily };
}

/** A square with one falling line, so that copies of it make a 45 degree hatch. */
function hatchTile(colour, { side, width, strength }, dpr) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(side * dpr);
  canvas.height = canvas.width;
  const to = canvas.getContext('2d');
  to.strokeStyle = colour;
  to.globalAlpha = strength;
  to.lineWidth = width * dpr;
  to.lineCap = 'square';
  to.beginPath();
  for (const shift of [-1, 0, 1]) {
    to.moveTo(shift * canvas.width, canvas.width);
    to.lineTo((shift + 1) * canvas.width, 0);
  }
  to.stroke();
  return canvas;
}

/** Hatches of a theme: `blind` dense, `thin` sparse. */
export function hatches(paints, dpr) {
  return {
    blind: hatchTile(paints.line, { side: TILE, width: 1.4, strength: 1 }, dpr),
    thin: hatchTile(paints.line, { side: 2.5 * TILE, width: 1, strength: 0.55 }, dpr),
  };
}
