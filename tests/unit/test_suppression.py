from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.alarm import Alarm, State
from ioc.clock import LOCAL_ZONE
from ioc.severity import Severity
from ioc.suppression import (
    Inhibition,
    Kind,
    Matcher,
    Suppression,
    circle,
    hiding,
    repeated,
    turn,
)

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def alarm(**changes: Any) -> Alarm:
    return replace(
        Alarm(
            id=uuid4(),
            rule="camera-silent",
            key="c-1",
            source="camera",
            severity=Severity.HIGH,
            state=State.UNACKNOWLEDGED,
            active=True,
            area="05443",
            device="c-1",
            title="Mất tín hiệu",
            title_en="Silent",
            guidance=(),
            ack_required=True,
            raised_at=NOW,
            changed_at=NOW,
            condition_at=NOW,
            event_source="/frigate/1",
            event_id="e-1",
            event_time=NOW,
        ),
        **changes,
    )


def suppression(**changes: Any) -> Suppression:
    return replace(
        Suppression(
            id=uuid4(),
            kind=Kind.SILENCE,
            matcher=Matcher(areas=frozenset({"05443"})),
            reason="Thi công",
            by="An",
            from_at=NOW,
            until_at=NOW + HOUR,
            created_at=NOW,
            origin="api",
        ),
        **changes,
    )


def words(*found: str) -> frozenset[str]:
    return frozenset(found)


# Matchers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matcher", "is_matched"),
    [
        (Matcher(), True),
        (Matcher(rules=words("camera-silent", "other")), True),
        (Matcher(rules=words("other")), False),
        (Matcher(areas=words("05443"), devices=words("c-1")), True),
        (Matcher(areas=words("05443"), devices=words("c-2")), False),
        (Matcher(sources=words("camera")), True),
        (Matcher(sources=words("/frigate/1")), True),
        (Matcher(sources=words("/frigate/2")), False),
        (Matcher(keys=words("c-1")), True),
        (Matcher(keys=words("c-2")), False),
        (Matcher(severities=frozenset({Severity.HIGH})), True),
        (Matcher(severities=frozenset({Severity.LOW})), False),
    ],
)
def test_an_alarm_is_matched_when_every_set_that_is_given_holds_its_word(
    matcher: Matcher, is_matched: bool
) -> None:
    assert matcher.matches(alarm()) is is_matched


def test_an_alarm_without_a_place_is_in_no_area() -> None:
    assert not Matcher(areas=words("05443")).matches(alarm(area=None))


_WORDS = st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2)
_MATCHERS = st.builds(
    Matcher,
    rules=_WORDS,
    areas=_WORDS,
    severities=st.frozensets(st.sampled_from(Severity), max_size=2),
)
_ALARMS = st.builds(
    lambda rule, area, severity: alarm(rule=rule, area=area, severity=severity),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["a", "b", "c", None]),
    st.sampled_from(Severity),
)


@given(_MATCHERS)
def test_a_matcher_is_the_same_after_the_database(matcher: Matcher) -> None:
    assert Matcher.parse(matcher.to_json()) == matcher


@given(_MATCHERS, _MATCHERS, _ALARMS)
def test_what_is_narrowed_matches_exactly_what_both_match(
    one: Matcher, other: Matcher, found: Alarm
) -> None:
    both = one.narrowed(other)
    matched = both is not None and both.matches(found)
    assert matched == (one.matches(found) and other.matches(found))
    if matched:
        assert one.meets(other)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "mapping"),
        ({"area": ["05443"]}, "no 'area'"),
        ({"areas": []}, "list of 1 to"),
        ({"areas": "05443"}, "list of 1 to"),
        ({"areas": [5443]}, "1 to 200 characters"),
        ({"areas": ["a\0b"]}, "NUL"),
        ({"severities": ["worst"]}, "cannot be 'worst'"),
    ],
)
def test_a_matcher_that_is_none_is_refused_with_a_sentence(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Matcher.parse(value)


def test_a_matcher_of_all_severities_and_nothing_else_leaves_nothing_out() -> None:
    assert Matcher().is_all
    assert Matcher(severities=frozenset(Severity)).is_all
    assert not Matcher(severities=frozenset({Severity.LOW})).is_all
    assert not Matcher(rules=words("a")).is_all


# What hides ---------------------------------------------------------------------------------------


def test_a_silence_hides_from_its_beginning_until_just_before_its_end() -> None:
    silence = suppression()
    states = {
        -1: None,
        0: State.SUPPRESSED,
        3599: State.SUPPRESSED,
        3600: None,
    }
    for seconds, state in states.items():
        found = hiding([silence], alarm(), NOW + timedelta(seconds=seconds))
        assert (found and found.state) == state, seconds


def test_what_has_begun_hides_also_for_a_clock_that_is_behind() -> None:
    begun = suppression(begun_at=NOW)
    assert hiding([begun], alarm(), NOW - timedelta(seconds=3)) is not None


def test_what_has_ended_hides_nothing_also_for_a_clock_that_is_behind() -> None:
    over = suppression(begun_at=NOW, ended_at=NOW + HOUR)
    assert hiding([over], alarm(), NOW + HOUR / 2) is None


def test_priority_1_is_hidden_only_when_it_is_named() -> None:
    critical = alarm(severity=Severity.CRITICAL)
    assert hiding([suppression()], critical, NOW) is None
    named = suppression(matcher=Matcher(severities=frozenset({Severity.CRITICAL})))
    assert hiding([named], critical, NOW) is not None


def test_a_parent_does_not_hide_itself() -> None:
    parent = alarm()
    inhibition = suppression(kind=Kind.INHIBITION, parent_alarm=parent.id, until_at=None)
    assert hiding([inhibition], parent, NOW) is None
    assert hiding([inhibition], alarm(), NOW + 1000 * HOUR) is not None


def test_out_of_service_is_stronger_and_every_reason_is_told() -> None:
    silence = suppression()
    out = suppression(
        kind=Kind.OUT_OF_SERVICE, created_at=NOW + HOUR, until_at=None, reason="Thay pin"
    )
    found = hiding([silence, out], alarm(), NOW)
    assert found is not None
    assert found.state is State.OUT_OF_SERVICE
    assert [reason["kind"] for reason in found.by] == ["out_of_service", "silence"]
    assert found.by[1] == {
        "id": str(silence.id),
        "kind": "silence",
        "reason": "Thi công",
        "by": "An",
        "until": "2026-11-23T04:00:00Z",
    }
    assert found.by[0]["until"] is None


# Inhibitions --------------------------------------------------------------------------------------


def inhibition(name: str, parent: str, hides: str, equal: tuple[str, ...] = ()) -> Inhibition:
    return Inhibition(name, Matcher(rules=words(parent)), Matcher(rules=words(hides)), equal)


def test_a_parent_hides_what_agrees_with_it() -> None:
    rule = inhibition("camera-by-power", "power-out", "camera-silent", ("area",))
    parent = alarm(rule="power-out", area="05443")
    matcher = rule.hidden_by(parent)
    assert matcher == Matcher(rules=words("camera-silent"), areas=words("05443"))
    assert rule.hidden_by(alarm(rule="power-out", area=None)) is None, "nothing to agree in"


def test_a_parent_outside_of_what_may_be_hidden_hides_nothing() -> None:
    rule = Inhibition("i", Matcher(), Matcher(areas=words("05443")), ("area",))
    assert rule.hidden_by(alarm(area="02143")) is None


def test_inhibitions_in_a_circle_are_found() -> None:
    chain = [inhibition("one", "a", "b"), inhibition("two", "b", "c")]
    assert circle(chain) == ()
    assert set(circle([*chain, inhibition("three", "c", "a")])) == {"one", "two", "three"}
    assert circle([inhibition("self", "a", "a")]) == ("self",)


# Turns --------------------------------------------------------------------------------------------


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LOCAL_ZONE)  # type: ignore[misc,arg-type]


def turns(rule: str, start: datetime, lasts: timedelta, until: datetime) -> list[datetime]:
    """Return the local starts until then, found one after the other as the timer does."""
    text = repeated(rule, start, lasts)
    found: list[datetime] = []
    after = start - timedelta(seconds=1)
    while (span := turn(text, lasts, after)) is not None and span[0] < until:
        assert span[1] - span[0] == lasts
        assert not found or span[0] > found[-1]
        found.append(span[0])
        after = span[1]
    return [at.astimezone(LOCAL_ZONE) for at in found]


def by_days(start: datetime, until: datetime, is_one: Callable[[date], bool]) -> list[datetime]:
    days = (until.date() - start.date()).days
    every = [start.date() + timedelta(days=n) for n in range(days)]
    return [datetime.combine(day, start.timetz()) for day in every if is_one(day)]


def is_fourth_saturday(day: date) -> bool:
    return day.weekday() == 5 and 22 <= day.day <= 28


def is_last_working_day(day: date) -> bool:
    following = day + timedelta(days=1)
    while following.weekday() >= 5:
        following += timedelta(days=1)
    return day.weekday() < 5 and following.month != day.month


@pytest.mark.parametrize(
    ("rule", "is_one"),
    [
        ("FREQ=DAILY", lambda day: True),
        ("FREQ=WEEKLY;BYDAY=MO,FR", lambda day: day.weekday() in {0, 4}),
        ("FREQ=MONTHLY;BYDAY=4SA", is_fourth_saturday),
        ("FREQ=MONTHLY;BYMONTHDAY=31", lambda day: day.day == 31),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", lambda day: (day + timedelta(days=1)).day == 1),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", is_last_working_day),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=16,17,18,19,20",
            lambda day: day.month == 2 and 16 <= day.day <= 20,
        ),
    ],
)
def test_a_year_of_turns_is_what_a_calendar_on_the_wall_says(
    rule: str, is_one: Callable[[date], bool]
) -> None:
    start, until = local(2026, 1, 1, 8, 0), local(2027, 3, 1, 0, 0)
    assert turns(rule, start, timedelta(hours=2), until) == by_days(start, until, is_one)


def test_every_second_week_is_counted_from_the_first_turn() -> None:
    found = turns("FREQ=WEEKLY;INTERVAL=2", local(2026, 2, 9, 22, 0), HOUR, local(2026, 4, 1, 0, 0))
    assert found == [local(2026, 2, 9, 22, 0) + n * timedelta(days=14) for n in range(4)]


def test_a_count_and_an_end_are_kept() -> None:
    start, far = local(2026, 11, 23, 8, 0), local(2030, 1, 1, 0, 0)
    assert len(turns("FREQ=DAILY;COUNT=3", start, HOUR, far)) == 3
    found = turns("FREQ=DAILY;UNTIL=20261126T080000", start, HOUR, far)
    assert found[-1] == local(2026, 11, 26, 8, 0)


def test_a_turn_over_midnight_is_one_turn_and_goes_on_after_midnight() -> None:
    text = repeated("FREQ=WEEKLY;BYDAY=SA", local(2026, 11, 28, 22, 0), 4 * HOUR)
    span = turn(text, 4 * HOUR, local(2026, 11, 29, 1, 0))
    assert span == (local(2026, 11, 28, 22, 0), local(2026, 11, 29, 2, 0))
    assert turn(text, 4 * HOUR, local(2026, 11, 29, 2, 0)) == (
        local(2026, 12, 5, 22, 0),
        local(2026, 12, 6, 2, 0),
    )


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never comes true"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", "never comes true"),
        ("FREQ=DAILY;UNTIL=20200101T000000", "never comes true"),
        ("FREQ=SECONDLY", "FREQ cannot be"),
        ("BYDAY=MO", "says FREQ"),
        ("FREQ=DAILY;BYHOUR=8", "no 'BYHOUR'"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "not by both"),
        ("FREQ=DAILY;COUNT=5000", "at most 1000"),
        ("FREQ=WEEKLY;BYDAY=8MO", "BYDAY cannot be"),
        ("FREQ=MONTHLY;BYMONTH=13", "never comes true|cannot be read"),
        ("FREQ=DAILY\nRRULE:FREQ=SECONDLY", "FREQ cannot be"),
    ],
)
def test_a_recurrence_that_cannot_be_is_refused_with_a_sentence(rule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        repeated(rule, local(2026, 11, 28, 8, 0), HOUR)


@pytest.mark.parametrize("year", [1, 9999])
def test_what_begins_in_a_year_far_away_is_refused_with_a_sentence(year: int) -> None:
    with pytest.raises(ValueError, match="a year from 2000 to 2199"):
        repeated("FREQ=DAILY", datetime(year, 1, 1, tzinfo=UTC), HOUR)


def test_turns_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="before one is over"):
        repeated("FREQ=DAILY", local(2026, 11, 28, 8, 0), 25 * HOUR)
    assert repeated("FREQ=DAILY", local(2026, 11, 28, 8, 0), 24 * HOUR)


@given(
    st.sampled_from(
        ["FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=WEEKLY;BYDAY=TU,TH"]
    ),
    st.integers(0, 520 * 24 * 60),
    st.sampled_from([time(0, 0), time(6, 30), time(23, 30)]),
)
def test_a_turn_ends_after_the_time_asked_and_none_between_was_left_out(
    rule: str, minutes: int, of_day: time
) -> None:
    lasts = timedelta(hours=3)
    start = datetime.combine(date(2026, 1, 1), of_day, LOCAL_ZONE)
    text = repeated(rule, start, lasts)
    after = start + timedelta(minutes=minutes)
    span = turn(text, lasts, start - timedelta(days=1))
    every = []
    while span is not None and span[0] < after + timedelta(days=70):
        every.append(span[0])
        span = turn(text, lasts, span[1])
    expected = next(at for at in every if at + lasts > after)
    assert turn(text, lasts, after) == (expected, expected + lasts)
    assert all(one < other for one, other in pairwise(every))


def test_the_id_of_an_inhibition_is_that_of_its_rule_its_parent_and_what_it_hides() -> None:
    parent, one, two = UUID(int=1), inhibition("one", "a", "b"), inhibition("two", "a", "b")
    assert one.suppression_id(parent, one.hides) == one.suppression_id(parent, one.hides)
    assert one.suppression_id(parent, one.hides) != two.suppression_id(parent, one.hides)
    assert one.suppression_id(parent, one.hides) != one.suppression_id(parent, Matcher())
