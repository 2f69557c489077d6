"""Incidents: which alarms belong together, whatever their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.incident import (
    Evidence,
    IncidentRule,
    components,
    evidence_of,
    extent_of,
    judged,
    judgement,
    metres,
    runs,
    survivors,
    united,
    whole,
)
from ioc.severity import Severity
from tests.incident_world import ALL, BASE, DOUBLE_KNOCK, HERE, MINUTE, POWER_CHAIN, Word, told

SMOKE = Word("camera-fire", "cam-1")
PANEL = Word("fire-alarm", "panel-1", minute=2, east=180, north=200)
CALL = Word("sos", "0912", minute=4, east=250)


def evidence(*words: Word, rule: IncidentRule = DOUBLE_KNOCK) -> list[Evidence]:
    """Return what these words say to a rule."""
    return evidence_of([rule], told(list(words), {}, BASE))


def keys(found: Sequence[frozenset[Evidence]]) -> set[frozenset[str]]:
    return {frozenset(piece.key for piece in each) for each in found}


# Evidence -----------------------------------------------------------------------------------------


def test_a_raise_is_evidence_at_its_own_place_and_of_its_own_severity() -> None:
    later = replace(SMOKE, minute=3, east=50, area="05455")
    first, second = evidence(SMOKE, later)
    assert (first.place, second.place) == ("0,0", "500,0")
    assert (first.area, second.area) == (HERE, "05455")
    assert first.alarm_id == second.alarm_id
    assert second.severity is Severity.HIGH
    assert second.from_at == second.to_at == BASE + 3 * MINUTE


def test_a_raise_without_a_point_says_nothing_to_a_rule_of_metres() -> None:
    assert evidence(replace(SMOKE, east=None)) == []
    assert evidence(replace(SMOKE, rule="silent-camera", east=None), rule=POWER_CHAIN)


def test_alarms_of_other_rules_say_nothing() -> None:
    assert evidence(replace(PANEL, rule="power-out")) == []


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(None, 1.0), (1.0, None), (True, 1.0), ("21", "105"), (91.0, 1.0), (float("nan"), 1.0)],
)
def test_what_is_no_point_has_no_metres(lat: Any, lon: Any) -> None:
    assert metres(lat, lon) is None


def test_metres_are_right_to_a_few_in_a_thousand() -> None:
    # One minute of latitude is a nautical mile, 1,852 m (WGS 84: 1,845 m here).
    east, north = metres(21.6 + 1 / 60, 105.85 + 1 / 60) or (0.0, 0.0)
    assert north == pytest.approx(1845, rel=0.006)
    assert east == pytest.approx(1726, rel=0.006)


def test_raises_with_short_gaps_are_one_run() -> None:
    found = evidence(*(replace(SMOKE, minute=n) for n in (0, 20, 5, 10, 15.1)))
    together = [[found[n].from_at for n in each] for each in runs(found, DOUBLE_KNOCK.time)]
    assert together == [
        [BASE, BASE + 5 * MINUTE, BASE + 10 * MINUTE],
        [BASE + 15.1 * MINUTE, BASE + 20 * MINUTE],
    ]
    run = whole([found[0], found[2], found[3]])
    assert (run.from_at, run.to_at, run.n) == (BASE, BASE + 10 * MINUTE, 3)


# What belongs together ------------------------------------------------------------------------


def test_camera_panel_and_call_at_one_place_are_one_incident() -> None:
    (found,) = components(DOUBLE_KNOCK, evidence(SMOKE, PANEL, CALL))
    judgement = judged(DOUBLE_KNOCK, list(found))
    assert judgement is not None
    assert (judgement.severity, judgement.alarms) == (Severity.CRITICAL, 3)
    assert judgement.sources == ("camera", "citizen", "fire")
    assert (judgement.began_at, judgement.last_at) == (BASE, BASE + 4 * MINUTE)
    assert judgement.area == HERE
    assert judgement.radius_m == pytest.approx(160, abs=1)
    titles = DOUBLE_KNOCK.titles(judgement, "Phường Phan Đình Phùng")
    assert titles == ("Cháy, 3 nguồn cùng báo", "Fire, 3 sources agree")


def test_two_cameras_are_not_two_sources() -> None:
    found = components(DOUBLE_KNOCK, evidence(SMOKE, replace(SMOKE, device="cam-2", minute=1)))
    assert keys(found) == {frozenset({"cam-1", "cam-2"})}
    assert judged(DOUBLE_KNOCK, list(found[0])) is None


def test_one_alarm_that_comes_again_and_again_is_no_incident() -> None:
    (found,) = components(DOUBLE_KNOCK, evidence(*(replace(SMOKE, minute=n) for n in range(4))))
    assert judged(DOUBLE_KNOCK, list(found)) is None


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        (replace(PANEL, minute=5, east=300, north=0), True),
        (replace(PANEL, minute=5.001, east=300, north=0), False),
        (replace(PANEL, minute=5, east=300.1, north=0), False),
        (replace(PANEL, minute=0, east=212, north=212), True),
        (replace(PANEL, minute=0, east=213, north=213), False),
    ],
)
def test_metres_and_minutes_are_bounds_that_belong_to_it(other: Word, is_one: bool) -> None:
    found = components(DOUBLE_KNOCK, evidence(SMOKE, other))
    assert len(found) == (1 if is_one else 2)


def test_what_lies_between_two_joins_them_in_any_order() -> None:
    words = [replace(SMOKE, device=f"cam-{n}", minute=4 * n, east=250 * n) for n in range(4)]
    for order in permutations(words):
        assert keys(components(DOUBLE_KNOCK, evidence(*order))) == {
            frozenset({"cam-0", "cam-1", "cam-2", "cam-3"})
        }
    without = words[:1] + words[2:]
    assert len(components(DOUBLE_KNOCK, evidence(*without))) == 2


def test_a_cause_chain_joins_neighbours_that_agree() -> None:
    power = Word("power-out", "substation", east=None)
    cameras = [Word("silent-camera", f"cam-{n}", minute=10 * n + 5, east=None) for n in range(2)]
    elsewhere = Word("silent-camera", "cam-9", minute=5, east=None, area="05455")
    found = components(POWER_CHAIN, evidence(power, *cameras, elsewhere, rule=POWER_CHAIN))
    assert keys(found) == {frozenset({"substation", "cam-0", "cam-1"}), frozenset({"cam-9"})}
    # Without their cause cameras have nothing to do with each other.
    assert len(components(POWER_CHAIN, evidence(*cameras, rule=POWER_CHAIN))) == 2


def test_without_a_chain_agreeing_in_an_attribute_is_enough() -> None:
    rule = replace(DOUBLE_KNOCK, on="area", within_m=0.0)
    words = [replace(SMOKE, east=None), replace(PANEL, east=None)]
    assert len(components(rule, evidence(*words, rule=rule))) == 1


def test_an_incident_is_never_less_severe_than_its_worst_alarm() -> None:
    mild = replace(DOUBLE_KNOCK, severity=Severity.LOW)
    found = judged(mild, evidence(SMOKE, CALL, rule=mild))
    assert found is not None
    assert found.severity is Severity.HIGH


def test_a_place_is_the_middle_of_all_evidence() -> None:
    extent = extent_of(evidence(SMOKE, replace(PANEL, east=200, north=0)))
    found = judgement(extent, None)
    assert (found.lat, found.radius_m) == (21.6, 100.0)
    assert metres(found.lat, found.lon) == pytest.approx((100.0, 0.0), abs=0.2)


# Any order ----------------------------------------------------------------------------------------

#: So few places and moments that most are neighbours of some and not of others.
WORDS = st.lists(
    st.builds(
        Word,
        st.sampled_from(["camera-fire", "fire-alarm", "sos", "power-out", "silent-camera"]),
        st.sampled_from(["d1", "d2", "d3"]),
        st.sampled_from([0.0, 3.0, 5.0, 8.0, 13.0, 20.0, 40.0, 70.0]),
        st.sampled_from([0.0, 200.0, 300.0, 500.0, 990.0, 1010.0, None]),
        st.sampled_from([0.0, 150.0]),
        st.sampled_from([HERE, "05455"]),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(words=WORDS, data=st.data())
def test_runs_of_any_occurrences_have_the_components_of_their_events(
    words: list[Word], data: st.DataObject
) -> None:
    """To keep runs and not events loses nothing; nor does it matter who closed an alarm when."""
    for rule in ALL:
        points = evidence(*words, rule=rule)
        lives = [data.draw(st.sampled_from([uuid4(), uuid4()])) for _ in points]
        by_life: dict[tuple[str, str, str, UUID], list[Evidence]] = {}
        for piece, life in zip(points, lives, strict=True):
            by_life.setdefault((piece.rule, piece.key, piece.place, life), []).append(
                replace(piece, alarm_id=life)
            )
        made = [
            whole([pieces[n] for n in each])
            for pieces in by_life.values()
            for each in runs(pieces, rule.time)
        ]
        of_runs = {
            frozenset((run.rule, run.key, run.place, run.from_at) for run in component)
            for component in components(rule, made)
        }
        of_points = components(rule, points)
        assert len(of_runs) == len(of_points)
        for component in of_points:
            extent = extent_of(list(component))
            assert any(
                extent_of([run for run in made if _of(run) in found]) == extent for found in of_runs
            )


def _of(run: Evidence) -> tuple[object, ...]:
    return run.rule, run.key, run.place, run.from_at


@settings(max_examples=200, deadline=None)
@given(words=WORDS, data=st.data())
def test_further_evidence_never_takes_an_incident_apart(
    words: list[Word], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(words)))
    for rule in ALL:
        few = components(rule, evidence(*words[:cut], rule=rule))
        all_of_it = components(rule, evidence(*words, rule=rule))
        for component in few:
            (home,) = {
                id(each)
                for each in all_of_it
                for piece in component
                if any(_of(piece) == _of(other) for other in each)
            }
            assert home


# Going into one another ---------------------------------------------------------------------------


def test_pairs_make_groups_but_never_across_what_is_apart() -> None:
    assert united("abcd", [("a", "b"), ("c", "b")]) == [{"a", "b", "c"}, {"d"}]
    apart = frozenset({frozenset("ad")})
    assert united("abcd", [("a", "b"), ("b", "d"), ("c", "d")], apart) == [{"a", "b"}, {"c", "d"}]


def test_the_incident_that_began_first_goes_on() -> None:
    one, two, three = (UUID(int=n) for n in (1, 2, 3))
    began = {three: BASE, two: BASE + timedelta(seconds=1)}
    assert survivors([{one, two, three}], began) == {one: three, two: three}
    assert survivors([{two, three}], {}) == {three: two}
    assert survivors([{one, three}], {one: BASE, three: BASE}) == {three: one}
