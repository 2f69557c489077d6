"""The words of the screens: adds, changes and removes keys in both catalogues.

python -m tests.words add KEY VIETNAMESE ENGLISH [KEY VIETNAMESE ENGLISH]...
python -m tests.words rm KEY...
python -m tests.words find TEXT
"""

from __future__ import annotations

import fcntl
import json
import re
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

I18N = Path(__file__).parents[1] / "api" / "web" / "i18n"
LANGS = ("vi", "en")
#: As the tests look for keys in the modules.
KEY = re.compile(r"[a-z]+\.[a-z0-9_.]+")

Catalogue = dict[str, str]


def written(catalogue: Mapping[str, str]) -> str:
    """Return a catalogue as its file holds it."""
    return json.dumps(catalogue, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


@contextmanager
def catalogues() -> Iterator[tuple[Catalogue, Catalogue]]:
    """Give both catalogues to change, and write them; nobody else does so meanwhile."""
    files = [I18N / f"{lang}.json" for lang in LANGS]
    with files[0].open(encoding="utf-8") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        vi, en = (json.loads(file.read_text(encoding="utf-8")) for file in files)
        yield vi, en
        for file, catalogue in zip(files, (vi, en), strict=True):
            file.write_text(written(catalogue), encoding="utf-8")


def add(key: str, *sentences: str) -> None:
    """Put a key into both catalogues, over what stood there."""
    if not KEY.fullmatch(key):
        sys.exit(f"{key}: a key is like alarm.none")
    clean = [unicodedata.normalize("NFC", sentence).strip() for sentence in sentences]
    places = [set(re.findall(r"{(\w+)}", sentence)) for sentence in clean]
    if not all(clean) or places[0] != places[1]:
        sys.exit(f"{key}: both languages say something, with the same placeholders")
    with catalogues() as found:
        for catalogue, sentence in zip(found, clean, strict=True):
            catalogue[key] = sentence


def remove(key: str) -> None:
    """Take a key out of both catalogues."""
    with catalogues() as found:
        for catalogue in found:
            if catalogue.pop(key, None) is None:
                sys.exit(f"{key}: not there")


def find(text: str) -> None:
    """Print the keys whose name or words hold this text."""
    with catalogues() as (vi, en):
        for key, sentence in vi.items():
            if text.lower() in f"{key} {sentence} {en[key]}".lower():
                sys.stdout.write(f"{key}  {sentence} ‖ {en[key]}\n")


def main(arguments: Sequence[str]) -> None:
    """Run one command."""
    match arguments:
        case ["add", *rest] if rest and len(rest) % 3 == 0:
            for at in range(0, len(rest), 3):
                add(*rest[at : at + 3])
        case ["rm", *keys] if keys:
            for key in keys:
                remove(key)
        case ["find", text]:
            find(text)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
