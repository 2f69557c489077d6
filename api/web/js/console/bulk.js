// Which alarms a command touches: what can be moved, what wants its own look, what two persons must agree to.
// Pure.

import { TO_ACKNOWLEDGE } from '../alarms.js';
import { FLAGS } from '../slim.js';

const ANNUNCIATED = ['unacknowledged', 'acknowledged', 'returned'];

/** From which states a move can be made; the server decides, this only spares an answer that is known. */
const FROM = {
  acknowledge: TO_ACKNOWLEDGE,
  unacknowledge: ['acknowledged'],
  shelve: ANNUNCIATED,
  unshelve: ['shelved'],
  'remove-from-service': [...ANNUNCIATED, 'shelved', 'suppressed'],
  'return-to-service': ['out_of_service'],
};

export function canMove(move, row) {
  if (move === 'reset') {
    return row.state === 'acknowledged' && (row.flags & FLAGS.latched) !== 0 && (row.flags & FLAGS.active) === 0;
  }
  return FROM[move]?.includes(row.state) ?? true;
}

function wantsTwo(move, row) {
  if (move === 'acknowledge') return (row.flags & FLAGS.twoAcknowledge) !== 0;
  return move === 'close' && (row.flags & FLAGS.twoClose) !== 0;
}

/**
 * {send, alone, two, not}: the rows to send a move for; of several those of priority 1, whatever the move, and those
 * that want a second person for it are left out, each to be moved by itself; `not` are in no state for it.
 */
export function planned(move, rows) {
  const plan = { send: [], alone: [], two: [], not: [] };
  for (const row of rows) {
    if (!canMove(move, row)) plan.not.push(row);
    else if (rows.length > 1 && row.priority === 1) plan.alone.push(row);
    else if (rows.length > 1 && wantsTwo(move, row)) plan.two.push(row);
    else plan.send.push(row);
  }
  return plan;
}

/** What became of a bulk: {done, refused, unknown, waiting, left, keep}; `keep` are the ids to look at again. */
export function result(outcomes, wanted) {
  const count = { done: 0, refused: 0, unknown: 0, waiting: 0 };
  const keep = [];
  for (const { id, result: became } of outcomes) {
    count[became] += 1;
    if (became === 'refused' || became === 'unknown') keep.push(id);
  }
  return { ...count, left: wanted - outcomes.length, keep };
}

/**
 * What is marked after a bulk: what has to be looked at again, if the marks are still those that it was made of.
 * Whoever has marked others meanwhile keeps them; only what was done loses its mark.
 */
export function markedAfter(before, now, outcomes, keep) {
  const marked = new Set(now);
  const isSame = now.length === before.length && before.every((id) => marked.has(id));
  if (isSame) return outcomes.length > 0 ? keep : now;
  const left = new Set(keep);
  const over = new Set(outcomes.map(({ id }) => id).filter((id) => !left.has(id)));
  return now.filter((id) => !over.has(id));
}
