"""The pages work with no internet and under a strict content security policy."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "api" / "web"
TEXTS = sorted(
    file
    for file in WEB.rglob("*")
    if file.suffix in {".html", ".css", ".js", ".svg", ".json"}
    and "vendor" not in file.parts  # published by others, checked by its own checksum
)
LINES_MAX = 500


@pytest.mark.parametrize("page", sorted(WEB.glob("*.html")), ids=lambda page: page.name)
def test_nothing_is_written_inline(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", html)
    assert not re.search(r"\son\w+\s*=", html)
    assert "<style" not in html
    assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.relative_to(WEB).as_posix())
def test_no_other_host_is_ever_asked(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|(?:src|href)=\"//|url\(\"?//|@import", text)


def test_every_file_that_a_page_or_a_style_names_exists() -> None:
    named = {
        path
        for file in TEXTS
        if file.suffix in {".html", ".css"}
        for path in re.findall(r"[\"(](/web/[^\"')]+)", file.read_text(encoding="utf-8"))
    }
    assert named
    assert {path for path in named if not (WEB / path.removeprefix("/web/")).is_file()} == set()


def test_every_import_of_a_module_exists_and_is_relative() -> None:
    for module in (WEB / "js").glob("*.js"):
        for path in re.findall(r"^import .*? from '([^']+)';", module.read_text(), re.MULTILINE):
            assert path.startswith("./"), f"{module.name}: {path}"
            assert (module.parent / path).is_file(), f"{module.name}: {path}"


def test_markup_is_never_built_from_text() -> None:
    # A title comes from a device: it must reach the page as text.
    for module in (WEB / "js").glob("*.js"):
        source = module.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, f"{module.name}: {way}"


def test_the_fonts_are_the_ones_that_vendor_names() -> None:
    lines = (WEB / "fonts" / "VENDOR").read_text().splitlines()
    listed = {
        name: digest
        for word, digest, name in (line.split() for line in lines if line.startswith("sha256"))
        if word == "sha256"
    }
    kept = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (WEB / "fonts").glob("*.woff2")
    }
    assert kept == listed
    for name in ("inter", "jetbrains-mono"):
        assert "SIL Open Font License" in (WEB / "fonts" / f"LICENSE-{name}.txt").read_text()


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.relative_to(WEB).as_posix())
def test_files_stay_short_enough_to_read(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


def test_no_text_of_the_wall_is_smaller_than_44_units() -> None:
    css = (WEB / "css" / "wall.css").read_text()
    sizes = [int(n) for n in re.findall(r"font(?:-size)?:[^;]*?calc\((\d+) \* var\(--s\)\)", css)]
    assert sizes
    assert min(sizes) >= 44
