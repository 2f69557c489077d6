"""Endpoints as files of a site."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.outbound.endpoint_file import read_all
from ioc.settings import Settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the one of the standard


@pytest.mark.parametrize("name", ["duty.yaml", "duty.yml"])
def test_an_endpoint_is_declared_whatever_its_file_s_ending(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "webhooks"
    folder.mkdir()
    (folder / name).write_text(
        f"name: duty\nurl: https://hooks.example.org/\nsecret: {SECRET}\n", encoding="utf-8"
    )
    found = read_all(Settings(config_dir=tmp_path))
    assert [endpoint.name for endpoint in found.endpoints] == ["duty"]
    assert found.is_complete
