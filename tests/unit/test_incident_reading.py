"""The list `incidents:` of a rule file: read whole, or refused with its lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ioc.incident import IncidentRule
from ioc.incident.reading import read_rules
from ioc.rule.document import Fields, read
from ioc.rule.notes import Notes
from ioc.severity import Severity
from ioc.suppression import Matcher

WHOLE = """\
incidents:
  - {id: double-knock, title: "Cháy, {sources} nguồn cùng báo",
     title_en: "Fire, {sources} sources agree", of: {rules: [fire-alarm, camera-fire, sos]},
     within: 300m, time: 5m, least: 2, sources: 2, severity: critical}
  - {id: power-chain, title: "Mất điện {area}", title_en: "Power cut in {area}",
     chain: [{rules: [power-out]}, {rules: [silent-camera]}], on: area, time: 30m}
"""
RULE = (
    'incidents:\n  - {id: a, title: "A", title_en: "A", of: {rules: [r]}, within: 300m, time: 5m}\n'
)


def read_text(text: str) -> tuple[Sequence[IncidentRule], list[str]]:
    root = read(text)
    assert isinstance(root, Fields)
    notes = Notes("site.yaml")
    found = read_rules(root.entries["incidents"], notes)
    return found, [str(problem) for problem in notes.problems]


def test_an_incident_rule_goes_by_metres_or_is_a_chain() -> None:
    (knock, chain), problems = read_text(WHOLE)
    assert problems == []
    assert knock == IncidentRule(
        id="double-knock",
        title="Cháy, {sources} nguồn cùng báo",
        title_en="Fire, {sources} sources agree",
        of=Matcher(rules=frozenset({"fire-alarm", "camera-fire", "sos"})),
        within_m=300.0,
        time=timedelta(minutes=5),
        least=2,
        sources=2,
        severity=Severity.CRITICAL,
    )
    assert (chain.on, chain.least, chain.sources, chain.severity) == ("area", 2, 1, None)
    assert [sorted(link.rules) for link in chain.chain] == [["power-out"], ["silent-camera"]]


def test_the_rules_of_the_docs_are_what_they_say(repository: Path) -> None:
    page = (repository / "docs" / "incidents.md").read_text(encoding="utf-8")
    found, problems = read_text(page.split("```yaml\n")[1].split("```")[0])
    assert problems == []
    assert found == read_text(WHOLE)[0]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("id: a", "id: A_", "site.yaml:2: id is 1 to 64"),
        ('title: "A"', 'title: "{device}"', "site.yaml:2: title: there is no {device}"),
        ("time: 5m", "time: 2d", "site.yaml:2: time: 2d is out of range"),
        ("within: 300m", "within: 3km", "site.yaml:2: within: write metres"),
        ("within: 300m", "within: 1001m", "site.yaml:2: within: write metres"),
        ("within: 300m, ", "", "site.yaml:2: the incident rule needs either"),
        ("within: 300m", "within: 300m, on: area", "site.yaml:2: the incident rule needs either"),
        ("within: 300m", "on: floor", "site.yaml:2: on cannot be 'floor'"),
        ("of: {rules: [r]}", "of: {rule: [r]}", "site.yaml:2: of: a matcher has no 'rule'"),
        ("of: {rules: [r]}", "of: {}", "site.yaml:2: of: this is every alarm"),
        ("of: {rules: [r]}, ", "", "site.yaml:2: write either 'of:"),
        ("of: {rules: [r]}", "chain: [{rules: [r]}]", "site.yaml:2: the incident rule needs 'on"),
        ("time: 5m", "time: 5m, least: 1", "site.yaml:2: least is a whole number from 2"),
        ("time: 5m", "time: 5m, severity: bad", "site.yaml:2: severity cannot be 'bad'"),
        (", time: 5m", "", "site.yaml:2: the incident rule lacks time"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(before: str, after: str, line: str) -> None:
    found, problems = read_text(RULE.replace(before, after))
    assert found == ()
    assert problems[0].startswith(line), problems


def test_a_chain_of_one_link_is_none() -> None:
    text = RULE.replace("of: {rules: [r]}, within: 300m", "chain: [{rules: [r]}], on: area")
    assert read_text(text)[1] == ["site.yaml:2: a chain has at least two links"]


def test_two_rules_of_one_id_are_one_too_many() -> None:
    found, problems = read_text(RULE + RULE.removeprefix("incidents:\n"))
    assert len(found) == 1
    assert problems == ["site.yaml:3: the id 'a' is taken; choose another"]
