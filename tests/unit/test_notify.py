from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.alarm import ANNOUNCED
from ioc.errors import ConfigError
from ioc.notify import (
    BODY_BYTES_MAX,
    GIVE_UP,
    PROBES,
    TOLD,
    Attempt,
    Delivered,
    Filter,
    Gone,
    Health,
    Refused,
    Retry,
    Step,
    Tries,
    after,
    message,
    outcome_of,
    probe_every,
    retry_after_s,
)
from ioc.severity import Severity

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
AREAS = ("05443", "05455", "19")
RULES = ("fire-alarm", "sos", "camera-fire")
NOBODY = Retry(None, "cannot connect")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def attempt(start_s: float = 0.0, end_s: float | None = None, spread: float = 0.0) -> Attempt:
    return Attempt(at(start_s), at(start_s if end_s is None else end_s), spread)


# Whom we tell -----------------------------------------------------------------------------------

some = st.lists(st.sampled_from(AREAS), max_size=3)
filters = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.lists(st.sampled_from(list(Severity)), max_size=4)
        | st.builds(lambda least: {"min": least}, st.sampled_from(list(Severity))),
        "area": some | st.none(),
        "rule": st.lists(st.sampled_from(RULES), max_size=3),
        "types": st.lists(st.sampled_from(sorted(TOLD)), max_size=4),
    },
)
alarms = st.tuples(
    st.sampled_from(sorted(TOLD)),
    st.sampled_from(list(Severity)),
    st.sampled_from(AREAS),
    st.sampled_from(RULES),
)


@given(filters, alarms)
def test_a_filter_tells_what_every_one_of_its_parts_lets_through(
    wanted: dict[str, object], alarm: tuple[str, Severity, str, str]
) -> None:
    kind, severity, area, rule = alarm
    severities, areas = wanted.get("severity"), wanted.get("area")
    if isinstance(severities, dict):
        by_severity = severity.priority <= Severity(severities["min"]).priority
    else:
        by_severity = not severities or severity in severities  # type: ignore[operator]
    by_area = not areas or area in areas or "19" in areas  # type: ignore[operator]
    by_rule = not wanted.get("rule") or rule in wanted["rule"]  # type: ignore[operator]
    by_type = not wanted.get("types") or kind in wanted["types"]  # type: ignore[operator]
    expected = by_severity and by_area and by_rule and by_type
    assert Filter.parse(wanted).matches(kind, severity, area, rule) is expected


@given(alarms)
def test_no_filter_tells_everything_that_is_told_at_all(
    alarm: tuple[str, Severity, str, str],
) -> None:
    kind, severity, area, rule = alarm
    assert Filter.parse(None).matches(kind, severity, area, rule)
    assert not Filter.parse({}).matches("commented", severity, area, rule)


@pytest.mark.parametrize(
    "wanted",
    [
        {"severities": ["high"]},
        {"severity": ["urgent"]},
        {"severity": {"min": "urgent"}},
        {"severity": {"max": "high"}},
        {"severity": {"min": ["high"]}},
        {"severity": 1},
        {"types": ["alarm.exploded"]},
        {"area": [5443]},
        {"area": [""]},
        {"rule": ["x" * 1000]},
        {"rule": ["x"] * 1000},
        {"rule": {"id": "x"}},
        ["high"],
        "high",
    ],
)
def test_a_filter_with_a_typo_is_refused_and_not_taken_for_silence(wanted: object) -> None:
    with pytest.raises(ConfigError, match="filter: "):
        Filter.parse(wanted)


def test_types_are_written_with_or_without_their_prefix() -> None:
    assert Filter.parse({"types": ["alarm.raised"]}) == Filter.parse({"types": "raised"})


def test_every_step_that_an_alarm_announces_is_one_that_is_told() -> None:
    assert {step.value for step in ANNOUNCED} <= TOLD


# In which words ---------------------------------------------------------------------------------


def test_the_body_carries_the_transition_and_the_alarm_and_stays_small() -> None:
    log = {"seq": 7, "from_state": "normal", "to_state": "unacknowledged", "by": None, "at": NOON}
    alarm = {"id": "a-1", "title": "Cháy", "guidance": ["Gọi 114"], "lat": 21.59}
    body = orjson.loads(message("raised", log, alarm))
    assert body["type"] == "alarm.raised"
    assert body["timestamp"] == "2026-11-22T05:00:00Z"
    assert body["data"] == {"alarm": alarm, "log": {**log, "at": "2026-11-22T05:00:00Z"}}
    long = {**alarm, "title": "đ" * 30_000, "guidance": ["x" * 5_000] * 10}
    encoded = message("raised", log, long)
    assert len(encoded) < BODY_BYTES_MAX
    shortened = orjson.loads(encoded)["data"]
    assert shortened["truncated"] is True
    assert shortened["alarm"]["id"] == "a-1"
    assert shortened["alarm"]["lat"] == 21.59


# What came of an attempt ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Delivered),
        (204, Delivered),
        (299, Delivered),
        (301, Retry),
        (304, Retry),
        (400, Refused),
        (404, Refused),
        (408, Retry),
        (410, Gone),
        (429, Retry),
        (500, Refused),
        (502, Retry),
        (503, Retry),
        (504, Retry),
    ],
)
def test_an_answer_is_delivered_gone_a_no_or_a_not_now(status: int, kind: type) -> None:
    outcome = outcome_of(status, None, NOON)
    assert type(outcome) is kind
    assert outcome.status == status


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 1.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("86400", 3600.0),
        ("9" * 400, 3600.0),
        ("Sun, 22 Nov 2026 05:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 04:00:00 GMT", 1.0),
        ("Sun, 22 Nov 2026 05:00:30 -0000", None),
        ("Sun, 22 Nov 99999 05:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_within_bounds(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOON) == seconds


# When we try again ------------------------------------------------------------------------------


def test_the_first_2xx_heals_the_endpoint_and_releases_the_rest() -> None:
    failing = Health(at(-60), 20, at(0))
    step = after(failing, Tries(at(-60)), Delivered(204), attempt())
    assert (step.state, step.health, step.is_back) == ("delivered", Health(), True)
    assert after(Health(), Tries(NOON), Delivered(204), attempt()).is_back is False


def test_410_ends_the_delivery_and_switches_the_endpoint_off() -> None:
    step = after(Health(), Tries(NOON), Gone(), attempt())
    assert step.state == "failed"
    assert step.disabled is not None


@given(
    st.floats(0, 0.999),
    st.floats(0, 14 * 60),
    st.floats(0, 2),
)
def test_in_the_first_quarter_of_an_hour_a_probe_starts_within_3_s_of_the_last(
    spread: float, failing_s: float, took_s: float
) -> None:
    failing = Health(at(-failing_s), 5, at(-1))
    step = after(failing, Tries(at(-failing_s)), NOBODY, attempt(0, took_s, spread))
    assert step.state == "pending"
    assert step.health.next_probe_at is not None
    assert at(2) <= step.health.next_probe_at <= at(3)
    assert step.health.failing_since == at(-failing_s)
    assert step.health.failures == 6


def test_an_attempt_that_ran_into_its_timeout_is_followed_by_the_next_at_once() -> None:
    step = after(Health(at(-60), 5, at(0)), Tries(at(-60)), NOBODY, attempt(0, 5))
    assert step.health.next_probe_at == at(5)


def test_probes_become_rarer_and_go_on_for_24_hours_at_least() -> None:
    health, tries, now, starts = Health(), Tries(NOON), 0.0, []
    for _ in range(10_000):
        starts.append(now)
        step = after(health, tries, NOBODY, attempt(now, now + 0.01, spread=0.5))
        if step.state == "failed":
            break
        assert step.health.next_probe_at is not None
        health, now = step.health, (step.health.next_probe_at - NOON).total_seconds()
    assert starts[-1] >= GIVE_UP.total_seconds()
    assert sum(start < 900 for start in starts) >= 300, "every 3 s in the first 15 minutes"
    assert 380 < len(starts) < 500
    gaps = [later - sooner for sooner, later in pairwise(starts)]
    assert max(gaps) <= 1800
    assert [probe_every(until) for until, _ in PROBES] == [
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
    ]


@given(st.floats(0, 0.999), st.sampled_from([429, 502, 503]))
def test_what_the_receiver_asks_for_is_waited_for(spread: float, status: int) -> None:
    asked = Retry(120.0, "busy", status)
    step = after(Health(), Tries(NOON), asked, attempt(0, 0, spread))
    assert step.health.next_probe_at is not None
    assert at(120) <= step.health.next_probe_at <= at(133)


def test_of_several_that_fail_together_the_longest_pause_holds() -> None:
    first = after(Health(), Tries(NOON), Retry(60.0, "busy", 429), attempt())
    second = after(first.health, Tries(NOON), NOBODY, attempt(0, 1))
    assert second.health.next_probe_at == at(60)


def test_429_without_a_time_is_asked_less_and_less_often() -> None:
    throttled = Retry(None, "busy", 429)
    pauses = []
    for failures in (0, 1, 2, 9, 500):
        step = after(Health(at(-60), failures, None), Tries(NOON), throttled, attempt())
        assert step.health.next_probe_at is not None
        pauses.append((step.health.next_probe_at - NOON).total_seconds())
    assert pauses == [2, 4, 8, 60, 60]


def _refused_times(times: int, status: int, health: Health | None = None) -> Step:
    step = Step("pending", NOON, 0, 0, health or Health())
    for number in range(times):
        tries = Tries(NOON, step.refusals, step.aside)
        given_health = step.health if health is None else health
        outcome = Refused(f"the receiver answered {status}", status)
        step = after(given_health, tries, outcome, attempt(number * 3))
    return step


def test_a_message_that_is_always_refused_steps_aside() -> None:
    assert _refused_times(2, 422).aside == 0
    assert _refused_times(3, 422).aside == 1
    assert _refused_times(19, 500).aside == 0, "500 may be the receiver and not the message"
    assert _refused_times(20, 500).aside == 1


def test_a_refused_message_that_stands_aside_does_not_make_a_living_endpoint_a_failing_one() -> (
    None
):
    step = _refused_times(5, 422, Health())
    assert step.health == Health()
    assert step.state == "pending"
    assert step.next_at > at(12), "it waits by itself"


def test_a_refused_message_is_given_up_after_24_hours_too() -> None:
    late = attempt(GIVE_UP.total_seconds() + 1)
    assert after(Health(), Tries(NOON, 50, 31), Refused("no", 422), late).state == "failed"
