from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.timescale.intake import DeadLetter, Placed
from ioc.event import Reason, Refusal
from streams.batch import Decoded, decode_batch
from streams.fetched import Fetched, Packed, RecordBatch, cut, joined, opened
from streams.guard import halves
from streams.pipeline import Ahead, Waiting, aligned, fair_share, next_unit
from streams.watchdog import followed, stuck
from tests.kafka_batches import LZ4, fetched, packed

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def batch(start: int, end: int) -> RecordBatch:
    records: list[Any] = [SimpleNamespace(offset=offset) for offset in range(start, end)]
    return RecordBatch("ioc.fire.v1", 0, start, end, records)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [(10, (10, 20)), (15, (15, 20)), (19, (19, 20)), (20, None), (99, None)],
)
def test_what_is_stored_already_is_cut_off(stored: int, expected: tuple[int, int] | None) -> None:
    left = aligned(fire(10, 20), stored)
    if expected is None:
        assert left is None
    else:
        assert isinstance(left, Fetched)
        assert (left.start, left.end) == expected
        assert [record.offset for record in opened(left).records] == list(range(*expected))


def test_what_is_beyond_the_stored_position_is_never_taken() -> None:
    assert isinstance(aligned(fire(10, 20), 9), Ahead)


def fire(start: int, end: int) -> Fetched:
    values = [b"%d" % offset for offset in range(start, end)]
    return fetched("ioc.fire.v1", 0, start, 1_000, values)


def test_records_come_out_as_kafka_packed_them_whatever_the_compression() -> None:
    values = [b"one", None, b""]
    for compression in (0, 1, LZ4):
        data = packed(7, 1_000, values, compression)
        batch = opened(Fetched("ioc.fire.v1", 3, 7, 12, (data, packed(11, 2_000, [b"late"]))))
        assert (batch.topic, batch.partition, batch.start, batch.end) == ("ioc.fire.v1", 3, 7, 12)
        found = [(record.offset, record.timestamp, record.value) for record in batch.records]
        assert found == [
            (7, 1_000, b"one"), (8, 1_000, None), (9, 1_000, b""), (11, 2_000, b"late")
        ]  # fmt: skip


def test_a_batch_that_nobody_can_unpack_is_one_record_and_its_neighbours_are_read() -> None:
    good, broken = packed(7, 1_000, [b"7", b"8"]), bytearray(packed(9, 1_000, [b"9", b"10"]))
    broken[61:] = b"junk" * 10
    found = Fetched("ioc.fire.v1", 0, 7, 12, (good, bytes(broken), packed(11, 1_000, [b"11"])))
    records = opened(found).records
    assert [record.offset for record in records] == [7, 8, 9, 11]
    assert records[2].value == bytes(broken)
    decoded = decode_batch(opened(found), NOW)
    assert [letter.offset for letter in decoded.dead] == [7, 8, 9, 11]
    assert {letter.refusal.reason for letter in decoded.dead} <= {Reason.NOT_JSON, Reason.SCHEMA}


@given(
    stored=st.integers(0, 30),
    again=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30)), max_size=6),
)
def test_what_is_fetched_again_and_overlaps_is_read_once(
    stored: int, again: list[tuple[int, int]]
) -> None:
    spans = [(start, min(start + n, 30)) for start, n in again] + [(0, 30)]
    unit: Fetched | None = None
    for start, end in spans:
        # Kafka's batches have ten records each here; the answer begins with the one of `start`.
        firsts = range(start // 10 * 10, end, 10)
        data = tuple(packed(n, 1_000, [b"%d" % at for at in range(n, n + 10)]) for n in firsts)
        piece = Fetched("ioc.fire.v1", 0, start, firsts[-1] + 10, data)
        left = aligned(piece, stored if unit is None else unit.end)
        if isinstance(left, Fetched):
            unit = left if unit is None else joined(unit, left)
    found = [] if unit is None else [record.offset for record in opened(unit).records]
    assert found == list(range(stored, 30))


@pytest.mark.parametrize("rows_max", [1, 10, 25, 1_000])
def test_pieces_follow_each_other_and_join_to_the_whole(rows_max: int) -> None:
    found = [Packed(n, n + 10, b"%d" % n) for n in range(20, 100, 10)]
    pieces = list(cut("ioc.fire.v1", 0, 15, found, rows_max))
    whole = Fetched("ioc.fire.v1", 0, 15, 100, tuple(each.data for each in found))
    assert reduce(joined, pieces) == whole, "what lies before the first are markers"
    assert all(len(each.packed) == 1 or each.rows_max < rows_max + 10 for each in pieces)
    assert list(cut("ioc.fire.v1", 0, 15, [], rows_max)) == []


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
    topic, partition = f"ioc.{name[0]}.v1", int(name[1:])
    found = Fetched(topic, partition, 0, size, ())
    return Waiting(found, SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("queued", "busy", "expected"),
    [
        ([], [], []),
        (["a0"], ["a0"], []),
        (["a2", "a0", "a1"], [], [0, 1, 2]),
        (["a0", "b1", "a1"], [], [0, 2]),
        (["a0", "b1", "a1"], ["a0"], [1]),
        (["a0", "a0", "a1"], [], [0, 1, 2]),
        (["a0", "a0"], ["a0"], []),
        (["a0", "a0", "a1", "a0", "a1"], [], [0, 1, 2]),
    ],
)
def test_what_waits_goes_together_and_nothing_overtakes(
    queued: list[str], busy: list[str], expected: list[int]
) -> None:
    found = [waiting(name, 3) for name in queued]
    unit = next_unit(found, frozenset(waiting(name, 1).tp for name in busy), rows_max=10)
    assert unit == [found[number] for number in expected]


def test_what_does_not_fit_keeps_back_the_rest_of_its_partition_only() -> None:
    first, large, small, other = (
        waiting("a0", 3), waiting("a1", 9), waiting("a1", 1), waiting("a2", 2)
    )  # fmt: skip
    assert next_unit([first, large, small, other], frozenset(), rows_max=10) == [first, other]


def test_what_is_larger_than_a_unit_goes_alone() -> None:
    large, small = waiting("a0", 99), waiting("a1", 1)
    assert next_unit([large, small], frozenset(), rows_max=10) == [large]
    assert next_unit([small, large], frozenset(), rows_max=10) == [small]


@pytest.mark.parametrize(
    ("waiting_rows", "share"), [(90_000, 10_000), (30_000, 10_000), (12_000, 4_000), (10, 1_250)]
)
def test_what_is_left_is_shared_by_all_committers(waiting_rows: int, share: int) -> None:
    assert fair_share(waiting_rows, 3, 10_000) == share


def test_the_watchdog_barks_at_what_has_work_and_does_not_move() -> None:
    standing = followed({}, {"a": (5, 3), "b": (5, 0), "c": (5, 3)}, 0)
    standing = followed(standing, {"a": (5, 9), "b": (5, 9), "c": (6, 9)}, 50)
    assert stuck(standing, 61, 60) == ["a"], "b had nothing to do until 50, c moved"
    assert stuck(standing, 60, 60) == []
    assert stuck(followed(standing, {"a": (5, 0)}, 61), 200, 60) == []
