"""Live views: a snapshot, then every change, without a gap."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any, LiteralString

import pytest

from api import hub as hub_module
from api import live as live_module
from api.subscription import QUEUE_BYTES
from connectors.timescale.alarms import move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.severity import Severity
from tests.acceptance.house import eventually
from tests.patience import patient
from tests.views_server import Live, Told, Views, an_alarm, raise_alarms, running_views, store

WRITERS = 8
CUT_THE_FEED: LiteralString = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'ioc api feed' AND datname = current_database()
"""


@pytest.fixture
def views(database_url: str) -> Iterator[Views]:
    with running_views(database_url) as found:
        yield found


def test_a_view_gets_what_is_open_and_then_every_change(views: Views, database: Database) -> None:
    (first,) = raise_alarms(database)
    with views.live() as live:
        snapshot = live.next("snapshot")
        assert [alarm["id"] for alarm in snapshot.data["alarms"]] == [str(first)]
        assert snapshot.data["alarms_total"] == 1
        assert snapshot.data["overview"]["alarms"]["open"] == 1
        assert snapshot.id == snapshot.data["position"]
        (second,) = raise_alarms(database)
        told = live.next("alarm")
        assert (told.data["id"], told.data["state"]) == (str(second), "unacknowledged")
        assert told.id > snapshot.id
        move(database, second, lambda alarm: life.acknowledge(alarm, "a", clock.now()))
        told = live.next("alarm")
        assert (told.data["id"], told.data["state"]) == (str(second), "acknowledged")
        # Which is the first of its group is looked up for pages only; the feed has no time for it.
        page = views.get(f"/alarms/{second}")
        assert told.data == {**page, "first_out": None}


def test_an_alarm_is_told_at_once(views: Views, database: Database) -> None:
    with views.live() as live:
        live.next("snapshot")
        raise_alarms(database)
        live.next("alarm")  # connections are warm now
        raised_at = time.monotonic()
        raise_alarms(database)
        live.next("alarm")
        assert time.monotonic() - raised_at < patient(0.5)


def test_the_headers_keep_proxies_from_holding_events_back(views: Views) -> None:
    with views.live() as live:
        live.next("snapshot")
        assert b"text/event-stream" in live.headers
        assert b"x-accel-buffering: no" in live.headers.lower()
        assert b"cache-control: no-store" in live.headers.lower()


def test_who_comes_back_gets_exactly_what_was_missed(views: Views, database: Database) -> None:
    with views.live() as live:
        live.next("snapshot")
        raise_alarms(database)
        seen = live.next("alarm").id
    missed = raise_alarms(database, 3)
    for live in (views.live(seen), views.live(last_event_id=str(seen))):
        with live:
            # Tiles come first when the hub itself has not read the missed alarms yet.
            ids: list[str] = []
            tiles: set[str] = set()
            while len(ids) < len(missed) or not tiles >= {"camera", "alarms", "queues", "dossiers"}:
                told = live.next("alarm", "tile", "snapshot", "reset")
                assert told.event in {"alarm", "tile"}
                if told.event == "alarm":
                    ids.append(told.data["id"])
                else:
                    tiles.add(told.data["tile"])
            assert ids == [str(one) for one in missed]


def test_a_position_that_never_was_gets_a_fresh_snapshot(views: Views, database: Database) -> None:
    raise_alarms(database)
    for last_id in ("999999999", "nonsense", "-1", "9" * 30):
        with views.live(last_id) as live:
            reset, snapshot = live.next("reset", "snapshot"), live.next("snapshot", "alarm")
            assert reset.event == "reset"
            assert reset.data["reason"] == "unknown position"
            assert snapshot.event == "snapshot"
            assert len(snapshot.data["alarms"]) == 1


def test_who_was_away_for_too_long_gets_a_fresh_snapshot(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "RING_ENTRIES", 5)
    raise_alarms(database, 20)
    with database.reading() as conn:
        rows = conn.execute("SELECT seq FROM alarm_log ORDER BY seq").fetchall()
    with running_views(database_url) as views:
        with views.live(rows[14]["seq"]) as live:
            told = [live.next("alarm", "reset", "snapshot") for _ in range(5)]
            assert [one.id for one in told] == [row["seq"] for row in rows[15:]]
        with views.live(rows[13]["seq"]) as live:
            assert live.next("alarm", "reset").data == {"reason": "too far behind"}
            assert live.next("alarm", "snapshot").data["alarms_total"] == 20


def test_a_view_of_one_area_hears_only_of_it(views: Views, database: Database) -> None:
    raise_alarms(database, area="05455")
    with views.live(area="05443") as live:
        snapshot = live.next("snapshot")
        assert snapshot.data["alarms"] == []
        assert snapshot.data["overview"]["area"] == "05443"
        raise_alarms(database, 2, area="05455")
        (mine,) = raise_alarms(database, area="05443")
        told = live.next("alarm")
        assert told.data["id"] == str(mine)
        raise_alarms(database, area="05455")
        # Its own numbers have not changed; ids go on with the next thing that is sent.
        assert told.id == snapshot.id + 3


def test_numbers_are_sent_when_they_change_and_only_then(views: Views, database: Database) -> None:
    with views.live() as live:
        live.next("snapshot")
        raise_alarms(database, 2)
        changed = []
        for told in live.events():
            if told.event == "tile":
                changed.append(told.data["tile"])
                if told.data["tile"] == "alarms" and told.data["value"]["open"] == 2:
                    break
        assert set(changed) == {"alarms"}


def test_every_view_hears_that_the_server_lives(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", 0.2)
    with running_views(database_url) as views, views.live() as live:
        live.next("snapshot")
        assert live.next("heartbeat").data["now"].endswith("Z")
        assert live.next("health").data["processing"]["state"] == "stopped"  # no worker here


def test_views_that_come_back_miss_nothing_while_eight_writers_raise_alarms(
    views: Views, database_url: str
) -> None:
    each = 60
    writers = [threading.Thread(target=_raise_many, args=(database_url, each)) for _ in range(8)]
    seen: list[list[int]] = [[], []]
    first = [threading.Event(), threading.Event()]
    readers = [
        threading.Thread(target=_read_with_cuts, args=(views, WRITERS * each, seen[n], first[n]))
        for n in range(2)
    ]
    for thread in readers:
        thread.start()
    for event in first:
        assert event.wait(10)
    for thread in [*writers]:
        thread.start()
    for thread in [*writers, *readers]:
        thread.join(60)
        assert not thread.is_alive()
    with Database(database_url, "check", size=1).open().reading() as conn:
        stored = [row["seq"] for row in conn.execute("SELECT seq FROM alarm_log ORDER BY seq")]
    assert len(stored) == WRITERS * each
    assert seen[0] == stored
    assert seen[1] == stored


def _raise_many(database_url: str, count: int) -> None:
    database = Database(database_url, "writer", size=1).open()
    try:
        for _ in range(count):
            with database.transaction() as conn:
                store(conn, an_alarm(clock.now(), severity=random.choice(list(Severity))))
                time.sleep(random.uniform(0, 0.004))  # the lock is held until COMMIT
    finally:
        database.close()


def _read_with_cuts(views: Views, count: int, seen: list[int], first: threading.Event) -> None:
    """Read, and be cut off somewhere every few alarms, until all have come."""
    last: int | None = None
    while len(seen) < count:
        with views.live(last) as live:
            for told in live.events():
                last = told.id
                first.set()
                if told.event == "alarm":
                    seen.append(told.id)
                    if len(seen) == count or random.random() < 0.1:
                        break


def test_who_stops_reading_is_dropped_and_holds_nobody_up(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "WRITE_S", 0.5)
    with running_views(database_url) as views, views.live() as stuck, views.live() as quick:
        stuck.next("snapshot")
        quick.next("snapshot")
        assert len(views.hub._views()) == 2
        slowest, sent = 0.0, 0
        while len(views.hub._views()) == 2:
            assert sent < 20_000, "the stuck view was never dropped"
            started = time.monotonic()
            ids = raise_alarms(database, 100, title="x" * 2000)
            sent += len(ids)
            while quick.next("alarm").data["id"] != str(ids[-1]):
                pass
            slowest = max(slowest, time.monotonic() - started)
        assert slowest < 3
        with pytest.raises(ConnectionError):
            _read_to_end(stuck)


def test_who_has_left_is_forgotten(views: Views, database: Database) -> None:
    with views.live() as left, views.live() as stays:
        left.next("snapshot")
        stays.next("snapshot")
        assert len(views.hub._views()) == 2
        left.__exit__()
        eventually(lambda: len(views.hub._views()) == 1, 5, "the one that left is forgotten")
        raise_alarms(database)
        stays.next("alarm")
    eventually(lambda: not views.server.server_state.connections, 5, "no connection is left")


def test_who_leaves_before_the_snapshot_is_there_is_forgotten(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = threading.Event()
    take = hub_module.Hub._take

    def late(*of: Any) -> Any:
        assert taken.wait(10)
        return take(*of)

    monkeypatch.setattr(hub_module.Hub, "_take", late)
    with views.live():
        eventually(views.hub._views, 5, "it has subscribed")
    eventually(lambda: not views.server.server_state.connections, 5, "the server has heard of it")
    taken.set()
    eventually(lambda: not views.hub._views(), 5, "the view is forgotten")


def test_what_a_client_says_after_its_question_changes_nothing(
    views: Views, database: Database
) -> None:
    with views.live() as live:
        live.next("snapshot")
        assert live._socket is not None
        live._socket.sendall(b"GET /api/v1/overview HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3)
        live._socket.sendall(b"\0\xff" * 10_000)
        (raised,) = raise_alarms(database)
        assert live.next("alarm").data["id"] == str(raised)


def test_two_questions_at_once_are_answered_by_one_stream(views: Views, database: Database) -> None:
    with socket.create_connection(("127.0.0.1", views.port), timeout=15) as both:
        both.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2)
        read = b""
        for name in (b"event: snapshot", b"event: alarm"):
            while name not in read:
                read += both.recv(65536)
            raise_alarms(database)
        assert read.count(b"HTTP/1.1 200") == 1
        assert len(views.hub._views()) == 1


def _read_to_end(live: Live) -> None:
    for _ in live.events():
        pass


def test_who_reads_too_slowly_is_told_why_it_is_dropped(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.subscription.QUEUE_CHUNKS", 2)
    monkeypatch.setattr(live_module, "FAREWELL_S", 10.0)
    with running_views(database_url) as views, views.live() as slow:
        slow.next("snapshot")
        told: list[Told] = []
        reader = threading.Thread(target=_read_slowly, args=(slow, told))
        reader.start()
        ids: list[str] = []
        while views.hub._views():
            ids += [str(one) for one in raise_alarms(database, 200, title="x" * 5000)]
            assert len(ids) * 5000 < 20 * QUEUE_BYTES, "the slow view was never dropped"
        reader.join(20)
        assert told[-1].event == "dropped"
        assert told[-1].data == {"reason": "queue_full"}
        got = [one.data["id"] for one in told if one.event == "alarm"]
        assert got == ids[: len(got)]
        assert len(got) < len(ids)
        # It comes back with the id of the last word, and has missed nothing.
        with views.live(told[-1].id) as again:
            assert again.next("alarm").data["id"] == ids[len(got)]


def _read_slowly(live: Live, told: list[Told]) -> None:
    for one in live.events():
        told.append(one)
        time.sleep(0.002)


def test_a_stopping_server_ends_its_views_at_once(database_url: str) -> None:
    with running_views(database_url) as views:
        live = views.live().__enter__()
        live.next("snapshot")
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < patient(3)
    _read_to_end(live)  # ended properly, not cut
    live.__exit__()


def test_the_feed_goes_on_after_the_database_has_cut_its_connections(
    views: Views, database: Database
) -> None:
    with views.live() as live:
        live.next("snapshot")
        with database.reading() as conn:
            conn.execute(CUT_THE_FEED)
        (raised,) = raise_alarms(database)
        assert live.next("alarm").data["id"] == str(raised)


def test_views_start_over_when_the_database_was_put_back(views: Views, database: Database) -> None:
    raise_alarms(database, 3)
    with views.live() as live:
        known = live.next("snapshot").id
        with database.reading() as conn:
            conn.execute("TRUNCATE alarms, alarm_log")
            conn.execute("SELECT setval('alarm_log_seq', 1)")
            conn.execute(CUT_THE_FEED)
        assert live.next("dropped").data == {"reason": "log_restored"}
    with views.live(known) as live:
        assert live.next("reset", "alarm").data == {"reason": "unknown position"}
        assert live.next("snapshot").data["alarms"] == []
        (raised,) = raise_alarms(database)
        assert live.next("alarm").data["id"] == str(raised)


def test_without_a_database_a_view_is_refused_with_a_sentence(database_url: str) -> None:
    gone = database_url.replace("/t_", "/gone_")
    assert gone != database_url
    with running_views(gone) as views:
        answer = views.client.get("/api/v1/live")
        assert answer.status_code == 503
        assert answer.json()["code"] == "database_unavailable"
        assert "Retry-After" in answer.headers
