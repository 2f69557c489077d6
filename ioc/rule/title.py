"""Titles with placeholders: plain replacement of known names, never Python's format language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ioc.rule.fact import Fact, reader

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
#: Longest piece that an event may bring into a title; a title is one line on a wall.
PIECE_CHARACTERS_MAX = 80

#: The words of cameras, fire panels and reports, Vietnamese and English (the glossary's).
WORDS: Mapping[str, tuple[str, str]] = {
    "person": ("người", "person"),
    "vehicle": ("phương tiện", "vehicle"),
    "car": ("ô tô", "car"),
    "motorcycle": ("xe máy", "motorcycle"),
    "truck": ("xe tải", "truck"),
    "crowd": ("đám đông", "crowd"),
    "smoke": ("khói", "smoke"),
    "fire": ("lửa", "fire"),
    "intrusion": ("xâm nhập", "intrusion"),
    "loitering": ("lảng vảng", "loitering"),
    "tamper": ("bị tháo, mở", "tamper"),
    "offline": ("mất kết nối", "offline"),
    "heat": ("nhiệt", "heat"),
    "flame": ("lửa", "flame"),
    "gas": ("rò khí gas", "gas"),
    "manual": ("nút ấn báo cháy", "manual call point"),
    "waterflow": ("dòng chảy nước chữa cháy", "water flow"),
    "temperature": ("nhiệt độ", "temperature"),
    "battery": ("pin", "battery"),
    "heartbeat": ("tín hiệu định kỳ", "heartbeat"),
}
_LANGUAGES = {"vi": 0, "en": 1}


def placeholders(text: str) -> tuple[str, ...]:
    """Return the names in braces, in order."""
    return tuple(match[1] for match in _PLACEHOLDER.finditer(text))


@dataclass(frozen=True, slots=True)
class Title:
    """A sentence with `{area} {device} {n}` or a data field in braces; `language` is vi or en."""

    text: str
    language: str = "vi"

    def of(self, fact: Fact, area_name: str, n: int) -> str:
        """Return the title for one event; what the event does not say is a dash."""

        def piece(match: re.Match[str]) -> str:
            name = match[1]
            if name == "n":
                return str(n)
            value = area_name or fact.area if name == "area" else reader(name)(fact)
            return _worded(value, self.language)

        return _PLACEHOLDER.sub(piece, self.text)


def _worded(value: object, language: str) -> str:
    if value is None or isinstance(value, list | dict):
        return "–"
    text = str(value)
    if text in WORDS:
        return WORDS[text][_LANGUAGES[language]]
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(printable) > PIECE_CHARACTERS_MAX:
        return printable[: PIECE_CHARACTERS_MAX - 1] + "…"
    return printable
