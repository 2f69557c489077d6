// What can be said of a record that could not be used: its group, its fields, and the mend that may help.
// No DOM, no network.

const FIELDS_MAX = 200;
const VALUE_CHARACTERS_MAX = 120;
/** Two names that differ by more letters than this are not one name misspelt. */
const TYPOS_MAX = 2;

/** The reader's own words (ioc/event/judge.py), and what they say; what it names in them. */
const MISSING = /^Field required$/;
const NO_TYPE = "Unable to extract tag using discriminator 'type'";
const SAYINGS = [
  [/^Input should be ('.*')$/, 'one_of'], [/^Input should be a valid string$/, 'text'], [/^Input should be a (?:valid|finite) number$/, 'number'],
  [/^Input should be a valid boolean$/, 'truth'], [/^Input should be a valid (?:array|list)$/, 'list'], [/^Input should be an object$/, 'object'],
  [/^Input should have timezone info$/, 'zone'], [/^Input should be a valid datetime/, 'moment'],
  [/^String should have at least 1 character$/, 'empty'], [/^String should have at most (\d+) characters$/, 'long'],
  [/^List should have at most (\d+) items/, 'many'], [/^Input should be less than or equal to (\S+)$/, 'most'],
  [/^Input should be greater than or equal to (\S+)$/, 'least'], [/^a due date lies between/, 'due'],
];
/** What it says of a whole record, by its reason. */
const WHOLE = {
  schema: [[/^Input should be an object$/, 'object']],
  not_json: [[/^/, 'json']], too_large: [[/^/, 'large']], too_deep: [[/(\d+)$/, 'deep'], [/^/, 'deeper']], nul: [[/^/, 'nul']],
  wrong_type: [[/^/, 'type']], wrong_topic: [[/ belongs on (\S+)$/, 'topic']],
  clock: [[/is in the future$/, 'future'], [/is before 1970$/, 'past']],
};

/** A group as a word for the address: source, reason, and the detail as a number. */
export function groupKey({ source, reason, detail }) {
  let hash = 0x811c9dc5; // FNV-1a: the same on every machine
  for (const letter of detail) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return `${source}.${reason}.${hash.toString(36)}`;
}

/** {key, path, said}: a field that is `missing` or `wrong`, as a mend names it; null where the record as a whole is. */
export function mistake({ reason, detail }) {
  if (reason !== 'schema') return null;
  if (detail === NO_TYPE) return { key: 'missing', path: '/type', said: '' };
  const found = /^([\w.]+): (.*)$/s.exec(detail);
  if (found === null) return null;
  const path = `/${found[1].split('.').map(escaped).join('/')}`;
  return MISSING.test(found[2]) ? { key: 'missing', path, said: '' } : { key: 'wrong', path, said: found[2] };
}

/** {key, x}: what the reader's words say, and what they name; {key: null}: nothing more; null: only they say it. */
export function meaning(refusal) {
  const found = mistake(refusal);
  if (found?.said === '') return { key: null, x: '' };
  const [said, sayings] = found ? [found.said, SAYINGS] : [refusal.detail, WHOLE[refusal.reason] ?? []];
  for (const [pattern, key] of sayings) {
    const match = pattern.exec(said);
    if (match) return { key, x: (match[1] ?? '').replaceAll("'", '').replace(' or ', ', ') };
  }
  return null;
}

/** The event in a record as one object, whichever way it came; null when it is none. */
export function envelopeOf({ text, headers }) {
  let found;
  try {
    found = JSON.parse(text ?? '');
  } catch {
    return null;
  }
  if (headers.some(([name]) => name === 'ce_type')) {
    const attributes = headers.filter(([name]) => name.startsWith('ce_')).map(([name, value]) => [name.slice(3), value]);
    found = { ...Object.fromEntries(attributes), data: found };
  }
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : null;
}

/**
 * The fields of a record, each {path, value, state: 'read' | 'wrong' | 'missing', like}; `like` is the path
 * of a field that has nearly the name of the missing one. {fields: null}: there are none to be seen.
 */
export function fieldsOf(letter) {
  const envelope = envelopeOf(letter);
  if (envelope === null) return { fields: null, isCut: false };
  const found = [];
  const isCut = collect(envelope, [], found);
  const wrong = mistake(letter);
  if (wrong === null) return { fields: found, isCut };
  const { path } = wrong;
  if (wrong.key === 'wrong') {
    for (const field of found) {
      if (field.path === path || field.path.startsWith(`${path}/`)) field.state = 'wrong';
    }
    return { fields: found, isCut };
  }
  const missing = { path, value: '', state: 'missing', like: misspelt(path, found) };
  return { fields: [...found, missing], isCut };
}

function collect(value, way, found) {
  for (const [name, inner] of Object.entries(value)) {
    if (found.length >= FIELDS_MAX) return true;
    const here = [...way, name];
    if (typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0) {
      if (collect(inner, here, found)) return true;
      continue;
    }
    const written = typeof inner === 'string' ? inner : JSON.stringify(inner);
    const shown = written.length > VALUE_CHARACTERS_MAX ? `${written.slice(0, VALUE_CHARACTERS_MAX)}\u2026` : written;
    found.push({ path: `/${here.map(escaped).join('/')}`, value: shown, state: 'read', like: null });
  }
  return false;
}

function escaped(name) {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The field beside the missing one whose name differs by the fewest letters, at most two. */
function misspelt(path, fields) {
  const [folder, name] = halves(path);
  const near = fields.filter((field) => halves(field.path)[0] === folder)
    .map((field) => [distance(halves(field.path)[1].toLowerCase(), name.toLowerCase()), field.path])
    .filter(([typos]) => typos <= Math.min(TYPOS_MAX, Math.floor(name.length / 2)))
    .sort(([a], [b]) => a - b);
  return near[0]?.[1] ?? null;
}

function halves(path) {
  const at = path.lastIndexOf('/');
  return [path.slice(0, at), path.slice(at + 1)];
}

/** Letters to add, take away, change or swap with their neighbour until one word is the other. */
export function distance(a, b) {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (__, j) => i || j));
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      rows[i][j] = Math.min(
        rows[i - 1][j] + 1, rows[i][j - 1] + 1,
        rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.length][b.length];
}

/**
 * {fix} as the API takes it, or {wrong: index, problem} for the first step that is not whole. A step is
 * {op, path, to, value} as it was typed; a value that is JSON is taken as such, else as a text.
 */
export function fixOf(steps) {
  const fix = [];
  for (const [index, step] of steps.entries()) {
    const path = step.path.trim();
    const to = step.to.trim();
    if (!path.startsWith('/') || path === '/') return { wrong: index, problem: 'path' };
    if (step.op === 'rename' && (!to.startsWith('/') || to === '/')) return { wrong: index, problem: 'to' };
    if (step.op === 'rename') fix.push({ op: 'rename', from: path, to });
    else if (step.op === 'set') fix.push({ op: 'set', path, value: valueOf(step.value) });
    else fix.push({ op: 'remove', path });
  }
  return { fix };
}

function valueOf(typed) {
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
}

/** The groups that the filters let through, and what they sum up to. */
export function chosen(groups, { source = [], reason = '' }) {
  const shown = groups.filter((group) => (source.length === 0 || source.includes(group.source))
    && (reason === '' || group.reason === reason));
  const sum = (name) => shown.reduce((total, group) => total + group[name], 0);
  return { shown, n: sum('n'), unseen: sum('unseen') };
}
