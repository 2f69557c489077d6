"""What one live view is sent, and when it is dropped."""

from __future__ import annotations

from api.subscription import (
    QUEUE_BYTES,
    QUEUE_CHUNKS,
    WRITE_BYTES,
    Chunk,
    Dropped,
    Frame,
    Subscription,
    event,
)


def alarms(*numbers: int) -> Chunk:
    return Chunk.of([Frame(number, "05443", b"%d;" % number) for number in numbers])


def attached(position: int) -> tuple[Subscription, list[bytes]]:
    """Return a view that keeps up, and what is written to it."""
    view, written = Subscription(None, position), list[bytes]()
    view.begin(position, [])
    view.attach(written.append, lambda: None)
    return view, written


def test_a_view_is_sent_only_what_comes_after_where_it_was_brought_to() -> None:
    view = Subscription(None, 3)
    view.put(alarms(4, 5))
    view.put(Chunk.numbers(5, b"old tile;"))
    view.put(alarms(6, 7, 8))
    view.put(Chunk.numbers(8, b"tile;"))
    view.begin(6, [])  # the snapshot was already at 6
    assert view.taken() == b"7;8;tile;"
    assert view.position == 8


def test_what_was_missed_comes_before_what_is_queued() -> None:
    view = Subscription(None, 3)
    view.put(alarms(4))
    view.begin(1, [Frame(2, None, b"2;"), Frame(3, None, b"3;")])
    view.first(b"tiles;")
    assert view.taken() == b"2;3;tiles;4;"


def test_a_view_that_keeps_up_is_written_to_at_once_the_same_bytes_as_all() -> None:
    view, written = attached(3)
    view.put(alarms(2, 3))  # it has these
    assert written == []
    chunk, numbers = alarms(4), Chunk.numbers(4, b"tile;")
    view.put(chunk)
    view.put(numbers)
    assert written[0] is chunk.sent
    assert written[1] is numbers.sent
    view.put(alarms(4, 5, 6))  # it has the first of these
    assert written[2:] == [b"4\r\n5;6;\r\n"]
    assert view.position == 6


def test_a_view_that_takes_nothing_queues_and_then_goes_on_where_it_was() -> None:
    view, written = attached(3)
    view.pause()
    view.put(alarms(4))
    view.put(alarms(5))
    assert (written, view.position) == ([], 3)
    view.resume()
    view.put(alarms(6))
    assert written == [b"4\r\n4;5;\r\n", b"2\r\n6;\r\n"]


def test_a_view_whose_first_piece_was_too_much_waits_before_the_rest() -> None:
    view, written = Subscription(None, 3), list[bytes]()
    view.begin(3, [])
    view.put(alarms(4))
    view.pause()
    view.attach(written.append, lambda: None)
    assert written == []
    view.resume()
    assert written == [b"2\r\n4;\r\n"]


def test_what_was_missed_is_written_in_pieces_and_nothing_is_claimed_that_was_not() -> None:
    view, written = Subscription(None, 9), list[bytes]()
    piece = b"x" * (WRITE_BYTES // 2 + 1)
    view.begin(4, [Frame(number, None, piece) for number in (5, 6, 7, 8)])
    ends: list[str] = []

    def write(data: bytes) -> None:
        written.append(data)
        view.pause()

    view.attach(write, lambda: ends.append("ended"))
    assert len(written) == 1
    assert len(written[0]) < 2 * WRITE_BYTES
    assert view.position == 6  # where it may come back to
    view.drop(Dropped.QUEUE_FULL)
    assert (view.position, ends, view.taken()) == (6, ["ended"], b"")


def test_a_view_that_ended_before_it_began_says_so_at_once() -> None:
    view, written, ends = Subscription(None, 3), list[bytes](), list[str]()
    view.first(b"tiles;")
    view.drop(Dropped.LOG_RESTORED)
    view.attach(written.append, lambda: ends.append("ended"))
    view.resume()
    assert (written, ends) == ([], ["ended"])


def test_a_view_that_leaves_too_much_unread_is_dropped_with_a_reason() -> None:
    view = Subscription(None, 0)
    reasons = []
    for number in range(QUEUE_CHUNKS + 1):
        view.put(alarms(number + 1))
        reasons.append(view.dropped)
    assert reasons == [*[None] * QUEUE_CHUNKS, Dropped.QUEUE_FULL]
    assert view.taken() == b""


def test_the_bytes_of_a_queue_are_bounded_too() -> None:
    view = Subscription(None, 0)
    reasons = []
    for size in (QUEUE_BYTES - 1, 2):
        view.put(Chunk.numbers(0, b"x" * size))
        reasons.append(view.dropped)
    assert reasons == [None, Dropped.QUEUE_FULL]


def test_what_was_read_makes_room() -> None:
    view = Subscription(None, 0)
    view.begin(0, [])
    for number in range(3 * QUEUE_CHUNKS):
        view.put(alarms(number + 1))
        assert view.taken() == b"%d;" % (number + 1)
    assert view.dropped is None


def test_a_view_that_has_ended_takes_nothing_more() -> None:
    view = Subscription(None, 0)
    view.close()
    view.put(alarms(1))
    view.drop(Dropped.QUEUE_FULL)
    assert view.taken() == b""
    assert view.dropped is None


def test_an_event_has_an_id_a_name_and_one_line_of_data() -> None:
    assert event(7, "alarm", b"{}") == b"id: 7\nevent: alarm\ndata: {}\n\n"
