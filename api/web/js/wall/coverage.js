// Where less is heard than there is, and how the greys of a measure are chosen. No DOM.

const BLIND_BELOW = 0.5;
const SPARSE_BELOW = 0.9;
const STEPS = 5;

/** code -> 'blind' | 'sparse', over the devices of these sources; `areas` as in GET /areas/figures. */
export function blindness(areas, sources) {
  const found = new Map();
  for (const [code, { devices }] of Object.entries(areas ?? {})) {
    const share = heardShare(devices, sources);
    if (share !== null && share < SPARSE_BELOW) found.set(code, share < BLIND_BELOW ? 'blind' : 'sparse');
  }
  return found;
}

/** The share of devices that were heard in time; null where there are none: that is no blind area. */
export function heardShare(devices, sources) {
  let known = 0;
  let heard = 0;
  for (const source of sources) {
    known += devices?.[source]?.known ?? 0;
    heard += devices?.[source]?.heard ?? 0;
  }
  return known === 0 ? null : heard / known;
}

/** code -> 1…5: the more is silent, the brighter; what is wrong is what is seen. */
export function silentClasses(areas, sources) {
  const classes = new Map();
  for (const [code, { devices }] of Object.entries(areas ?? {})) {
    const share = heardShare(devices, sources);
    if (share === null) continue;
    const limits = [1, 0.98, 0.95, 0.9]; // all heard, then ever fewer
    const step = limits.findIndex((limit) => share >= limit);
    classes.set(code, step < 0 ? STEPS : step + 1);
  }
  return classes;
}

/** The highest value of the scale for a largest count: 1, 2 or 5 times a power of ten, at least 5. */
export function roundTop(largest) {
  if (!(largest > STEPS)) return STEPS;
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= largest);
}

/** {classes: code -> 1…5, top}: counts on a scale of five equal steps up to a round top; 0 has no class. */
export function countClasses(areas, read) {
  const counts = Object.entries(areas ?? {}).map(([code, figures]) => [code, read(figures) ?? 0]);
  const top = roundTop(Math.max(0, ...counts.map(([, n]) => n)));
  const classes = new Map(counts.filter(([, n]) => n > 0)
    .map(([code, n]) => [code, Math.max(1, Math.ceil((n / top) * STEPS))]));
  return { classes, top };
}
