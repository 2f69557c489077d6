// Where open alarms stand on a map: by commune while it is seen whole, at their device when it is near.

/** The worst of a place: its priority, how many have it, whether one of them asks to be acknowledged. */
function worse(place, row) {
  if (!place || row.priority < place.priority) {
    return { priority: row.priority, n: 1, state: row.state, id: row.id, title: row.title };
  }
  if (row.priority > place.priority) return place;
  const state = place.state === 'unacknowledged' ? place.state : row.state;
  return { ...place, n: place.n + 1, state };
}

/**
 * `byArea`: the worst of each commune; `byDevice`: of each device, by its number; `stray`: of each commune,
 * of those alarms for whose device `indexOf(source, device)` is -1.
 */
export function alarmPlaces(rows, indexOf) {
  const [byArea, byDevice, stray] = [new Map(), new Map(), new Map()];
  for (const row of rows) {
    if (row.area) byArea.set(row.area, worse(byArea.get(row.area), row));
    const i = row.device ? indexOf(row.source, row.device) : -1;
    if (i >= 0) {
      byDevice.set(i, worse(byDevice.get(i), row));
    } else if (row.area) {
      stray.set(row.area, worse(stray.get(row.area), row));
    }
  }
  return { byArea, byDevice, stray };
}

/** The most urgent places first; those with more alarms before the others. */
export function byUrgency(a, b) {
  return a.priority - b.priority || b.n - a.n || (a.key < b.key ? -1 : 1);
}
