// What the evidence of an alarm says, in order and in words. No DOM.

const RELIABILITY_KEYS = {
  full: 'evidence.full',
  partial: 'evidence.partial',
  none: 'evidence.none',
};

/** Which facts of a rule are shown, in this order. */
const FACT_KEYS = {
  n: 'fact.n',
  value: 'fact.value',
  limit: 'fact.limit',
  baseline: 'fact.baseline',
  share: 'fact.share',
  heard: 'fact.heard',
  devices: 'fact.devices',
  oldest_at: 'fact.oldest_at',
  since: 'fact.since',
};
const TIMES = new Set(['oldest_at', 'since']);

/** The key and the values of the sentence on how far an alarm can be relied on. */
export function reliabilityOf({ state, heard, known, silent }) {
  if (known === 0) return { key: 'evidence.no_device', values: {} };
  return { key: RELIABILITY_KEYS[state] ?? RELIABILITY_KEYS.none, values: { n: heard, of: known, names: silent.slice(0, 3).join(', ') } };
}

/** The facts of a cause as [key, value, isTime], the known ones only. */
export function factsOf(facts) {
  return Object.keys(FACT_KEYS)
    .filter((name) => facts?.[name] !== undefined && facts[name] !== null)
    .map((name) => [FACT_KEYS[name], facts[name], TIMES.has(name)]);
}

/** Metres as people read them: "80 m", "1,2 km". */
export function metres(distance, lang) {
  if (!Number.isFinite(distance)) return null;
  const [n, unit, digits] = distance < 1000 ? [Math.round(distance), 'm', 0] : [distance / 1000, 'km', 1];
  const format = new Intl.NumberFormat(lang === 'en' ? 'en-GB' : 'vi-VN', { maximumFractionDigits: digits });
  return `${format.format(n)}\u00a0${unit}`;
}

/** The devices of an answer with what each said last, as rows of the table "Gần đó". */
export function nearRows({ devices, events }) {
  const newest = new Map();
  for (const event of events) {
    const of = `${event.source} ${event.device}`;
    const known = newest.get(of);
    if (!known || event.time > known.time) newest.set(of, event);
  }
  return devices.map((device) => ({ ...device, said: newest.get(`${device.source} ${device.device}`) ?? null }));
}

/** Pictures of an answer, the newest first, at most `most`. */
export function picturesOf({ events }, most) {
  return events
    .filter(({ picture }) => picture)
    .sort((a, b) => (a.time < b.time ? 1 : -1))
    .slice(0, most);
}
