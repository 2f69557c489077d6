// The key points as sentences.

import { timeOfDay } from './writing.js';

export const SOURCE_KEYS = {
  camera: 'tile.camera', fire: 'tile.fire', citizen: 'tile.citizen', queue: 'tile.queue',
};

const POINTS = {
  no_data: ['report.point.no_data'],
  nothing_off: ['report.point.nothing_off'],
  critical_open: ['report.point.critical_open', 'n'],
  critical_late: ['report.point.critical_late', 'n'],
  sos_open: ['report.point.sos_open', 'n'],
  floods: ['report.point.floods', 'n'],
  standing: ['report.point.standing', 'n'],
  reports_late: ['report.point.reports_late'],
  reports_overdue: ['report.point.reports_overdue', 'n'],
  waits_long: ['report.point.waits_long'],
  dossiers_late: ['report.point.dossiers_late'],
  dossiers_overdue: ['report.point.dossiers_overdue', 'n'],
  source_silent: ['report.point.source_silent'],
  blind: ['report.point.blind', 'n'],
  dead_letters: ['report.point.dead_letters', 'n'],
};

/** The name of a source as the screens say it; one that we do not know keeps its own. */
export function sourceName(source, say) {
  return SOURCE_KEYS[source] ? say(SOURCE_KEYS[source]) : source;
}

/** A sentence for each point of the report. */
export function sentences(report, say, write) {
  return report.points.map(({ key, values }) => {
    const [name, counted] = POINTS[key] ?? ['report.point.other'];
    const spoken = { key, ...inWords(values, report, say, write) };
    const sentence = counted ? say.n(name, values[counted], spoken) : say(name, spoken);
    return key === 'waits_long' && values.office
      ? `${sentence} ${say('report.point.slowest', spoken)}`
      : sentence;
  });
}

function inWords(values, report, say, write) {
  const said = {};
  for (const [name, value] of Object.entries(values)) {
    if (name === 'source') said[name] = sourceName(value, say);
    else if (name === 'from' || name === 'to') said[name] = timeOfDay(value, report.to);
    else if (name === 'rate' || (name === 'target' && value <= 1)) said[name] = write.rate(value);
    else if (name.endsWith('_s')) said[name] = write.spoken(value);
    else said[name] = typeof value === 'number' ? write.count(value) : value;
  }
  return said;
}
