// What a commune is coloured by: the value of each measure, its classes, and how much of it is heard.

export const MEASURES = ['alarms', 'reports', 'wait', 'dossiers', 'coverage'];
const SEVERITIES = ['critical', 'high', 'medium', 'low'];
/** A blue commune would shout louder than priority 4 means. */
const FILLED_PRIORITIES = 3;

/** From which value on each class begins; waits in minutes. The last class is the worst. */
const WAIT_LIMITS = [0, 5, 15, 30, 45];
/** Of coverage the worst class is the lowest: below these shares, in percent. */
const COVERAGE_LIMITS = [98, 90, 80, 50];
const STEPS = [1, 2, 5];

/** The worst priority of counts by severity, or null; with `n` alarms of it. */
export function worstOf(alarms) {
  const at = SEVERITIES.findIndex((severity) => (alarms?.[severity] ?? 0) > 0);
  return at < 0 ? null : { priority: at + 1, n: alarms[SEVERITIES[at]] };
}

/** Devices known and heard of all sources together. */
export function devicesOf(figures) {
  let [known, heard] = [0, 0];
  for (const each of Object.values(figures?.devices ?? {})) {
    known += each.known;
    heard += each.heard;
  }
  return { known, heard };
}

/** Percent of the devices that are heard, rounded down so that 100 means all; null without devices. */
export function coverageOf(figures) {
  const { known, heard } = devicesOf(figures);
  return known === 0 ? null : Math.floor((100 * heard) / known);
}

/**
 * "blind" below half, "thin" below nine tenths, "heard"; "none" where there is no device at all, "unknown" where
 * nobody told us.
 */
export function blindness(figures) {
  if (!figures) return 'unknown';
  const { known, heard } = devicesOf(figures);
  if (known === 0) return 'none';
  if (heard * 2 < known) return 'blind';
  return heard * 10 < known * 9 ? 'thin' : 'heard';
}

/** The number of a measure for one area; null when there is none. Waits are in whole minutes. */
export function valueOf(figures, measure) {
  if (!figures) return null;
  if (measure === 'reports') return figures.reports_open;
  if (measure === 'wait') return figures.wait_longest_s === null ? null : Math.floor(figures.wait_longest_s / 60);
  if (measure === 'dossiers') return figures.dossiers_overdue;
  if (measure === 'coverage') return coverageOf(figures);
  return SEVERITIES.reduce((sum, severity) => sum + figures.alarms[severity], 0);
}

/** A round step so that three of them hold `value`: 1, 2, 5, 10, 20 … */
function roundStep(value) {
  for (let power = 1; ; power *= 10) {
    const step = STEPS.find((each) => each * power * 3 >= value);
    if (step) return step * power;
  }
}

/**
 * The classes of a measure, the least first: [{from, to}], both ends included, `to` null: open.
 * Counts begin with a class of their own for zero, and one commune with very much does not push all
 * others into the lowest class.
 */
export function classesOf(areas, measure) {
  if (measure === 'coverage') {
    return [...COVERAGE_LIMITS, 0].map((from, i) => ({ from, to: i === 0 ? 100 : COVERAGE_LIMITS[i - 1] - 1 }));
  }
  if (measure === 'wait') {
    return WAIT_LIMITS.map((from, i) => ({ from, to: i < 4 ? WAIT_LIMITS[i + 1] - 1 : null }));
  }
  const values = Object.values(areas).map((figures) => valueOf(figures, measure)).filter((n) => n > 0);
  values.sort((a, b) => a - b);
  const step = roundStep(values[Math.floor(values.length * 0.9)] ?? 1);
  return [
    { from: 0, to: 0 }, { from: 1, to: step }, { from: step + 1, to: 2 * step },
    { from: 2 * step + 1, to: 3 * step }, { from: 3 * step + 1, to: null },
  ];
}

/** The class 1 to 5 of a value; 0 for what is not known. */
export function classOf(value, classes) {
  if (value === null || value === undefined) return 0;
  return classes.findIndex(({ from, to }) => value >= from && (to === null || value <= to)) + 1;
}

/** How each commune is filled: {code: {priority}} for alarms, {code: {step}} 0 to 5 for the others. */
export function fills(areas, measure) {
  const classes = measure === 'alarms' ? [] : classesOf(areas, measure);
  return new Map(Object.entries(areas).map(([code, figures]) => {
    if (measure !== 'alarms') return [code, { priority: 0, step: classOf(valueOf(figures, measure), classes) }];
    const worst = worstOf(figures.alarms);
    return [code, { priority: worst && worst.priority <= FILLED_PRIORITIES ? worst.priority : 0, step: 1 }];
  }));
}
