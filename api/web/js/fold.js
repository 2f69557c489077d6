// How words are compared in a search: without marks when none are typed, with them when some are. The same
// as ioc/area/spelling.py; tests/data/fold.json holds both to it.

const TONES = '\u0300\u0301\u0303\u0309\u0323'; // grave, acute, tilde, hook above, dot below
const TONE = new RegExp(`[${TONES}]`, 'gu');
const MARK = /\p{M}/u;
const WORD = /[\p{L}\p{N}]/u;
const ASCII = /^[\x00-\x7f]*$/;
/** Letters and words that come again and again are kept, so many of each. */
const REMEMBERED_MAX = 10_000;

/** Without marks and capitals: what people type in a hurry. */
export function fold(text) {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/[\u0111\u00f0]/g, 'd');
}

/** One form for all right spellings: the tone goes behind the word, because schools differ on its vowel. */
export function spelled(text) {
  return text.normalize('NFD').toLowerCase().split(/\s+/).filter(Boolean).map(toneLast).join(' ');
}

function toneLast(word) {
  return word.replace(TONE, '') + (word.match(TONE) ?? []).join('');
}

/** Letters with their hats but without tones; đ and d differ here. */
function toneless(text) {
  return text.normalize('NFD').replace(TONE, '').toLowerCase().replaceAll('\u00f0', '\u0111');
}

function tonesOf(text) {
  return (text.normalize('NFD').match(TONE) ?? []).join('');
}

/** The same function with the answers to what comes again and again kept, up to a bound. */
function remembering(answer) {
  const known = new Map();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      if (known.size >= REMEMBERED_MAX) known.clear();
      found = answer(text);
      known.set(text, found);
    }
    return found;
  };
}

const foldedLetter = remembering(fold);
const tonelessLetter = remembering(toneless);
const spelledWord = remembering(spelled);
const foldedText = remembering(fold);

/** Texts as a search compares them. Whoever searches in the same texts again keeps this beside them. */
export function lettersOf(texts) {
  return texts.map((text) => (text ? foldedText(text) : ''));
}

/** The comparable letters of a text, each with the place in the text that it came from. */
function mapped(text, compare) {
  const at = [];
  let letters = '';
  let from = 0;
  for (const letter of text) {
    const plain = compare(letter);
    for (let i = 0; i < plain.length; i += 1) at.push(from);
    letters += plain;
    from += letter.length;
  }
  at.push(text.length);
  return { letters, at };
}

/** The stretch of `text` that letters [start, end) came from, with the marks that follow its last letter. */
function stretch(text, at, start, end) {
  let to = at[end];
  while (to < text.length && MARK.test(text[to])) to += 1;
  return { from: at[start], to };
}

/** The word of `letters` around [start, end). */
function wordAround(letters, start, end) {
  let from = start;
  let to = end;
  const isInside = (i) => WORD.test(letters[i]) || MARK.test(letters[i]);
  while (from > 0 && isInside(from - 1)) from -= 1;
  while (to < letters.length && isInside(to)) to += 1;
  return { from, to };
}

/** Where one typed word stands in one text: {rank, from, to}, the best place, or null. */
function find(word, text) {
  const { letters, at } = mapped(text, word.isMarked ? tonelessLetter : foldedLetter);
  let best = null;
  for (let start = letters.indexOf(word.letters); start >= 0; start = letters.indexOf(word.letters, start + 1)) {
    const end = start + word.letters.length;
    if (word.isMarked && end < letters.length && MARK.test(letters[end])) continue;
    const around = wordAround(letters, start, end);
    const isWhole = around.from === start && around.to === end;
    const original = text.slice(at[around.from], stretch(text, at, around.from, around.to).to);
    if (word.isMarked && !hasTone(word, tonesOf(original), isWhole)) continue;
    const isExact = isWhole && spelledWord(original) === word.spelled;
    const rank = isExact ? 0 : around.from === start ? 1 : 2;
    if (best === null || rank < best.rank) best = { rank, ...stretch(text, at, start, end) };
    if (rank === 0) break;
  }
  return best;
}

/** A word that is typed to its end has the tone it has; one that has just begun may still get any. */
function hasTone(word, tones, isWhole) {
  return word.tones === '' && !isWhole ? true : word.tones === tones;
}

/**
 * A function (texts, letters) => {rank, marks} | null for a search: every word must stand somewhere in the texts.
 * `rank` 0: all as typed, 1: at the start of words, 2: elsewhere; `marks` say where: {i, from, to} of texts[i].
 * With one mark typed all words count with their marks. `letters` are lettersOf(texts), if they were kept.
 */
export function matcher(query) {
  const typed = query.trim().split(/\s+/).filter(Boolean);
  const isMarked = fold(query) !== query.normalize('NFD').toLowerCase();
  const words = typed.map((word) => ({
    isMarked, folded: fold(word), letters: isMarked ? toneless(word) : fold(word), tones: tonesOf(word), spelled: spelled(word),
  }));
  return (texts, letters = lettersOf(texts)) => {
    // Of fifty thousand rows most have not even the letters: nothing else is asked of those.
    if (!words.every(({ folded }) => letters.some((each) => each.includes(folded)))) return null;
    let rank = 0;
    const marks = [];
    for (const word of words) {
      const best = bestOf(word, texts, letters);
      if (best === null) return null;
      rank = Math.max(rank, best.rank);
      marks.push({ i: best.i, from: best.from, to: best.to });
    }
    return { rank, marks };
  };
}

/** The best place of one word in all texts: {i, rank, from, to} or null; of equals the first. */
function bestOf(word, texts, letters) {
  let best = null;
  for (let i = 0; i < texts.length && best?.rank !== 0; i += 1) {
    const found = texts[i] && letters[i].includes(word.folded) ? find(word, texts[i]) : null;
    if (found && (best === null || found.rank < best.rank)) best = { i, ...found };
  }
  return best;
}
