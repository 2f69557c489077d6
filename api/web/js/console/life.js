// The words of an alarm's life: states, steps, sources, codes. Tables, so that every key stands here.

export const STATE_KEYS = {
  unacknowledged: 'state.unacknowledged',
  acknowledged: 'state.acknowledged',
  returned: 'state.returned',
  shelved: 'state.shelved',
  suppressed: 'state.suppressed',
  out_of_service: 'state.out_of_service',
  normal: 'state.normal',
};

export const STEP_KEYS = {
  raised: 'step.raised',
  repeated: 'step.repeated',
  severity_changed: 'step.severity_changed',
  returned: 'step.returned',
  acknowledged: 'step.acknowledged',
  unacknowledged: 'step.unacknowledged',
  reminder: 'step.reminder',
  shelved: 'step.shelved',
  unshelved: 'step.unshelved',
  suppressed: 'step.suppressed',
  unsuppressed: 'step.unsuppressed',
  removed_from_service: 'step.removed_from_service',
  returned_to_service: 'step.returned_to_service',
  assigned: 'step.assigned',
  commented: 'step.commented',
  closed: 'step.closed',
  reset: 'step.reset',
  linked: 'step.linked',
  chattering: 'step.chattering',
  calmed: 'step.calmed',
  requested: 'step.requested',
  rejected: 'step.rejected',
  escalated: 'step.escalated',
};

export const SOURCE_KEYS = {
  camera: 'source.camera',
  fire: 'source.fire',
  citizen: 'source.citizen',
  queue: 'source.queue',
};

/** What a fire detector says, and what a camera sees. */
export const READING_KEYS = {
  alarm: 'reading.alarm',
  restore: 'reading.restore',
  trouble: 'reading.trouble',
  test: 'reading.test',
  normal: 'reading.normal',
};
export const LABEL_KEYS = {
  person: 'label.person', vehicle: 'label.vehicle', car: 'label.car', motorcycle: 'label.motorcycle',
  truck: 'label.truck', crowd: 'label.crowd', smoke: 'label.smoke', fire: 'label.fire',
  intrusion: 'label.intrusion', loitering: 'label.loitering', tamper: 'label.tamper', offline: 'label.offline',
  abandoned: 'label.abandoned', flood: 'label.flood', accident: 'label.accident', wrong_way: 'label.wrong_way',
};

/** The states of a citizen's report. */
export const REPORT_KEYS = {
  open: 'evidence.report_open',
  in_progress: 'evidence.report_in_progress',
  resolved: 'evidence.report_resolved',
  rejected: 'evidence.report_rejected',
  reopened: 'evidence.report_reopened',
};

/** The closing codes, in the order of their keys 1 to 5. */
export const CODE_KEYS = {
  true: 'code.true',
  false: 'code.false',
  test: 'code.test',
  duplicate: 'code.duplicate',
  no_impact: 'code.no_impact',
};

/** The moves that may wait for a second person, as the API names them. */
export const MOVE_KEYS = {
  acknowledge: 'action.acknowledge',
  unacknowledge: 'action.unacknowledge',
  shelve: 'action.shelve',
  unshelve: 'action.unshelve',
  reset: 'action.reset',
  'remove-from-service': 'action.remove_from_service',
  'return-to-service': 'action.return_to_service',
  assign: 'action.assign',
  comment: 'action.comment',
  close: 'action.close',
};

/** A word of a table; what no table has is shown as it is, so that it is found. */
export function word(table, name, say) {
  return table[name] ? say(table[name]) : String(name ?? '');
}

/**
 * The moves that fit a state, most wanted first. A button of another move is drawn, but says why it is off.
 * `alarm`: state, active, latched, ended_at.
 */
export function movesOf({ state, latched, active, ended_at: endedAt }) {
  if (endedAt) return ['comment'];
  const moves = {
    unacknowledged: ['acknowledge', 'shelve', 'take', 'assign', 'comment', 'close', 'remove-from-service'],
    acknowledged: ['unacknowledge', 'shelve', 'take', 'assign', 'comment', 'close', 'remove-from-service'],
    returned: ['acknowledge', 'shelve', 'take', 'assign', 'comment', 'close', 'remove-from-service'],
    shelved: ['unshelve', 'take', 'assign', 'comment', 'close', 'remove-from-service'],
    suppressed: ['take', 'assign', 'comment', 'close', 'remove-from-service'],
    out_of_service: ['return-to-service', 'take', 'assign', 'comment', 'close'],
  }[state] ?? ['comment'];
  const isWaiting = latched && !active && state === 'acknowledged';
  return isWaiting ? ['reset', ...moves] : moves;
}

/** How a step reads: its time, its word, who, and what was said. `from` and `to` are states of note only. */
export function stepLine({ at, type, by, comment, from_state: from, to_state: to, seq }) {
  const isMove = from !== to && to !== 'normal';
  return { seq, at, type, by: by ?? null, comment: comment ?? null, to: isMove ? to : null };
}
