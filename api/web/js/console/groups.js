// In a flood alarms of one rule in one commune stand as one row. Pure: rows and groups in, ids out.

import { isAnnunciated } from '../alarms.js';
import { FLAGS } from '../slim.js';

const PREFIX = 'group:';

/** The key of a group, which stands in the list's order among the ids of alarms. */
export function groupKey({ rule, area }) {
  return `${PREFIX}${rule}|${area ?? ''}`;
}

export function isGroup(id) {
  return id.startsWith(PREFIX);
}

/** Whether a row may stand inside a group at all. Priority 1 always stands alone, and what is hidden has none. */
export function canFold(row) {
  return row.priority !== 1 && isAnnunciated(row);
}

/**
 * The order of the list: `rows` as they come, each group that a flood has folded at its most urgent alarm.
 * `members` has the alarms of each such group, opened or not; one that is left alone is no group.
 */
export function grouped(rows, opened) {
  const members = membersOf(rows);
  if (members.size === 0) return { ids: rows.map(({ id }) => id), members };
  const ids = [];
  const placed = new Set();
  for (const row of rows) {
    const key = canFold(row) ? groupKey(row) : null;
    const inside = key === null ? undefined : members.get(key);
    if (inside === undefined) ids.push(row.id);
    else if (!placed.has(key)) {
      placed.add(key);
      ids.push(key, ...(opened.has(key) ? inside : []));
    }
  }
  return { ids, members };
}

function membersOf(rows) {
  const members = new Map();
  for (const row of rows) {
    if (row.flags & FLAGS.folded && canFold(row)) members.set(groupKey(row), []);
  }
  if (members.size === 0) return members;
  for (const row of rows) if (canFold(row)) members.get(groupKey(row))?.push(row.id);
  for (const [key, inside] of members) if (inside.length < 2) members.delete(key);
  return members;
}

/** What a group's row says: {n, priority, oldestAt, oldest, rule, area, title} of its alarms. */
export function summary(ids, row) {
  const rows = ids.map(row).filter(Boolean);
  if (rows.length === 0) return null;
  let [oldest, worst] = [rows[0], rows[0].priority];
  for (const each of rows) {
    if (each.raisedAt < oldest.raisedAt) oldest = each;
    worst = Math.min(worst, each.priority);
  }
  const { rule, area, title } = oldest;
  return { n: rows.length, priority: worst, oldestAt: oldest.raisedAt, oldest: oldest.id, rule, area, title };
}

/** The alarms that came first of a group of several, from the answer of /alarms/groups. */
export function firstOuts(groups) {
  return new Set(groups.filter(({ n }) => n > 1).map(({ first_out: id }) => id));
}
