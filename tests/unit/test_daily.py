"""The daily report's decisions: the day, silences, sentences, figures beside their targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ioc.daily import (
    OPEN_FOR,
    POINTS_MAX,
    AlarmLine,
    Before,
    Day,
    Flood,
    Resolved,
    Served,
    Sos,
    SourceDay,
    Stretch,
    alarm_indicators,
    day_of,
    gaps,
    indicators,
    is_open,
    points,
)
from ioc.kpi import Counts
from ioc.philosophy.reading import shipped as philosophy
from ioc.severity import Severity
from ioc.targets.reading import shipped

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 11, 20, 17, tzinfo=UTC)
SPAN = Stretch(START, START + DAY)
QUIET = Day(span=SPAN, sources=[SourceDay("fire", 10)])
CRITICAL = Severity.CRITICAL


def keys(day: Day, before: Before | None = None) -> list[str]:
    return [point.key for point in points(day, before or Before(), shipped())]


def test_a_day_is_that_of_the_province_and_ends_now_at_the_latest() -> None:
    assert day_of(date(2026, 11, 21), START + 7 * DAY) == SPAN
    assert day_of(date(2026, 11, 21), START + HOUR) == Stretch(START, START + HOUR)
    leap = day_of(date(2028, 2, 29), START + 700 * DAY)
    assert leap.start == datetime(2028, 2, 28, 17, tzinfo=UTC)


def test_a_day_is_open_for_as_long_as_events_of_it_may_wait_in_kafka() -> None:
    assert is_open(SPAN, SPAN.end + OPEN_FOR - timedelta(microseconds=1))
    assert not is_open(SPAN, SPAN.end + OPEN_FOR)


# Silences -----------------------------------------------------------------------------------------


def heard(*minutes: int) -> list[datetime]:
    return [START + n * MINUTE for n in minutes]


def silences(minutes: list[datetime], before: int, after: int) -> list[tuple[int, int]]:
    around = Stretch(START + before * MINUTE, START + after * MINUTE)
    found = gaps(SPAN, minutes, around, 15 * MINUTE)
    return [((gap.start - START) // MINUTE, (gap.end - START) // MINUTE) for gap in found]


def test_a_source_that_speaks_often_enough_has_no_gap() -> None:
    assert silences(heard(*range(0, 1440, 16)), -1, 1440) == []


def test_one_minute_more_is_a_gap() -> None:
    often = list(range(0, 1440, 10))
    often.remove(600)
    assert silences(heard(*often), -5, 1445) == [(591, 610)]


def test_a_silence_over_midnight_is_as_long_as_it_is() -> None:
    inside = heard(*range(10, 1440, 10))
    assert silences(inside, -4, 1445) == []
    assert silences(inside, -7, 1445) == [(0, 10)]
    assert silences(inside, -5, 1448) == [(1431, 1440)]


def test_a_day_without_a_word_is_one_gap() -> None:
    assert silences([], -500, 5000) == [(0, 1440)]
    assert silences([], -1, 1441) == [(0, 1440)]


def test_coverage_is_the_share_outside_the_gaps() -> None:
    source = SourceDay("fire", 1, (Stretch(START, START + 6 * HOUR),))
    assert source.coverage(SPAN) == 0.75
    assert replace(source, gaps=()).coverage(SPAN) == 1.0
    assert replace(source, gaps=None).coverage(SPAN) is None
    assert source.coverage(Stretch(START, START)) is None


# Sentences ----------------------------------------------------------------------------------------


def test_a_quiet_day_says_that_nothing_is_off() -> None:
    assert keys(QUIET) == ["nothing_off"]
    assert keys(Day(span=SPAN)) == ["no_data"]
    assert keys(Day(span=SPAN, sources=[SourceDay("fire", 0, (SPAN,))])) == ["no_data"]
    assert keys(Day(span=SPAN, sources=None)) == ["nothing_off"]  # nobody could look
    standing = {CRITICAL: AlarmLine(open_at_end=1)}
    assert keys(Day(span=SPAN, alarms=standing)) == ["no_data", "critical_open"]


def test_each_sentence_is_said_from_its_limit_on() -> None:
    def line(**more: float) -> Day:
        return replace(QUIET, alarms={CRITICAL: AlarmLine(**more)})  # type: ignore[arg-type]

    assert keys(line(open_at_end=1)) == ["critical_open"]
    assert keys(line(ack_p90_s=60.0, acknowledged=1)) == ["nothing_off"]
    assert keys(line(ack_p90_s=60.1, acknowledged=1)) == ["critical_late"]
    assert keys(line(over_24h=1)) == ["standing"]
    assert keys(replace(QUIET, floods=[Flood(START, None, 40, 12)])) == ["floods"]
    sos = Sos("R1", "05443", START, START + HOUR)
    assert keys(replace(QUIET, sos=[sos])) == ["nothing_off"]
    assert keys(replace(QUIET, sos=[sos, replace(sos, resolved_at=None)])) == ["sos_open"]
    assert keys(replace(QUIET, reports=Resolved(0, 100, 95))) == ["nothing_off"]
    assert keys(replace(QUIET, reports=Resolved(0, 100, 94))) == ["reports_late"]
    assert keys(replace(QUIET, wait_p90_s=900.0)) == ["nothing_off"]
    assert keys(replace(QUIET, wait_p90_s=900.5)) == ["waits_long"]
    assert keys(replace(QUIET, dossiers=Resolved(0, 100, 99))) == ["nothing_off"]
    assert keys(replace(QUIET, dossiers=Resolved(0, 1000, 989))) == ["dossiers_late"]
    assert keys(replace(QUIET, blind=["05443"])) == ["blind"]
    assert keys(replace(QUIET, sources=[SourceDay("fire", 9, (), 3)])) == ["dead_letters"]


def test_what_is_overdue_is_told_when_it_grew() -> None:
    day = replace(QUIET, reports=Resolved(overdue=14), dossiers=Resolved(overdue=3))
    assert keys(day, Before(14, 3)) == ["nothing_off"]
    (report, dossier) = points(day, Before(10, 0), shipped())
    assert (report.key, report.values) == ("reports_overdue", {"n": 14, "more": 4})
    assert (dossier.key, dossier.values) == ("dossiers_overdue", {"n": 3, "more": 3})


def test_nothing_resolved_is_no_bad_rate() -> None:
    assert keys(replace(QUIET, reports=Resolved(new=5, open=5))) == ["nothing_off"]


def test_there_are_five_sentences_at_most_and_the_gravest_come_first() -> None:
    day = replace(
        QUIET,
        alarms={CRITICAL: AlarmLine(ack_p90_s=99.0, acknowledged=1, open_at_end=2, over_24h=1)},
        floods=[Flood(START, None, 40, 12)],
        sos=[Sos("R1", "05443", START, None)],
        wait_p90_s=2000.0,
        blind=["05443"],
    )
    assert keys(day) == ["critical_open", "critical_late", "sos_open", "floods", "standing"]
    assert len(keys(day)) == POINTS_MAX


def test_the_longest_silence_is_the_one_that_is_told() -> None:
    short, long = Stretch(START, START + HOUR), Stretch(START, START + 2 * HOUR)
    day = replace(QUIET, sources=[SourceDay("camera", 1, (long,)), SourceDay("fire", 1, (short,))])
    (point,) = points(day, Before(), shipped())
    assert point.values == {"source": "camera", "from": long.start, "to": long.end}


def test_the_slowest_office_stands_in_its_sentence() -> None:
    (point,) = points(
        replace(QUIET, wait_p90_s=1000.0, slowest=("PDP", 2400.0)), Before(), shipped()
    )
    assert point.values == {
        **{"p90_s": 1000.0, "target_s": 900.0, "office": "PDP", "office_p90_s": 2400.0}
    }


# Figures ------------------------------------------------------------------------------------------


def test_rates_without_a_case_are_none_and_no_hundred_percent() -> None:
    assert Resolved().on_time_rate is None
    assert Resolved().within_term_rate is None
    assert Resolved(resolved=594_406, on_time=592_504).on_time_rate == 0.9968
    assert Resolved(resolved=8, on_time=6, open=2, overdue=1).within_term_rate == 0.7


@pytest.mark.parametrize(
    ("served", "met"),
    [
        (Served(60.0, 900.0, 0.99, 0.95), [True, True, True, True]),
        (Served(60.1, 900.1, 0.9899, 0.9499), [False, False, False, False]),
        (Served(), [None, None, None, None]),
    ],
)
def test_promises_are_judged_at_their_limit(served: Served, met: list[bool | None]) -> None:
    assert [each.met for each in indicators(served, Served(), shipped())] == met


def test_a_change_needs_both_figures() -> None:
    found = indicators(Served(60.0, None, 0.9, None), Served(45.5, 900.0), shipped())
    assert [each.change_30d for each in found] == [14.5, None, None, None]


def test_figures_of_alarms_are_those_that_mean_something_for_a_day() -> None:
    counts = Counts(
        start=SPAN.start, end=SPAN.end, rings=24, periods={}, hours={}, priorities={4: 24}
    )
    month = replace(counts, start=START - 30 * DAY, end=START, rings=30 * 48)
    found = {each.name: each for each in alarm_indicators(counts, month, philosophy())}
    assert set(found) == {
        *("per_hour", "max_10min_rolling", "time_in_flood", "top_10_share", "stale", "standing")
    }
    assert (found["per_hour"].value, found["per_hour"].target) == (1.0, 6.0)
    assert (found["per_hour"].met, found["per_hour"].change_30d) == (True, -1.0)
    assert alarm_indicators(None, month, philosophy()) == []
    assert alarm_indicators(counts, None, philosophy())[0].change_30d is None
