"""The pages work with no internet and under a strict content security policy."""

from __future__ import annotations

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
MODULES = sorted((WEB / "js").rglob("*.js"))
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
    named = re.compile(
        r"^(?:import|export) [^;]*? from '([^']+)';|\bimport\('([^']+)'\)", re.MULTILINE
    )
    seen = 0
    for module in MODULES:
        for static, late in named.findall(module.read_text(encoding="utf-8")):
            path = static or late
            seen += 1
            assert path.startswith(("./", "../")), f"{module.name}: {path}"
            found = (module.parent / path).resolve()
            assert found.is_file(), f"{module.name}: {path}"
            # A vendored part is heavy and no part of what Node can run: only who draws asks for it.
            if found.is_relative_to(WEB / "vendor"):
                assert late, f"{module.name}: {path} is asked for before anybody wants it"
            else:
                assert found.is_relative_to(WEB / "js"), f"{module.name}: {path}"
    assert seen > len(MODULES)


def test_every_name_that_a_module_imports_is_exported_there() -> None:
    # A browser finds out only when the page is shown, and then shows none.
    imports = re.compile(r"^(?:import|export) \{([^}]*)\} from '([^']+)';", re.MULTILINE)
    exports = re.compile(
        r"^export (?:async )?(?:function\*? |class |const |let )(\w+)", re.MULTILINE
    )
    listed = re.compile(r"^export \{([^}]*)\}", re.MULTILINE)
    for module in MODULES:
        for names, path in imports.findall(module.read_text(encoding="utf-8")):
            if "vendor" in path:
                continue
            there = (module.parent / path).resolve().read_text(encoding="utf-8")
            known = set(exports.findall(there))
            for group in listed.findall(there):
                known |= {name.split(" as ")[-1].strip() for name in group.split(",")}
            asked = {name.split(" as ")[0].strip() for name in names.split(",")} - {""}
            assert asked <= known, f"{module.name}: {path} has no {sorted(asked - known)}"


def test_markup_is_never_built_from_text() -> None:
    # A title comes from a device: it must reach the page as text.
    for module in MODULES:
        source = module.read_text(encoding="utf-8")
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in source, f"{module.name}: {way}"


def test_the_fonts_have_their_licence_beside_them() -> None:
    for name in ("inter", "jetbrains-mono"):
        assert "SIL Open Font License" in (WEB / "fonts" / f"LICENSE-{name}.txt").read_text()


@pytest.mark.parametrize(
    "file",
    [
        file for file in TEXTS if file.parent.name != "i18n"
    ],  # a list of words, not something to read
    ids=lambda file: file.relative_to(WEB).as_posix(),
)
def test_files_stay_short_enough_to_read(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


def test_no_text_of_the_wall_is_smaller_than_44_units() -> None:
    files = ("wall.css", "wall-pages.css", "stage.css")
    css = "".join((WEB / "css" / file).read_text() for file in files)
    sizes = [int(n) for n in re.findall(r"font(?:-size)?:[^;]*?calc\((\d+) \* var\(--s\)\)", css)]
    assert sizes
    assert min(sizes) >= 44
