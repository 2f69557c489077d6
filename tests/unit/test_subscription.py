"""What one live view is sent, and when it is dropped."""

from __future__ import annotations

import asyncio

from api.subscription import QUEUE_BYTES, QUEUE_CHUNKS, Chunk, Dropped, Frame, Subscription, event


def alarms(*numbers: int) -> Chunk:
    return Chunk.of([Frame(number, "05443", b"%d;" % number) for number in numbers])


async def test_a_view_is_sent_only_what_comes_after_where_it_was_brought_to() -> None:
    view = Subscription(None, 3)
    view.put(alarms(4, 5))
    view.put(Chunk.numbers(5, b"old tile;"))
    view.put(alarms(6, 7, 8))
    view.put(Chunk.numbers(8, b"tile;"))
    view.begin(6, [])  # the snapshot was already at 6
    assert await view.next() == b"7;8;tile;"
    assert view.position == 8


async def test_what_was_missed_comes_before_what_is_queued() -> None:
    view = Subscription(None, 3)
    view.put(alarms(4))
    view.begin(1, [Frame(2, None, b"2;"), Frame(3, None, b"3;")])
    view.first(b"tiles;")
    assert await view.next() == b"2;3;tiles;4;"


async def test_a_view_waits_until_there_is_something_for_it() -> None:
    view = Subscription(None, 3)
    view.begin(3, [])
    waiting = asyncio.create_task(view.next())
    view.put(alarms(2, 3))  # it has these
    await asyncio.sleep(0)
    assert not waiting.done()
    view.put(alarms(4))
    assert await waiting == b"4;"


async def test_a_view_that_leaves_too_much_unread_is_dropped_with_a_reason() -> None:
    view = Subscription(None, 0)
    reasons = []
    for number in range(QUEUE_CHUNKS + 1):
        view.put(alarms(number + 1))
        reasons.append(view.dropped)
    assert reasons == [*[None] * QUEUE_CHUNKS, Dropped.QUEUE_FULL]
    assert await view.next() is None


async def test_the_bytes_of_a_queue_are_bounded_too() -> None:
    view = Subscription(None, 0)
    reasons = []
    for size in (QUEUE_BYTES - 1, 2):
        view.put(Chunk.numbers(0, b"x" * size))
        reasons.append(view.dropped)
    assert reasons == [None, Dropped.QUEUE_FULL]


async def test_what_was_read_makes_room() -> None:
    view = Subscription(None, 0)
    view.begin(0, [])
    for number in range(3 * QUEUE_CHUNKS):
        view.put(alarms(number + 1))
        assert await view.next() == b"%d;" % (number + 1)
    assert view.dropped is None


async def test_a_view_that_has_ended_takes_nothing_more() -> None:
    view = Subscription(None, 0)
    view.close()
    view.put(alarms(1))
    view.drop(Dropped.QUEUE_FULL)
    assert await view.next() is None
    assert view.dropped is None


def test_an_event_has_an_id_a_name_and_one_line_of_data() -> None:
    assert event(7, "alarm", b"{}") == b"id: 7\nevent: alarm\ndata: {}\n\n"
