"""The parts of others are what their VENDOR says, each with its licence beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vendored import Part, digest_of, parts

PARTS = list(parts())
FOLDERS = sorted({part.folder for part in PARTS})
#: Beside the parts: their licences, which name no version.
PAPERS = ("VENDOR", "LICENSE", "NOTICE")


def test_fonts_and_the_page_of_the_api_are_among_the_parts() -> None:
    assert {part.name for part in PARTS} >= {"inter", "jetbrains-mono", "swagger-ui-dist"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_is_kept_as_its_checksum_says(part: Part) -> None:
    assert part.files
    for name, digest in part.files.items():
        assert digest_of((part.folder / name).read_bytes()) == digest, name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_nothing_lies_beside_the_parts_but_their_licences(folder: Path) -> None:
    listed = {name for part in PARTS if part.folder == folder for name in part.files}
    others = {file.name for file in folder.iterdir()} - listed
    assert {
        name for name in others if not name.startswith(PAPERS) and ".LICENSE." not in name
    } == set()
    assert any(name.startswith("LICENSE") for name in others)
