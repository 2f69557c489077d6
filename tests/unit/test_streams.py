from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.timescale.intake import DeadLetter, Placed
from ioc.event import Reason, Refusal
from streams.batch import Decoded
from streams.guard import halves
from streams.pipeline import Ahead, Waiting, aligned, next_unit
from streams.transport import RecordBatch
from streams.watchdog import followed, stuck

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def batch(start: int, end: int) -> RecordBatch:
    records: list[Any] = [SimpleNamespace(offset=offset) for offset in range(start, end)]
    return RecordBatch("ioc.fire.v1", 0, start, end, records)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [(10, (10, 20)), (15, (15, 20)), (19, (19, 20)), (20, None), (99, None)],
)
def test_what_is_stored_already_is_cut_off(stored: int, expected: tuple[int, int] | None) -> None:
    left = aligned(batch(10, 20), stored)
    if expected is None:
        assert left is None
    else:
        assert isinstance(left, RecordBatch)
        assert (left.start, left.end) == expected
        assert [record.offset for record in left.records] == list(range(*expected))


def test_a_batch_beyond_the_stored_position_is_never_taken() -> None:
    assert isinstance(aligned(batch(10, 20), 9), Ahead)


def decoded(offsets: range, dead: set[int]) -> Decoded:
    events: list[Any] = [Placed(SimpleNamespace(), 0, n) for n in offsets if n not in dead]  # type: ignore[arg-type]
    letters = [
        DeadLetter("ioc.fire.v1", 0, n, NOW, "fire", Refusal(Reason.SCHEMA, ""), None, (), b"")
        for n in offsets
        if n in dead
    ]
    return Decoded(batch(offsets.start, offsets.stop), events, letters, NOW)


@pytest.mark.parametrize("dead", [set(), {0}, {9}, {4, 5, 6}])
def test_halves_follow_each_other_and_lose_nothing(dead: set[int]) -> None:
    whole = decoded(range(10), dead)
    first, second = halves(whole)
    assert (first.batch.start, first.batch.end) == (0, second.batch.start)
    assert second.batch.end == 10
    assert first.events
    assert second.events
    for name in ("events", "dead"):
        offsets = [row.offset for half in (first, second) for row in getattr(half, name)]
        assert offsets == [row.offset for row in getattr(whole, name)]
        assert all(row.offset < first.batch.end for row in getattr(first, name))


def waiting(name: str, size: int) -> Waiting:
    records: list[Any] = [None] * size
    topic, partition = f"ioc.{name[0]}.v1", int(name[1:])
    found = RecordBatch(topic, partition, 0, size, records)
    return Waiting(found, SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("queued", "busy", "expected"),
    [
        ([], [], []),
        (["a0"], ["a0"], []),
        (["a2", "a0", "a1"], [], ["a0", "a1", "a2"]),
        (["a0", "b1", "a1"], [], ["a0", "a1"]),
        (["a0", "b1", "a1"], ["a0"], ["b1"]),
        (["a0", "a0", "a1"], [], ["a0", "a1"]),
        (["a0", "a0"], ["a0"], []),
        (["a0", "a1", "a2", "a3"], [], ["a0", "a1", "a2"]),
    ],
)
def test_what_waits_goes_together_and_nothing_overtakes(
    queued: list[str], busy: list[str], expected: list[str]
) -> None:
    found = [waiting(name, 3) for name in queued]
    unit = next_unit(found, frozenset(waiting(name, 1).tp for name in busy), rows_max=10)
    assert unit == sorted(
        [found[queued.index(name)] for name in expected], key=lambda each: each.tp.partition
    )
    assert len(unit) == len(expected)


def test_a_batch_larger_than_a_unit_goes_alone() -> None:
    large, small = waiting("a0", 99), waiting("a1", 1)
    assert next_unit([large, small], frozenset(), rows_max=10) == [large]
    assert next_unit([small, large], frozenset(), rows_max=10) == [small]


def test_the_watchdog_barks_at_what_has_work_and_does_not_move() -> None:
    standing = followed({}, {"a": (5, 3), "b": (5, 0), "c": (5, 3)}, 0)
    standing = followed(standing, {"a": (5, 9), "b": (5, 9), "c": (6, 9)}, 50)
    assert stuck(standing, 61, 60) == ["a"], "b had nothing to do until 50, c moved"
    assert stuck(standing, 60, 60) == []
    assert stuck(followed(standing, {"a": (5, 0)}, 61), 200, 60) == []
