"""Settings that are wrong or misspelt are said, never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ioc.settings import Settings, unknown_settings


def test_a_misspelt_setting_is_said_with_the_nearest_one() -> None:
    names = ["IOC_WEBHOOK_ALOW_PRIVATE", "PATH", "IOC_AUTH", "ioc_kafka", "IOC_BATCHROWS"]
    assert unknown_settings(names) == [
        "IOC_BATCHROWS is no setting; did you mean IOC_BATCH_ROWS?",
        "IOC_WEBHOOK_ALOW_PRIVATE is no setting; did you mean IOC_WEBHOOK_ALLOW_PRIVATE?",
    ]


def test_what_is_like_no_setting_is_said_too_and_what_tests_read_is_not() -> None:
    assert unknown_settings(["IOC_XYZ", "IOC_TEST_LONG"]) == [
        "IOC_XYZ is no setting; `ioc settings` lists them."
    ]


def test_every_setting_is_known() -> None:
    assert unknown_settings(f"IOC_{name.upper()}" for name in Settings.model_fields) == []


def test_a_folder_of_the_site_that_is_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for wrong in (file, tmp_path / "none"):
        with pytest.raises(ValidationError, match="there is no such folder"):
            Settings(config_dir=wrong)
    assert Settings(config_dir=tmp_path).config_dir == tmp_path
