// What a series shows: zeros that are zeros, silence that is none, the step that is not over yet, and the
// weeks before. No DOM, no library. Times on the axis are seconds of the province: UTC moved by seven hours
// and written as if it were UTC, which has no summer time and is the fast path of what draws.

export const SHIFT_S = 25_200;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
export const STEP_MS = { '1m': MINUTE_MS, '5m': 5 * MINUTE_MS, '1h': HOUR_MS, '1d': DAY_MS };
/** The API answers with at most this many. */
const POINTS_MAX = 10_000;
/** A finer step than this for so long a range is a grey carpet. */
const STEPS_UP_TO = [['1m', 3 * HOUR_MS], ['5m', DAY_MS], ['1h', 31 * DAY_MS]];

/** The step for a range, when nobody chose one. */
export function stepFor(fromMs, toMs) {
  return STEPS_UP_TO.find(([, longest]) => toMs - fromMs <= longest)?.[0] ?? '1d';
}

/** The chosen step where the API can answer it, else the one for the range. */
export function allowedStep(step, fromMs, toMs) {
  const isAllowed = step in STEP_MS && (toMs - fromMs) / STEP_MS[step] <= POINTS_MAX;
  return isAllowed ? step : stepFor(fromMs, toMs);
}

/** Hours are a line of steps, minutes and days are columns. */
export function formOf(step) {
  return step === '1h' ? 'steps' : 'columns';
}

const shifted = (ms) => ms / 1000 + SHIFT_S;

const isWait = (metric) => metric === 'wait_p50' || metric === 'wait_p90';

/**
 * The columns that are drawn, one value for each bucket: `values` whole ones, `unfinished` the last that still
 * grows; null where the source was silent throughout, nobody waited, or nothing can be yet. `gaps` are [from, to]
 * on the axis.
 */
export function chartOf({ metric, step, points, gaps = [], weeks = 0 }, nowMs) {
  const lasts = STEP_MS[step];
  const silences = gaps.map(({ from, to }) => [Date.parse(from), Date.parse(to)]);
  const chart = {
    step, weeks, hasSum: !isWait(metric), times: [], xs: [], values: [], unfinished: [], weekAgo: [], low: [], high: [], silent: [], none: [],
    gaps: silences.map(([from, to]) => [shifted(from), shifted(to)]),
    missingMs: silences.reduce((sum, [from, to]) => sum + to - from, 0),
  };
  for (const { t, n, week_ago: weekAgo, low, high } of points) {
    const from = Date.parse(t);
    const isSilent = !n && silences.some(([start, end]) => start <= from && Math.min(from + lasts, nowMs) <= end);
    const isWhole = from + lasts <= nowMs;
    chart.times.push(from);
    chart.xs.push(shifted(from));
    chart.silent.push(isSilent);
    chart.none.push(from < nowMs && n === null);
    chart.values.push(isWhole && !isSilent ? n : null);
    chart.unfinished.push(!isWhole && from < nowMs && !isSilent ? n : null);
    chart.weekAgo.push(weekAgo ?? null);
    chart.low.push(low ?? null);
    chart.high.push(high ?? null);
  }
  return chart;
}

/** What a bucket is: {from, to, kind: 'value'|'unfinished'|'silent'|'none'|'future', n, weekAgo, low, high}. */
export function pointAt(chart, index) {
  const from = chart.times[index];
  const n = chart.values[index] ?? chart.unfinished[index];
  const kind = chart.silent[index] ? 'silent'
    : chart.values[index] !== null ? 'value'
      : chart.unfinished[index] !== null ? 'unfinished' : chart.none[index] ? 'none' : 'future';
  return {
    from, to: from + STEP_MS[chart.step], kind, n,
    weekAgo: chart.weekAgo[index], low: chart.low[index], high: chart.high[index],
  };
}

/** The highest value with its place, and the sum; both of what is known. Of waiting times a sum says nothing: null. */
export function summaryOf(chart) {
  let [sum, peak, at] = [0, null, null];
  chart.xs.forEach((_, index) => {
    const n = chart.values[index] ?? chart.unfinished[index];
    if (n === null) return;
    sum += n;
    if (peak === null || n > peak) [peak, at] = [n, index];
  });
  return { sum: chart.hasSum ? sum : null, peak, at };
}

const two = (n) => String(n).padStart(2, '0');

/** A mark of the axis: HH:mm, and dd/MM at midnight and for days. */
export function axisText(seconds, step) {
  const time = new Date(seconds * 1000);
  const isMidnight = time.getUTCHours() === 0 && time.getUTCMinutes() === 0;
  if (isMidnight || step === '1d') return `${two(time.getUTCDate())}/${two(time.getUTCMonth() + 1)}`;
  return `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
}

/** The range between two buckets, in whichever order; a range of its own at least two steps long. */
export function rangeOf(chart, one, other) {
  const [first, last] = one <= other ? [one, other] : [other, one];
  if (last === first) return null;
  return { from: chart.times[first], to: chart.times[last] + STEP_MS[chart.step] };
}

/** The bucket that stands at a place of the axis. */
export function indexAt(chart, seconds) {
  const found = chart.xs.findLastIndex((x) => x <= seconds);
  return Math.max(0, found);
}
