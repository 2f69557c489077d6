// Words of the screens. Every word that a person reads comes from i18n/<lang>.json.

export const LANGS = ['vi', 'en'];
/** No language: English with marks on every letter and longer, to see what a layout can bear. */
export const PSEUDO = 'qps';
const RETRY_MS = 2000;

/** The language asked for in the address, Vietnamese when it is none of ours. */
export function chosenLang(asked) {
  return LANGS.includes(asked) || asked === PSEUDO ? asked : LANGS[0];
}

/**
 * A function `say(key, values)` over one catalogue; a missing key shows itself, so that it is found.
 * `say.n(key, n, values)` takes `key.one` or `key.other`, as the language counts; {n} is the number.
 */
export function sayer(catalogue, lang = LANGS[0]) {
  const rules = new Intl.PluralRules(lang === PSEUDO ? 'en' : lang);
  const say = (key, values = {}) => {
    const sentence = catalogue[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
  say.n = (key, n, values = {}) => say(`${key}.${rules.select(n)}`, { n, ...values });
  return say;
}

/** A sentence four tenths longer, with a mark on every letter; {placeholders} stay as they are. */
export function pseudo(sentence) {
  const marked = sentence.replace(/\{\w+\}|[a-z]/gi, (letter) => (letter.length > 1 ? letter : `${letter}\u0302`).normalize('NFC'));
  return `${marked}${'\u00a0~'.repeat(Math.ceil((sentence.length * 0.4) / 2))}`;
}

/** Fetch a catalogue; asks again until it comes, because a wall without words is no use. */
export async function loadCatalogue(lang) {
  for (;;) {
    try {
      const answer = await fetch(`/web/i18n/${lang === PSEUDO ? 'en' : lang}.json`);
      if (answer.ok) return shownAs(lang, await answer.json());
    } catch {
      // the server is away: the same as an answer that is not ok
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}

function shownAs(lang, catalogue) {
  if (lang !== PSEUDO) return catalogue;
  return Object.fromEntries(Object.entries(catalogue).map(([key, sentence]) => [key, pseudo(sentence)]));
}

/** What a page says of its own language. */
export function htmlLang(lang) {
  return lang === PSEUDO ? 'en' : lang;
}
