// Which alarms stand above and below the list: priority 1, outside filter, search and scroll. Pure.

/** Lines of the strip above the list, and as many of those that come while somebody holds it. */
export const PINNED_MAX = 4;
/** With fewer lines than `below` whole strips would leave too few for the list, or none. */
const LOW = [{ below: 8, most: 1 }, { below: 12, most: 2 }];

/** How many lines each of them has on a screen with room for so many. */
export function stripMaxOf(lines) {
  return LOW.find(({ below }) => lines < below)?.most ?? PINNED_MAX;
}

/** {ids, rest}: the alarms of the strip, `rows` being all of priority 1, and the ids that it has no room for. */
export function strip(rows, max) {
  const ids = rows.map(({ id }) => id);
  return { ids: ids.slice(0, max), rest: ids.slice(max) };
}

/**
 * While somebody holds the list the strip stays as it is; what is new stands below the list, where it moves
 * nothing: {ids, rest} of `rows`, those of priority 1 that were not there. `before` is what stands there
 * already: its order stays, and what has ended stays in its place.
 */
export function newcomers(rows, before, max) {
  const known = new Set(before);
  const added = rows.map(({ id }) => id).filter((id) => !known.has(id));
  const ids = [...before, ...added.slice(0, Math.max(0, max - before.length))];
  return { ids, rest: added.slice(ids.length - before.length) };
}
