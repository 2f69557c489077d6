// Words of the screens. Every word that a person reads comes from i18n/<lang>.json.

export const LANGS = ['vi', 'en'];

/** The language asked for in the address, Vietnamese when it is none of ours. */
export function chosenLang(asked) {
  return LANGS.includes(asked) ? asked : LANGS[0];
}

/** A function `say(key, values)` over one catalogue; a missing key shows itself, so that it is found. */
export function sayer(catalogue) {
  return (key, values = {}) => {
    const sentence = catalogue[key] ?? key;
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}

/** Fetch a catalogue; asks again until it comes, because a wall without words is no use. */
export async function loadCatalogue(lang, { retryMs = 2000 } = {}) {
  for (;;) {
    try {
      const answer = await fetch(`/web/i18n/${lang}.json`);
      if (answer.ok) return await answer.json();
    } catch {
      // the server is away: the same as an answer that is not ok
    }
    await new Promise((done) => setTimeout(done, retryMs));
  }
}
