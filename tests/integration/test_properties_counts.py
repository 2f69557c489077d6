"""Order, copies, lateness, batches and workers never change what is stored and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ioc.rule import shipped
from tests.integration.telling import (
    REFUSED,
    Copy,
    JsonObject,
    Rows,
    Store,
    copies,
    events,
    in_order_of_rank,
    plainly,
)

#: A device that is heard again within this is not written again.
SEEN_GRAIN = timedelta(seconds=15)
#: From a panel whose clock is ahead, to what a phone sends when its owner is home from abroad.
DELAYS = st.sampled_from(
    [timedelta(minutes=n) for n in (0, -4, 1, 59, 61, 60 * 24 * 3)] + [timedelta(days=40)]
)
BOUNDED = settings(
    deadline=None,
    max_examples=60,
    # The fixture is one database for all examples; each begins with emptying it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = Store.opened(database_url, shipped())
    opened.conn.execute(f"ALTER TABLE events ADD CHECK (ce_source <> '{REFUSED}')".encode())
    yield opened
    opened.conn.close()


def stored(store: Store) -> dict[str, Rows]:
    """Return what may depend on nothing but the events."""
    return {
        "events": store.rows(
            "SELECT time, id, source, type, ce_source, ce_id, subject, area, area_unknown, device, "
            "ref, kind, severity, lat, lon, data::text FROM events"
        ),
        "minutes": store.rows(
            "SELECT minute, source, area, kind, severity, sum(n) FROM rollup_1m "
            "GROUP BY minute, source, area, kind, severity"
        ),
        "durations": store.rows(
            "SELECT minute, metric, office, area, bin, n, sum_ms FROM durations_1m "
            "WHERE n <> 0 OR sum_ms <> 0"
        ),
        "visits": store.rows("SELECT * FROM visits"),
        "dossiers": store.rows("SELECT * FROM dossiers"),
        "dossier steps": store.rows("SELECT at, office, dossier, action FROM dossier_steps"),
        "reports": store.rows("SELECT * FROM reports"),
    }


def counted(told: list[JsonObject], minutes: Rows) -> None:
    """Hold the minutes against a plain count of the events by minute and kind."""
    expected: Counter[tuple[datetime, str]] = Counter()
    for event in told:
        minute = datetime.fromisoformat(event["time"]).replace(second=0, microsecond=0)
        data = event["data"]
        kind = next(data[name] for name in ("label", "action", "category", "kind") if name in data)
        expected[minute, kind] += 1
    found: Counter[tuple[datetime, str]] = Counter()
    for minute, _, _, kind, _, n in minutes:
        found[minute, kind] += n
    assert found == expected


def traced(store: Store) -> None:
    """Each stored event names the place and the time of one of its own copies."""
    rows = store.rows(
        "SELECT 'ioc.' || source || '.v1', partition, \"offset\", received_at, ce_source, ce_id, "
        "time FROM events"
    )
    for topic, partition, offset, received_at, *identity in rows:
        event, at = store.places[topic, partition, offset]
        assert received_at == at
        assert identity == [event["source"], event["id"], datetime.fromisoformat(event["time"])]


def heard(store: Store, told: list[JsonObject]) -> None:
    """Each device was heard when its events say, as exactly as it is written."""
    times: dict[tuple[str, str], list[datetime]] = {}
    for event in told:
        if event["device"] is not None:
            of = (event["type"].split(".")[1], event["device"])
            times.setdefault(of, []).append(datetime.fromisoformat(event["time"]))
    rows = store.rows("SELECT source, device, first_seen, last_seen FROM devices")
    assert {row[:2] for row in rows} == set(times)
    for source, device, first, last in rows:
        of_device = times[source, device]
        assert timedelta(0) <= first - min(of_device) < SEEN_GRAIN
        assert timedelta(0) <= max(of_device) - last < SEEN_GRAIN
        assert last in of_device


@BOUNDED
@given(data=st.data())
def test_whatever_way_events_come_the_same_is_stored(store: Store, data: st.DataObject) -> None:
    told = data.draw(events(), label="events")
    drawn = data.draw(copies(len(told), DELAYS), label="copies")
    found = []
    for way in (plainly(told), in_order_of_rank(told, drawn)):
        store.empty()
        store.tell(told, way)
        traced(store)
        heard(store, told)
        found.append(stored(store))
        counted(told, found[-1]["minutes"])
    assert found[1] == found[0]


@BOUNDED
@given(data=st.data())
def test_however_bad_records_stand_between_them_the_good_ones_are_stored(
    store: Store, data: st.DataObject
) -> None:
    good = data.draw(events(size=8), label="good")
    refused = data.draw(events(size=2, senders=[REFUSED]), label="refused")
    broken = data.draw(events(size=2).map(lambda some: [{**e, "id": "broken"} for e in some]))
    told = [*good, *refused, *broken]
    store.empty()
    store.tell(good, plainly(good))
    expected = stored(store)
    store.empty()
    drawn = data.draw(copies(len(told), DELAYS), label="copies")
    store.tell(told, in_order_of_rank(told, drawn))
    assert stored(store) == expected
    bad = [place for place, (event, _) in store.places.items() if event not in good]
    buried = store.rows('SELECT topic, partition, "offset" FROM dead_letters')
    assert buried == sorted(bad, key=repr), "each bad record once, with its place"
    read = store.rows("SELECT topic, partition, next FROM offsets")
    assert {row[:2]: row[2] for row in read} == store.next


def word(number: str, due_at: str) -> JsonObject:
    data = {"report": "r1", "category": "flood", "status": "open", "due_at": due_at}
    return {
        "specversion": "1.0",
        "type": "ioc.citizen.report",
        "source": "/a",
        "id": number,
        "time": "2026-11-22T16:30:00Z",
        "device": None,
        "data": data,
    }


def test_of_two_due_dates_set_at_the_same_instant_the_later_one_holds_in_any_order(
    store: Store,
) -> None:
    early, late = (f"2026-11-{day}T00:00:00+00:00" for day in (23, 25))
    for told in permutations([word("1", early), word("2", late), word("3", early)]):
        for ends_unit in (False, True):
            store.empty()
            store.tell(told, [Copy(n, ends_unit=ends_unit) for n in range(3)])
            ((due_at,),) = store.rows("SELECT due_at FROM reports")
            assert due_at == datetime.fromisoformat(late), (told, ends_unit)


def test_steps_of_a_ticket_may_all_have_its_number_as_their_id(store: Store) -> None:
    told: list[JsonObject] = [
        {
            "specversion": "1.0",
            "type": "ioc.queue.ticket",
            "source": "/a",
            "id": "A1",
            "time": f"2026-11-22T16:{minute}:00+00:00",
            "area": "05443",
            "data": {"office": "A", "ticket": "A1", "action": action},
        }
        for minute, action in ((30, "issued"), (35, "called"), (45, "served"))
    ]
    for ends_unit in (False, True):
        store.empty()
        store.tell(told, [Copy(n, ends_unit=ends_unit) for n in range(3)])
        rows = store.rows("SELECT metric, n, sum_ms FROM durations_1m WHERE n <> 0 OR sum_ms <> 0")
        assert rows == [("service", 1, 600_000), ("wait", 1, 300_000)], ends_unit
