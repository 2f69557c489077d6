// What people do with incidents: the call, and what its answer means in words. No DOM.

/** Most alarms that one call may name. */
export const ALARMS_MAX = 500;

const WHY_KEYS = {
  state: 'incident.why_state',
  alarms: 'incident.why_alarms',
  same: 'incident.why_same',
};

/** The sentence for an answer that is not a good one: {key, values}. */
export function whyNot({ status, body, failure }) {
  if (failure === 'network') return { key: 'race.offline', values: {} };
  if (failure === 'timeout' || status >= 500) return { key: 'incident.why_unknown', values: {} };
  if (status === 401) return { key: 'session.over', values: {} };
  if (status === 403) return { key: 'incident.why_forbidden', values: {} };
  if (status === 404) return { key: 'incident.why_gone', values: {} };
  if (status === 409) return { key: WHY_KEYS[body?.code] ?? WHY_KEYS.state, values: {} };
  return { key: 'race.invalid', values: { code: body?.code ?? String(status) } };
}
