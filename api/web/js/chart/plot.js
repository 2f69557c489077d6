// One series on a canvas. Columns or a line of steps, the weeks before behind it, silence hatched.

import { axisText, formOf, indexAt, STEP_MS } from './chart_data.js';

const FONT = '13px "Inter", "Segoe UI", "Noto Sans", sans-serif';
const HATCH_PX = 10;
const HEAD_ROOM = 1.08;
/** A step ends where the next begins; two points may not stand at one place. */
const ALMOST = 0.999;

/** Each value at both ends of its step: what draws joins them to a line of steps. */
const stretched = (values) => values.flatMap((n) => [n, n]);
/** Each value at the beginning of its step alone: what draws makes columns of it. */
const single = (values) => values.flatMap((n) => [n, undefined]);

function colours(root) {
  const style = getComputedStyle(root);
  const of = (name) => style.getPropertyValue(name).trim();
  return { now: of('--text2'), text: of('--text'), muted: of('--muted'), rule: of('--rule'), line: of('--line'), band: of('--map2') };
}

function hatch(colour, ratio) {
  const size = HATCH_PX * ratio;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  pen.strokeStyle = colour;
  pen.lineWidth = ratio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, 'repeat');
}

export class Plot {
  #root;
  #chart;
  #plot;
  #listener;

  /** `listener` is {moved(index), chosen(one, other)}; `UPlot` is the library, asked for by who draws. */
  constructor(root, UPlot, chart, { number, target = null, height, listener }) {
    this.#root = root;
    this.#chart = chart;
    this.#listener = listener;
    const width = Math.max(200, root.clientWidth);
    this.#plot = new UPlot(this.#options(UPlot, { number, target, width, height }), this.#data(), root);
  }

  resize() {
    const width = Math.max(200, this.#root.clientWidth);
    if (width !== this.#plot.width) this.#plot.setSize({ width, height: this.#plot.height });
  }

  /** Put the line of the reader on a step, and mark what is chosen from another one on. */
  point(index, other = null) {
    const [from, to] = [this.#left(index), this.#left(index, 1)];
    this.#plot.setCursor({ left: (from + to) / 2, top: 0 }, false);
    if (other === null) {
      this.#plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      return;
    }
    const left = Math.min(from, this.#left(other));
    const right = Math.max(to, this.#left(other, 1));
    this.#plot.setSelect({ left, top: 0, width: right - left, height: this.#plot.over.clientHeight }, false);
  }

  destroy() {
    this.#plot.destroy();
  }

  #left(index, steps = 0) {
    return this.#plot.valToPos(this.#chart.xs[index] + steps * this.#stepS(), 'x');
  }

  #stepS() {
    return STEP_MS[this.#chart.step] / 1000;
  }

  #data() {
    const { xs, values, unfinished, weekAgo, low, high, step } = this.#chart;
    const stepS = this.#stepS();
    const now = formOf(step) === 'steps' ? stretched(values) : single(values);
    return [
      xs.flatMap((x) => [x, x + stepS * ALMOST]),
      stretched(high), stretched(low), now, single(unfinished), stretched(weekAgo),
    ];
  }

  #options(UPlot, { number, target, width, height }) {
    const { xs, step } = this.#chart;
    const ink = colours(this.#root);
    const columns = UPlot.paths.bars({ size: [0.9, Infinity], align: 1 });
    const isSteps = formOf(step) === 'steps';
    const axis = { stroke: ink.muted, font: FONT, grid: { stroke: ink.rule, width: 1 }, ticks: { stroke: ink.rule, width: 1 } };
    const plain = { points: { show: false }, spanGaps: false };
    return {
      width, height,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: {
        x: { range: () => [xs[0], xs.at(-1) + this.#stepS()] },
        y: { range: (_, min, max) => [0, Math.max(1, target ?? 0, max ?? 0) * HEAD_ROOM] },
      },
      axes: [
        { ...axis, space: 64, values: (_, places) => places.map((place) => axisText(place, step)) },
        { ...axis, size: 64, values: (_, places) => places.map((place) => (Number.isInteger(place) ? number(place) : '')) },
      ],
      series: [
        {},
        { ...plain, stroke: 'transparent', width: 0 },
        { ...plain, stroke: 'transparent', width: 0 },
        isSteps ? { ...plain, stroke: ink.now, width: 2.5 } : { ...plain, paths: columns, fill: ink.line, stroke: ink.line, width: 0 },
        { ...plain, paths: columns, stroke: ink.now, width: 1.5, dash: [3, 2] },
        { ...plain, stroke: ink.text, width: 2, dash: [7, 4] },
      ],
      bands: [{ series: [1, 2], fill: ink.band }],
      hooks: {
        drawAxes: [(plot) => this.#drawGaps(plot, ink.rule)],
        draw: [(plot) => this.#drawTarget(plot, target, ink.text)],
        setCursor: [(plot) => this.#moved(plot)],
        setSelect: [(plot) => this.#chosen(plot)],
      },
    };
  }

  #drawGaps(plot, colour) {
    const { ctx: pen, bbox } = plot;
    const { gaps, xs } = this.#chart;
    const last = xs.at(-1) + this.#stepS();
    pen.save();
    pen.fillStyle = hatch(colour, devicePixelRatio);
    for (const [from, to] of gaps) {
      const left = plot.valToPos(Math.max(from, xs[0]), 'x', true);
      const right = plot.valToPos(Math.min(to, last), 'x', true);
      if (right > left) pen.fillRect(left, bbox.top, right - left, bbox.height);
    }
    pen.restore();
  }

  #drawTarget(plot, target, colour) {
    if (target === null) return;
    const { ctx: pen, bbox } = plot;
    const y = plot.valToPos(target, 'y', true);
    pen.save();
    pen.fillStyle = colour;
    pen.fillRect(bbox.left, y - 1, bbox.width, 2 * devicePixelRatio);
    pen.restore();
  }

  #moved(plot) {
    const { left } = plot.cursor;
    if (left === null || left === undefined || left < 0) return;
    this.#listener.moved(indexAt(this.#chart, plot.posToVal(left, 'x')));
  }

  #chosen(plot) {
    const { left, width } = plot.select;
    if (width < 4) return;
    const ends = [left, left + width].map((place) => indexAt(this.#chart, plot.posToVal(place, 'x')));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#listener.chosen(...ends);
  }
}
