// Devices, clusters and incidents on a canvas; `to` counts in CSS pixels.

const SYMBOL_PX = 9;
const RING_PX = 2;
const TURN = 2 * Math.PI;

const SHAPES = {
  square: [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]],
  pentagon: [[0, -0.6], [0.57, -0.19], [0.35, 0.49], [-0.35, 0.49], [-0.57, -0.19]],
  house: [[0, -0.6], [0.55, -0.1], [0.55, 0.5], [-0.55, 0.5], [-0.55, -0.1]],
};

/** How large the disc of so many devices is. */
export function discRadius(n) {
  return 10 + 2.2 * Math.log10(n);
}

/** One device: silent ones are hollow. */
export function drawDevice(to, { x, y, kind, silent }, { paints }) {
  const side = SYMBOL_PX;
  to.beginPath();
  if (kind === 'dot') {
    to.arc(x, y, side * 0.38, 0, TURN);
  } else {
    SHAPES[kind].forEach(([dx, dy], i) => (i ? to.lineTo(x + dx * side, y + dy * side) : to.moveTo(x + dx * side, y + dy * side)));
    to.closePath();
  }
  to.fillStyle = silent ? paints.bg : paints.text2;
  to.fill();
  to.lineWidth = silent ? 1.6 : 1;
  to.strokeStyle = silent ? paints.text2 : paints.bg;
  to.stroke();
}

/** A disc with its count; the ring around it is full for those that are heard, hollow for the silent. */
export function drawCluster(to, { x, y, n, silent, text }, { paints }) {
  const radius = discRadius(n);
  to.beginPath();
  to.arc(x, y, radius, 0, TURN);
  to.fillStyle = paints.raised;
  to.fill();
  to.lineWidth = 1;
  to.strokeStyle = paints.muted;
  to.stroke();
  const heard = 1 - silent / n;
  if (heard > 0) {
    to.beginPath();
    to.arc(x, y, radius - RING_PX / 2, -TURN / 4, -TURN / 4 + heard * TURN);
    to.lineWidth = RING_PX;
    to.strokeStyle = paints.muted;
    to.stroke();
  }
  to.fillStyle = paints.text;
  to.fillText(text, x, y);
}

/** The circle of an incident in its real size, dashed, with what it is called above. */
export function drawIncident(to, { x, y, radius, text }, { paints }) {
  to.beginPath();
  to.arc(x, y, Math.max(radius, 8), 0, TURN);
  to.setLineDash([6, 4]);
  to.lineWidth = 2;
  to.strokeStyle = paints.text;
  to.stroke();
  to.setLineDash([]);
  if (!text) return;
  const top = y - Math.max(radius, 8) - 9;
  to.lineWidth = 3;
  to.strokeStyle = paints.bg;
  to.strokeText(text, x, top);
  to.fillStyle = paints.text;
  to.fillText(text, x, top);
}

/** A line from a marker that had to step aside to the place that it is about. */
export function drawLeader(to, from, end, { paints }) {
  to.beginPath();
  to.moveTo(...from);
  to.lineTo(...end);
  to.lineWidth = 1.5;
  to.strokeStyle = paints.text;
  to.stroke();
  to.beginPath();
  to.arc(...from, 2.5, 0, TURN);
  to.fillStyle = paints.text;
  to.fill();
}
