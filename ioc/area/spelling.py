"""How a place name is compared: folded for look-up, never as an identity."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

#: The longest name is 26 characters (decomposed: 40); far beyond that it is not a name.
NAME_CHARS_MAX = 80

#: Grave, acute, tilde, hook above, dot below; a syllable carries at most one of them.
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
#: As the wall abbreviates.
_ABBREVIATIONS = {"p": "phường", "x": "xã", "tt": "thị trấn"}
_ABBREVIATION = re.compile(r"(p|x|tt)\.\s*(?=\S)")
_D_STROKES = str.maketrans("đðĐÐ", "ddDD")  # eth: some keyboards write it where đ is meant


def spelled(name: str) -> str:
    """Return the key that all right spellings of a name share; its marks still count.

    Case, white space, NFC or NFD and the place of the tone mark are levelled: Hoá = Hóa.
    """
    return " ".join(map(_tone_last, unicodedata.normalize("NFD", name).casefold().split()))


def unmarked(name: str) -> str:
    """Return the name without its marks, as people type it in a hurry; the case stays."""
    letters = unicodedata.normalize("NFD", name)
    return "".join(c for c in letters if not unicodedata.combining(c)).translate(_D_STROKES)


def _tone_last(word: str) -> str:
    # Schools differ on which vowel bears the tone, so it goes behind the syllable.
    tones = "".join(c for c in word if c in _TONES)
    return "".join(c for c in word if c not in _TONES) + tones if tones else word


_KIND_WORDS = tuple(
    f"{write(word)} " for word in _ABBREVIATIONS.values() for write in (spelled, unmarked)
)


class Names(Generic[T]):
    """Things by name: an exact spelling finds its own, an unmarked one all that it may mean."""

    def __init__(self, named: Iterable[tuple[T, tuple[str, ...]]]) -> None:
        spellings: defaultdict[str, dict[T, None]] = defaultdict(dict)
        for thing, names in named:
            for name in names:
                key = spelled(name)
                spellings[key][thing] = None
                spellings[unmarked(key)][thing] = None
        # One table does for both: a key with marks is only reached by a query with marks.
        self._things = {key: tuple(things) for key, things in spellings.items()}

    def find(self, name: str) -> tuple[T, ...]:
        """Return what the name may mean; the word for its kind (Xã, P.) may be there or not."""
        if len(name) > NAME_CHARS_MAX:
            return ()
        key = spelled(name)
        if match := _ABBREVIATION.match(key):
            key = f"{spelled(_ABBREVIATIONS[match[1]])} {key[match.end() :]}"
        whole = self._things.get(key)
        if whole is not None:
            return whole
        # Many changed their kind in 2025 (Xã Bá Xuyên is a ward now): only then without it.
        kind_word = next((word for word in _KIND_WORDS if key.startswith(word)), "")
        return self._things.get(key.removeprefix(kind_word), ())
