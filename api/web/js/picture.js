// What the screen knows: the last snapshot and every change since. No DOM, no network, no clock.

import { AlarmBook, countByArea, countBySeverity, priorityOf } from './alarms.js';

const SOURCES = ['camera', 'fire', 'citizen', 'queue'];
const PARTS = ['alarms', 'reports', 'queues', 'dossiers'];

export class Picture {
  overview = null;
  version = null;
  book;

  constructor(heldMax) {
    this.book = new AlarmBook(heldMax);
  }

  /** Events of the live feed, by name. */
  snapshot({ version, overview, alarms, alarms_total: total }) {
    this.version = version ?? overview?.version ?? null;
    this.overview = overview;
    this.book.replace(alarms, total ?? alarms.length);
  }

  alarm(alarm) {
    return this.book.apply(alarm);
  }

  tile({ tile, value }) {
    if (!this.overview) return;
    if (SOURCES.includes(tile)) this.overview.sources[tile] = value;
    else if (PARTS.includes(tile)) this.overview[tile] = value;
  }

  health({ sources = {}, processing }) {
    if (!this.overview) return;
    for (const [name, health] of Object.entries(sources)) {
      const known = this.overview.sources[name];
      if (known) Object.assign(known, health);
    }
    if (processing) this.overview.processing = processing;
  }

  source(name) {
    return this.overview?.sources?.[name] ?? null;
  }

  get processing() {
    return this.overview?.processing?.state ?? 'unknown';
  }

  rows() {
    return this.book.rows();
  }

  /** Open, annunciated alarms per severity: counted here when all are held, else as the server says. */
  counts() {
    if (this.book.complete) return countBySeverity(this.rows());
    return this.overview?.alarms?.by_severity ?? countBySeverity(this.rows());
  }

  byArea() {
    if (this.book.complete) return countByArea(this.rows());
    return this.overview?.alarms?.by_area ?? countByArea(this.rows());
  }

  hidden() {
    if (this.book.complete) return this.book.hidden();
    const { shelved = 0, suppressed = 0, out_of_service = 0 } = this.overview?.alarms?.by_state ?? {};
    return { shelved, suppressed, out_of_service };
  }

  /** How many annunciated alarms there are in all. */
  total() {
    if (this.book.complete) return this.rows().length;
    const states = this.overview?.alarms?.by_state ?? {};
    return (states.unacknowledged ?? 0) + (states.acknowledged ?? 0) + (states.returned ?? 0);
  }

  /** Priority of the most urgent open alarm of a source, or null. */
  worstOf(source) {
    const found = this.rows().find((alarm) => alarm.source === source);
    return found ? priorityOf(found) : null;
  }
}
