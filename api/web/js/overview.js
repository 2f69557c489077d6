// The numbers that come with the live view: a snapshot's overview, and what changes in it since.

const SOURCES = ['camera', 'fire', 'citizen', 'queue'];
const PARTS = ['alarms', 'hidden', 'flood', 'incidents', 'reports', 'queues', 'dossiers'];

/** Take a `tile` event into an overview; true when it was one of ours. */
export function applyTile(overview, { tile, value }) {
  if (!overview) return false;
  if (SOURCES.includes(tile)) overview.sources[tile] = value;
  else if (PARTS.includes(tile)) overview[tile] = value;
  else return false;
  return true;
}

/** Take a `health` event into an overview. */
export function applyHealth(overview, { sources = {}, processing }) {
  if (!overview) return;
  for (const [name, health] of Object.entries(sources)) {
    const known = overview.sources[name];
    if (known) Object.assign(known, health);
  }
  if (processing) overview.processing = processing;
}
