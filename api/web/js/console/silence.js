// A new silence or maintenance window: what a form says, checked and written as the API takes it. No DOM.

/** The lists of a matcher, as the API names them. */
export const MATCHER_KEYS = {
  rules: 'ledger.rules',
  areas: 'ledger.areas',
  sources: 'ledger.sources',
  devices: 'ledger.devices',
  keys: 'ledger.keys',
  severities: 'ledger.severities',
};

export const KIND_KEYS = {
  silence: 'ledger.kind_silence',
  maintenance: 'ledger.kind_maintenance',
  inhibition: 'ledger.kind_inhibition',
  plant_state: 'ledger.kind_plant_state',
  out_of_service: 'ledger.kind_out_of_service',
};

/** Reasons of the ledger: shelves, kinds of suppression, and what a flood folds. */
export const REASON_KEYS = {
  shelved: 'ledger.reason_shelved',
  silence: 'ledger.kind_silence',
  maintenance: 'ledger.kind_maintenance',
  inhibition: 'ledger.kind_inhibition',
  plant_state: 'ledger.kind_plant_state',
  out_of_service: 'ledger.kind_out_of_service',
  folded: 'ledger.reason_folded',
};

const WORDS_MAX = 100;
const SEVERITIES = ['critical', 'high', 'medium', 'low'];

/** Words separated by commas or line ends, each once. */
export function words(text) {
  const found = text.split(/[,\n]/).map((each) => each.trim()).filter(Boolean);
  return [...new Set(found)].slice(0, WORDS_MAX);
}

/**
 * {body} for POST /suppressions, or {problem: key, field} of the first thing that is wrong.
 * `form`: kind, rules, areas, sources, devices, severities (texts), reason, minutes, by.
 */
export function bodyOf(form) {
  const reason = form.reason.trim();
  if (reason === '') return { problem: 'ledger.no_reason', field: 'reason' };
  const matcher = {};
  for (const name of Object.keys(MATCHER_KEYS)) {
    const listed = words(form[name] ?? '');
    if (listed.length) matcher[name] = listed;
  }
  if (matcher.severities?.some((each) => !SEVERITIES.includes(each))) {
    return { problem: 'ledger.bad_severity', field: 'severities' };
  }
  if (!Object.keys(matcher).some((name) => name !== 'severities')) {
    return { problem: 'ledger.no_matcher', field: 'rules' };
  }
  const minutes = Number(form.minutes);
  if (!Number.isInteger(minutes) || minutes < 1) return { problem: 'ledger.no_time', field: 'minutes' };
  return { body: { kind: form.kind, matcher, reason, minutes, ...(form.by ? { by: form.by } : {}) } };
}

/** A matcher as [key of its list, words], in the order of the form. */
export function matcherLines(matcher) {
  return Object.keys(MATCHER_KEYS)
    .filter((name) => matcher?.[name]?.length)
    .map((name) => [name, matcher[name]]);
}

/** Hours and minutes of a limit: {h, m}. */
export function limitOf(seconds) {
  return { h: Math.floor(seconds / 3600), m: String(Math.floor((seconds % 3600) / 60)).padStart(2, '0') };
}
