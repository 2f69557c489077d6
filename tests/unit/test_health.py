"""Whether sources and processing are well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ioc.health import ALIVE_WITHIN, Processing, silent_after, source_health

NOW = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
WELL = Processing(workers=1, notifiers=1, orphans=0, progress_at=NOW)


def test_a_source_that_was_never_heard_is_unknown_not_silent() -> None:
    assert source_health("fire", None, NOW) == "unknown"


@pytest.mark.parametrize("source", ["camera", "fire", "citizen", "queue", "declared-in-yaml"])
def test_a_source_is_silent_once_its_own_patience_is_over(source: str) -> None:
    last = NOW - silent_after(source)
    assert source_health(source, last, NOW) == "healthy"
    assert source_health(source, last - timedelta(seconds=1), NOW) == "silent"


def test_a_source_whose_clock_is_ahead_is_healthy() -> None:
    assert source_health("fire", NOW + timedelta(minutes=5), NOW) == "healthy"


def test_processing_stops_without_a_worker_or_a_notifier() -> None:
    assert WELL.health(NOW) == "healthy"
    assert replace(WELL, workers=0, progress_at=None).health(NOW) == "stopped"
    assert replace(WELL, notifiers=0).health(NOW) == "stopped"


def test_processing_is_degraded_when_it_is_behind_or_a_partition_is_left_alone() -> None:
    assert replace(WELL, orphans=1).health(NOW) == "degraded"
    assert replace(WELL, progress_at=NOW - timedelta(seconds=11)).health(NOW) == "degraded"
    assert replace(WELL, progress_at=None).health(NOW) == "degraded"


def test_the_lag_is_never_negative() -> None:
    assert replace(WELL, progress_at=NOW + timedelta(seconds=3)).lag_s(NOW) == 0.0
    assert replace(WELL, progress_at=NOW - timedelta(seconds=1.44)).lag_s(NOW) == 1.4
    assert replace(WELL, progress_at=None).lag_s(NOW) is None


def test_a_process_is_dead_later_than_one_missed_beat() -> None:
    assert timedelta(seconds=10) < ALIVE_WITHIN
