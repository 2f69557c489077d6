"""Targets: what is shipped, what a site lays over it, and what is said of a wrong file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.app import create_app
from ioc.errors import ConfigError
from ioc.settings import Settings
from ioc.severity import Severity
from ioc.targets.reading import load, of_site, shipped


def test_what_is_shipped_names_every_value() -> None:
    found = shipped()
    assert found.wait_p90 == timedelta(minutes=15)
    assert (found.on_time_rate, found.reports_on_time_rate, found.online_rate) == (0.99, 0.95, 0.8)
    assert found.acknowledge_p90 == {Severity.CRITICAL: timedelta(minutes=1)}
    assert found.phones == ("114", "113", "115")
    assert all((found.site.title, found.site.parent, found.site.body, found.site.place))


def test_a_site_replaces_what_it_names_and_nothing_else() -> None:
    found = load(
        """
targets:
  wait_p90: 20m
  acknowledge_p90: {high: 5m}
  phones: [114, "0208 3855 114"]
  site: {title: "Điều hành Định Hoá"}
"""
    )
    base = shipped()
    assert found == replace(
        base,
        wait_p90=timedelta(minutes=20),
        acknowledge_p90={
            Severity.CRITICAL: timedelta(minutes=1),
            Severity.HIGH: timedelta(minutes=5),
        },
        phones=("114", "0208 3855 114"),
        site=replace(base.site, title="Điều hành Định Hoá"),
    )


def test_an_empty_file_changes_nothing() -> None:
    assert load("") == load("targets: {}") == shipped()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets:\n  wait_p90: 900", "t.yaml:2: wait_p90: '900' is no duration"),
        ("targets:\n  wait_p90: 0s", "t.yaml:2: wait_p90: 0s is out of range"),
        ("targets:\n\n  on_time_rate: 99", "t.yaml:3: on_time_rate is a share from 0 to 1"),
        ("targets:\n  on_time_rate: 99%", "t.yaml:2: on_time_rate is a share from 0 to 1"),
        ("targets:\n  online_rate: true", "t.yaml:2: online_rate is a share from 0 to 1"),
        ("targets:\n  on_time: 0.99", "t.yaml:2: targets has no 'on_time'; did you mean"),
        ("targets:\n  acknowledge_p90: {urgent: 1m}", "t.yaml:2: acknowledge_p90 has no 'urgent'"),
        ("targets:\n  phones: []", "t.yaml:2: phones is a list of 1 to 6 items"),
        ("targets:\n  phones:\n    - 114\n    - hotline", "t.yaml:4: phones: write digits"),
        ("targets:\n  phones: [['114']]", "t.yaml:2: phones: write digits"),
        ("targets:\n  phones: ['٣']", "t.yaml:2: phones: write digits"),
        ("targets:\n  site: {title: ''}", "t.yaml:2: site.title is a text"),
        ("targets:\n  site: {name: x}", "t.yaml:2: site has no 'name'"),
        ("wait_p90: 15m", "t.yaml:1: the file has no 'wait_p90'"),
        ("targets:\n  a: b\n c: d", "t.yaml:3: this is not YAML"),
        ("targets: [1]", "t.yaml:1: targets is a mapping"),
        ("- 1", "t.yaml:1: the file is a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text, "t.yaml")
    assert said in str(refused.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        load("targets:\n  online_rate: 2\n  wait_p90: x\n", "t.yaml")
    assert [line.split(":")[1] for line in str(refused.value).splitlines()] == ["2", "3"]


def test_a_folder_without_the_file_has_what_is_shipped(tmp_path: Path) -> None:
    assert of_site(None) == of_site(tmp_path) == shipped()


def test_an_api_does_not_start_on_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "targets.yml").write_text("targets:\n  wait_p90: 15\n")
    with pytest.raises(ConfigError, match=r"targets\.yml:2: wait_p90"):
        create_app(Settings(config_dir=tmp_path))


def test_two_files_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "targets.yaml").write_bytes(b"targets: {site: {title: \xff}}")
    with pytest.raises(ConfigError, match=r"targets\.yaml: it cannot be read"):
        of_site(tmp_path)
    (tmp_path / "targets.yml").write_text("")
    with pytest.raises(ConfigError, match="keep one of them"):
        of_site(tmp_path)
