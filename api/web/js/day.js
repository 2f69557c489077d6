// A day as people here write it, 05/11/2026, and as addresses hold it, 2026-11-05. A browser's own field for
// days follows the browser's language, not ours.

/** The day of the address for what was typed; '' for nothing, null when it is no day. */
export function dayOf(typed) {
  const text = typed.trim();
  if (text === '') return '';
  const found = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text);
  if (found === null) return null;
  const [day, month, year] = found.slice(1).map(Number);
  const made = new Date(Date.UTC(year, month - 1, day));
  const isReal = made.getUTCFullYear() === year && made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
  return isReal ? made.toISOString().slice(0, 10) : null;
}

/** How a day of the address is written; a moment by its day in the address. */
export function dayWords(day) {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(day ?? '');
  return found ? `${found[3]}/${found[2]}/${found[1]}` : '';
}
