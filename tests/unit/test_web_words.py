"""Every word of the screens: in a catalogue, in both languages, spelt as state forms spell."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests import words

WEB = Path(__file__).parents[2] / "api" / "web"
LANGS = ("vi", "en")
# What is shown before anybody has chosen a language says each word in both; the API's reference is
# for programmers and in English.
BOTH = frozenset({"login.html", "login.js", "not-found.html", "link-used.html"})
OUTSIDE = BOTH | {"docs.html", "docs.js"}
#: What the console says in both languages until its words have come, over a slow line for long.
WAITING = ["Đang tải…", "Loading…"]
PAGES = sorted(file for file in WEB.glob("*.html") if file.name not in OUTSIDE)
MODULES = sorted(file for file in (WEB / "js").rglob("*.js") if file.name not in OUTSIDE)


def reject_repeated_keys(pairs: list[tuple[str, str]]) -> dict[str, str]:
    catalogue = dict(pairs)
    assert len(catalogue) == len(pairs), "a key stands twice"
    return catalogue


def catalogue(lang: str) -> dict[str, str]:
    text = (WEB / "i18n" / f"{lang}.json").read_text(encoding="utf-8")
    loaded: dict[str, str] = json.loads(text, object_pairs_hook=reject_repeated_keys)
    return loaded


def without_comments(source: str) -> str:
    """JavaScript without its comments; ours hold no `//` inside a string."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", source, flags=re.DOTALL)


def strings(source: str) -> list[str]:
    """The string literals of a module, without the expressions inside templates."""
    found = re.findall(r"'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`", without_comments(source))
    return [plain or re.sub(r"\$\{[^}]*\}", "", template) for plain, template in found]


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue("vi").keys() == catalogue("en").keys()


@pytest.mark.parametrize("lang", LANGS)
def test_a_catalogue_stands_as_its_tool_writes_it(lang: str) -> None:
    # Sorted by key: two people who add words seldom touch the same line.
    text = (WEB / "i18n" / f"{lang}.json").read_text(encoding="utf-8")
    assert text == words.written(catalogue(lang)), "use `python -m tests.words add KEY VI EN`"


def test_a_sentence_has_the_same_placeholders_in_both_languages() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    for key, sentence in vi.items():
        assert set(re.findall(r"{(\w+)}", sentence)) == set(re.findall(r"{(\w+)}", en[key])), key


@pytest.mark.parametrize("lang", LANGS)
def test_no_sentence_is_empty_padded_or_shouting(lang: str) -> None:
    for key, sentence in catalogue(lang).items():
        assert sentence.strip(), key
        assert sentence == sentence.strip(), key
        assert "!" not in sentence, key


@pytest.mark.parametrize("lang", LANGS)
def test_every_key_is_used_and_every_used_key_exists(lang: str) -> None:
    used = set()
    for module in MODULES:
        used.update(re.findall(r"'([a-z]+\.[a-z0-9_.]+)'", without_comments(module.read_text())))
    keys = set(catalogue(lang))
    # `say.n('flood.rows', n)` takes flood.rows.one or flood.rows.other, as the language counts.
    counted = {key for key in used if f"{key}.other" in keys}
    used = used - counted | {f"{key}.{form}" for key in counted for form in ("one", "other")}
    families = {key.split(".")[0] for key in keys}
    assert keys - used == set(), "unused"
    asked = {key for key in used if key.split(".")[0] in families}
    assert asked - keys - {"ioc.reloaded_at"} == set(), "missing"


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda module: module.relative_to(WEB / "js").as_posix()
)
def test_a_sentence_that_is_said_without_values_has_none(module: Path) -> None:
    """`say('incident.lead')` of a sentence with {name} would show the braces to a person."""
    said = re.findall(r"\bsay\('([a-z0-9_.]+)'\)", without_comments(module.read_text()))
    sentences = catalogue("vi")
    assert [key for key in said if re.search(r"{\w+}", sentences.get(key, ""))] == []


#: Of English verbs of ours, what follows "cannot be".
DONE = re.compile(r"\w+(?:ed|en)\b|\w*(?:reset)\b")


def test_what_cannot_be_done_is_a_participle_and_what_one_may_not_do_an_infinitive() -> None:
    en = catalogue("en")
    done = {key.removeprefix("done."): word for key, word in en.items() if key[:5] == "done."}
    assert done
    for move, word in done.items():
        assert DONE.match(word), word
        assert en[f"verb.{move}"] == word or not DONE.match(en[f"verb.{move}"]), move
    for key in ("race.already_other", "race.ended", "race.state"):
        assert "cannot be {action}" in en[key], key
    assert "may not {action}" in en["race.forbidden"]


def test_vietnamese_is_nfc_and_sets_its_tone_marks_as_laws_do() -> None:
    # hòa, khóa, thủy; but qu + y is one sound, so quý and quỹ are right
    misplaced = re.compile(r"(?<![qQ])(?:o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])(?!\w)")
    for key, sentence in catalogue("vi").items():
        assert unicodedata.is_normalized("NFC", sentence), key
        assert not misplaced.search(sentence), f"{key}: {sentence}"


def test_the_lint_finds_a_misplaced_tone_mark() -> None:
    misplaced = re.compile(r"(?<![qQ])(?:o[àáảãạèéẻẽẹ]|u[ỳýỷỹỵ])(?!\w)")
    assert misplaced.search("xoá")
    assert misplaced.search("tuỳ chọn")
    assert not misplaced.search("Không có tín hiệu, quý, hoàn, toàn, xóa")


@pytest.mark.parametrize("word", ["báo động", "leo thang", "sự cố", "bạn", "tiếp nhận cảnh báo"])
def test_words_that_mean_something_else_here_are_not_used(word: str) -> None:
    for key, sentence in catalogue("vi").items():
        assert not re.search(rf"\b{word}\b", sentence, re.IGNORECASE), key


class Texts(HTMLParser):
    """Collects what a reader or a screen reader would get from a page itself."""

    SPOKEN = frozenset({"title", "alt", "placeholder", "aria-label", "value"})

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            self.attributes.add(name)
            if name in self.SPOKEN and value:
                self.texts.append(value)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_holds_no_word_of_its_own(page: Path) -> None:
    parser = Texts()
    parser.feed(page.read_text(encoding="utf-8"))
    assert parser.texts == (WAITING if page.name == "console.html" else [])


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda module: module.relative_to(WEB / "js").as_posix()
)
def test_a_module_holds_no_word_of_its_own(module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    allowed = {"Phường", "Xã"}  # read in area names, never written
    code = re.sub("|".join(allowed), "", without_comments(source))
    assert re.findall(r"[^\x00-\x7f]+", code) == []
    for literal in strings(source):
        for sink in re.findall(r"[A-Z][a-z]+ [a-z]{2,}|[a-z]{3,} [a-z]{3,} [a-z]{3,}", literal):
            pytest.fail(f"{module.name}: {sink!r} belongs in a catalogue")
