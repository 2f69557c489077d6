// What alarms, incidents and rules are called on a page of one language. No DOM.

/** What a rule's title leaves open until it rings, in words; what a site's own data say is called as they call it. */
const PLACE_KEYS = {
  kind: 'rule.place.kind', label: 'rule.place.label', office: 'rule.place.office', n: 'rule.place.n', area: 'rule.place.area',
  device: 'rule.place.device',
};

/** The title that stands on a page of this language; what nobody wrote in English stands in Vietnamese. */
export function titleOf({ title, title_en: english }, lang) {
  return (lang === 'en' && english) || title || '';
}

/** The language that this title is to be read aloud in. */
export function titleLang({ title, title_en: english }, lang) {
  return lang === 'en' && english && english !== title ? 'en' : 'vi';
}

/** A rule's title with words for what each alarm fills in: "Camera phát hiện [đối tượng], [số] lần trong 5 phút". */
export function patternOf(body, lang, say) {
  return (titleOf(body, lang) || body.id).replace(/\{(\w+)\}/g, (_, name) => `[${Object.hasOwn(PLACE_KEYS, name) ? say(PLACE_KEYS[name]) : name}]`);
}

/** VV-0412, as people call an incident. */
export function numberOf({ number }) {
  return `VV-${String(number).padStart(4, '0')}`;
}
