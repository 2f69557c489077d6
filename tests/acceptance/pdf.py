"""Reading a PDF that Chromium made: its pages, and the words on each."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
_STREAM = re.compile(rb"(.*?)stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_FONT = re.compile(rb"/(F\d+) (\d+) 0 R")
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|(\bET\b)")
_RANGE = re.compile(rb"<(\w+)> <(\w+)> <(\w+)>")
_CHARACTER = re.compile(rb"^<(\w+)> <(\w+)>$", re.MULTILINE)

Glyphs = Mapping[int, str]


@dataclass(frozen=True)
class Sheet:
    """A page: its size in millimetres, and its words in the order in which they were drawn."""

    width_mm: float
    height_mm: float
    text: str


def sheets(data: bytes) -> list[Sheet]:
    """Return the pages of a PDF in order."""
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(data)}
    found = []
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        box = re.search(rb"/MediaBox\s*\[([^\]]+)\]", body)
        assert box is not None
        _, _, width, height = (float(each) * 25.4 / 72 for each in box[1].split())
        found.append(Sheet(width, height, "".join(_words(body, objects))))
    return found


def _words(page: bytes, objects: Mapping[int, bytes]) -> Iterator[str]:
    fonts = {name: _glyphs(objects[int(number)], objects) for name, number in _FONT.findall(page)}
    content = re.search(rb"/Contents (\d+) 0 R", page)
    assert content is not None
    glyphs: Glyphs = {}
    for font, shown, end in _SHOWN.findall(_stream(objects[int(content[1])])):
        if font:
            glyphs = fonts[font]
        elif end:
            yield "\n"
        else:
            codes = (int(shown[n : n + 4], 16) for n in range(0, len(shown), 4))
            yield "".join(glyphs.get(code, "?") for code in codes)


def _glyphs(font: bytes, objects: Mapping[int, bytes]) -> Glyphs:
    """Return what each glyph of a font stands for."""
    number = re.search(rb"/ToUnicode (\d+) 0 R", font)
    if number is None:
        return {}
    table = _stream(objects[int(number[1])])
    found = {}
    table = re.sub(rb"begincodespacerange.*?endcodespacerange", b"", table, flags=re.DOTALL)
    for first, last, letter in _RANGE.findall(table):
        for n in range(int(last, 16) - int(first, 16) + 1):
            found[int(first, 16) + n] = chr(int(letter, 16) + n)
    for code, letters in _CHARACTER.findall(table):
        found[int(code, 16)] = bytes.fromhex(letters.decode()).decode("utf-16-be")
    return found


def _stream(body: bytes) -> bytes:
    found = _STREAM.match(body)
    assert found is not None
    return zlib.decompress(found[2]) if b"FlateDecode" in found[1] else found[2]
