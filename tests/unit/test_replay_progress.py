"""How far a replay is, as a share of what it still has to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.what_ifs import rest_of
from streams.replay_progress import EVENTS_A_SECOND, Work

FIRST = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_empty_time_before_the_first_event_is_no_work() -> None:
    work = Work(1000, FIRST, FIRST + HOUR)
    assert work.share(0, FIRST - 24 * HOUR) == 0
    assert work.share(0, FIRST) == 0
    assert work.share(1000, FIRST + HOUR) == 1


def test_many_events_of_a_few_minutes_are_most_of_a_day() -> None:
    """Time alone said 99.8 % when all of them were still to come."""
    events = round(EVENTS_A_SECOND * 3600 * 23 * 9)
    work = Work(events, FIRST, FIRST + 23 * HOUR)
    assert work.share(0, FIRST + 22.9 * HOUR) < 0.1
    assert work.share(events // 2, FIRST + 22.9 * HOUR) == pytest.approx(0.55, abs=0.01)


def test_nothing_heard_is_nothing_to_do() -> None:
    assert Work(0, None, FIRST).share(0, FIRST) == 0
    assert Work(1, FIRST, FIRST).share(1, FIRST) == 1


def test_the_rest_is_told_once_it_can_be() -> None:
    assert rest_of(timedelta(seconds=4), 0.5) is None
    assert rest_of(timedelta(seconds=30), 0.04) is None
    assert rest_of(timedelta(seconds=30), 0.75) == timedelta(seconds=10)
