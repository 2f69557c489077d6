"""The words of the standards for figures, and how a figure is judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ioc import kpi
from ioc.kpi import Closings, Counts, figures
from ioc.philosophy import FloodLimits
from ioc.philosophy.reading import shipped

BASE = datetime(2026, 11, 20, 16, 53, 20, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SHIPPED = shipped()


def quiet(**more: Any) -> Counts:
    return Counts(
        start=BASE, end=BASE + DAY, **{"periods": {}, "hours": {}, "priorities": {}} | more
    )


def counted(**more: Any) -> Counts:
    return Counts(end=BASE, **{"periods": {}, "hours": {}, "priorities": {}} | more)


def test_met_is_judged_by_the_philosophy() -> None:
    rows = {row.name: row for row in figures(quiet(rings=144), shipped())}
    assert (rows["per_hour"].value, rows["per_hour"].met) == (6.0, True)
    assert (rows["per_hour"].target, rows["per_hour"].edition) == (6, "ISA-18.2-2016")
    rows = {row.name: row for row in figures(quiet(rings=145), shipped())}
    assert rows["per_hour"].met is False


def test_most_alarms_should_be_of_the_lowest_priority() -> None:
    counts = quiet(rings=100, priorities={4: 80, 3: 15, 2: 4, 1: 1})
    rows = {row.name: row for row in figures(counts, shipped())}
    assert all(rows[f"priority_{priority}"].met for priority in (1, 2, 3, 4))
    upside_down = quiet(rings=100, priorities={1: 80, 2: 15, 3: 4, 4: 1})
    rows = {row.name: row for row in figures(upside_down, shipped())}
    assert not rows["priority_4"].met
    assert not rows["priority_1"].met


@pytest.mark.parametrize(
    ("average", "word"),
    [
        (0.99, "very likely acceptable"),
        (1, "manageable"),
        (2, "manageable"),
        (2.01, "likely over-demanding"),
        (10, "likely over-demanding"),
        (10.1, "very likely unacceptable"),
    ],
)
def test_the_class_of_an_average_rate(average: float, word: str) -> None:
    assert kpi.average_class(average) == word


@pytest.mark.parametrize(
    ("average", "most", "outside", "level"),
    [
        (0.5, 9, 0.5, "predictive"),
        (0.5, 10, 0.5, "robust"),
        (10, 100, 5, "robust"),
        (10, 101, 5, "stable"),
        (10, 1000, 25, "stable"),
        (11, 1000, 25, "reactive"),
        (100, 1000, 50, "reactive"),
        (100, 1001, 50, "overloaded"),
        (100, 1000, 51, "overloaded"),
    ],
)
def test_the_level_of_performance(average: float, most: int, outside: float, level: str) -> None:
    assert kpi.performance_level(average, most, outside) == level


def test_precision_counts_what_was_true_and_what_was_false() -> None:
    assert Closings(("r",), {"true": 3, "false": 1, "test": 9}).precision == 0.75
    assert Closings(("r",), {"test": 9}).precision is None


def test_the_shipped_flood_is_the_standard_s() -> None:
    assert shipped().flood == FloodLimits(10, 5, 10 * MINUTE)


def test_floods_that_overlap_are_counted_once() -> None:
    at = [BASE + n * MINUTE for n in range(10)]
    intervals = [(at[5], at[7]), (at[0], at[3]), (at[1], at[2]), (at[2], at[4])]
    assert kpi.flooded(intervals) == 6 * MINUTE
    assert kpi.flooded([]) == timedelta(0)


def test_a_share_of_time_is_of_the_periods_of_the_clock_that_the_range_touches() -> None:
    """From 16:53:20 to 17:00:01 two periods are touched: that of 16:50 and that of 17:00."""
    counts = Counts(
        start=BASE, end=BASE + timedelta(seconds=401), periods={11: 1}, hours={}, priorities={}
    )
    rows = {row.name: row.value for row in figures(counts, shipped())}
    assert rows["periods_over_10"] == 50.0


def test_what_began_within_the_range_is_divided_by_the_days_that_there_are() -> None:
    """Nine rings of seven minutes are nine on the first day so far, not 0.3 a day of thirty."""
    month = {"start": BASE - 30 * DAY, "periods": {9: 1}, "rings": 9}
    rows = {
        row.name: row.value for row in figures(counted(since=BASE - 7 * MINUTE, **month), SHIPPED)
    }
    assert (rows["per_day"], rows["per_hour"], rows["per_10min"]) == (9.0, 9.0, 9.0)
    assert rows["StartTime"] == "2026-11-20T16:46:20Z"
    rows = {row.name: row.value for row in figures(counted(since=BASE - 3 * DAY, **month), SHIPPED)}
    assert rows["per_day"] == 3.0
    assert rows["per_hour"] == 0.125
    for since in (None, BASE - 31 * DAY, BASE - 30 * DAY):
        rows = {row.name: row.value for row in figures(counted(since=since, **month), SHIPPED)}
        assert rows["per_day"] == 0.3, since


def test_a_range_that_is_shorter_than_a_span_is_what_was_asked_for() -> None:
    hour = {"start": BASE - 60 * MINUTE, "rings": 3}
    assert counted(since=BASE - 7 * MINUTE, **hour).per(DAY) == 72
    assert counted(since=None, **hour).per(DAY) == 72


def test_shares_of_time_are_of_the_time_that_is_known() -> None:
    flood = (BASE - 5 * 60 * MINUTE, BASE)
    counts = counted(
        start=BASE - 30 * DAY,
        since=BASE - 10 * 60 * MINUTE,
        floods=[flood],
        periods={11: 6},
        hours={31: 2},
    )
    rows = {row.name: row.value for row in figures(counts, SHIPPED)}
    assert rows["time_in_flood"] == 50.0
    assert rows["periods_over_10"] == round(100 * 6 / 61, 3)
    assert rows["hours_over_30"] == round(100 * 2 / 11, 3)


def test_nothing_is_known_of_a_range_before_the_first_event() -> None:
    counts = counted(start=BASE - DAY, since=BASE + DAY)
    assert counts.known_from == BASE
    assert counts.per(DAY) == 0
