from __future__ import annotations

import pytest

from ioc.flood import begins, ends, position_of
from ioc.philosophy import FloodLimits, Position
from ioc.philosophy.reading import load, shipped
from ioc.rule.load import RuleError
from ioc.severity import Severity
from tests.unit.test_suppression import alarm

LIMITS = FloodLimits()


def test_a_flood_begins_with_more_than_ten_rings() -> None:
    assert not begins(10, LIMITS)
    assert begins(11, LIMITS)


def test_a_flood_ends_with_fewer_than_five_rings() -> None:
    assert not ends(5, LIMITS)
    assert ends(4, LIMITS)


def test_an_alarm_belongs_to_the_first_position_that_takes_it() -> None:
    town = Position("town", "Phường", "Town", areas=frozenset({"05443"}))
    fire = Position("fire", "PCCC", "Fire", sources=frozenset({"fire"}))
    rest = Position("rest", "Trực ban", "Desk")
    assert position_of([town, fire, rest], alarm(area="05443", source="fire")) is town
    assert position_of([town, fire, rest], alarm(area=None, source="fire")) is fire
    assert position_of([town, fire, rest], alarm(area="02143")) is rest
    assert position_of([town, fire], alarm(area="02143")) is None


# The philosophy -----------------------------------------------------------------------------------


def test_a_site_replaces_what_it_names_and_keeps_the_rest() -> None:
    found = load(
        "philosophy:\n"
        "  shelve_max: {critical: 30m}\n"
        "  flood: {start_gt: 20}\n"
        "  chattering: off\n"
        '  positions: [{id: a, name: "A", name_en: "A", areas: [05443], sources: [fire]}]\n'
        "  targets: {per_hour: {target: 3, edition: site}}\n",
        "philosophy.yaml",
    )
    assert found.shelve_max[Severity.CRITICAL].total_seconds() == 1800
    assert found.shelve_max[Severity.LOW] == shipped().shelve_max[Severity.LOW]
    assert found.flood == FloodLimits(20, 5)
    assert not found.chattering.is_on
    assert found.positions == (
        Position("a", "A", "A", areas=frozenset({"05443"}), sources=frozenset({"fire"})),
    )
    assert found.targets["per_hour"].edition == "site"
    assert found.targets["per_day"] == shipped().targets["per_day"]


def test_what_is_shipped_is_what_the_standard_says() -> None:
    assert shipped().flood == FloodLimits(10, 5)
    assert [position.id for position in shipped().positions] == ["main"]
    assert shipped().targets["per_hour"].maximum == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shelve_max: {worst: 1h}", "no 'worst'"),
        ("shelve_max: {low: soon}", "no duration"),
        ("flood: {start_gt: 3, end_lt: 5}", "at most start_gt"),
        ("flood: {start_gt: 0}", "whole number"),
        ("chattering: {flips: 1}", "whole number"),
        ("positions: [{id: a}]", "lacks name, name_en"),
        ("positions: [{id: a, name: A, name_en: A, sources: [moon]}]", "cannot be 'moon'"),
        ("targets: {per_hour: {target: 3}}", "says its edition"),
        ("colour: red", "no 'colour'"),
    ],
)
def test_a_slip_in_a_philosophy_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(RuleError, match=said) as refused:
        load(f"philosophy:\n  {text}\n", "philosophy.yaml")
    assert refused.value.problems[0].line == 2
