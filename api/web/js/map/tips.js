// What is said about a commune, a device or a group of them: lines of text, the name first.

import { PRIORITY_KEYS, SEVERITIES } from '../badges.js';
import { blindness, coverageOf, devicesOf } from './measures.js';

const SOURCE_KEYS = {
  camera: 'tile.camera', fire: 'tile.fire', citizen: 'tile.citizen', queue: 'tile.queue',
};

/** Name and code, alarms by priority, reports, waits, coverage: all that the table says. */
export function tipOfArea({ say, number, areas }, code, figures) {
  const lines = [say('map.tip.name', { name: areas.fullName(code), code })];
  if (!figures) return lines;
  const alarms = SEVERITIES.flatMap((severity, i) => {
    const n = figures.alarms[severity];
    return n > 0 ? [say('priority.count', { priority: say(PRIORITY_KEYS[i]), n: number(n) })] : [];
  });
  lines.push(alarms.length ? alarms.join(' \u00b7 ') : say('map.tip.no_alarm'));
  lines.push(say('map.tip.reports', { n: number(figures.reports_open), m: number(figures.reports_overdue) }));
  if (figures.wait_longest_s !== null) {
    const minutes = Math.floor(figures.wait_longest_s / 60);
    lines.push(say('map.tip.wait', { n: number(figures.waiting), m: number(minutes) }));
  }
  lines.push(say('map.tip.dossiers', { n: number(figures.dossiers_overdue) }));
  lines.push(coverageLine({ say, number }, figures));
  return lines;
}

function coverageLine({ say, number }, figures) {
  if (blindness(figures) === 'none') return say('map.no_device');
  const { known, heard } = devicesOf(figures);
  return say('map.tip.coverage', { p: number(coverageOf(figures)), heard: number(heard), known: number(known) });
}

export function tipOfDevice({ say, areas }, { source, device, area, silent }) {
  const kind = SOURCE_KEYS[source] ? say(SOURCE_KEYS[source]) : source;
  return [device, `${kind} \u00b7 ${areas.fullName(area)}`, say(silent ? 'map.silent' : 'map.heard')];
}

export function tipOfGroup({ say, number }, { n, silent }) {
  return [say('map.tip.devices', { n: number(n) }), say('map.tip.silent', { n: number(silent) })];
}
