from __future__ import annotations

from datetime import datetime, timedelta

from connectors.timescale import alarms, deliveries, endpoints
from connectors.timescale.database import Database
from connectors.timescale.deliveries import Claim, Room
from ioc import clock
from ioc.alarm import ClosingCode, State, Step, Transition, close
from ioc.notify import Attempt, Delivered, Outcome, Refused, Retry
from ioc.severity import Severity
from tests.outbox import endpoint, ledger, raise_alarm


class Day:
    """The outbox over a day: who is claimed when, and what is answered, without waiting for it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.start = clock.now()

    def at(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)

    def claims(self, seconds: float, sends: int = 32) -> list[Claim]:
        room = Room(sends=sends, probes=32, per_endpoint=4, lease=timedelta(seconds=10))
        with self.db.transaction() as conn:
            return deliveries.claim(conn, room, self.at(seconds), lambda row: {"id": row["id"]})

    def answer(self, claim: Claim, seconds: float, outcome: Outcome) -> None:
        attempt = Attempt(self.at(seconds), self.at(seconds), 0.0)
        with self.db.transaction() as conn:
            deliveries.finish(conn, claim, outcome, attempt)

    def states(self) -> list[str]:
        return [row["state"] for row in reversed(ledger(self.db))]


URL = "https://hooks.example.org/x"
REFUSED = Refused("the receiver answered 422", 422)
NOBODY = Retry(None, "cannot connect")


def test_one_refused_message_does_not_hold_up_the_others(database: Database) -> None:
    endpoint(database, URL)
    poison = raise_alarm(database, Severity.CRITICAL)
    day = Day(database)
    (first,) = day.claims(0)
    day.answer(first, 0, REFUSED)
    other = raise_alarm(database, Severity.LOW)
    for seconds in (3, 6):
        (probe,) = day.claims(seconds)
        assert probe.alarm["id"] == poison.id, "the most severe goes first"
        day.answer(probe, seconds, REFUSED)
    (probe,) = day.claims(9)
    assert probe.alarm["id"] == other.id, "until it was refused three times"
    day.answer(probe, 9, Delivered(204))
    (again,) = day.claims(9)
    assert again.alarm["id"] == poison.id, "it is tried again"
    day.answer(again, 9, REFUSED)
    newest = raise_alarm(database, Severity.LOW)
    assert [claim.alarm["id"] for claim in day.claims(9.1)] == [newest.id], "and stops nobody"


def test_a_failing_endpoint_has_one_probe_under_way_whoever_looks(database: Database) -> None:
    endpoint(database, URL)
    for _ in range(6):
        raise_alarm(database)
    day = Day(database)
    claims = day.claims(0)
    assert len(claims) == 4, "at most four to one endpoint"
    assert day.claims(0) == [], "from all notifiers together"
    for claim in claims:
        day.answer(claim, 0, NOBODY)
    assert day.claims(1) == []
    (probe,) = day.claims(3)
    assert day.claims(6) == [], "the probe is still under way"
    (after_the_lease,) = day.claims(14)
    assert after_the_lease.id == probe.id
    assert after_the_lease.attempt == probe.attempt + 1
    day.answer(probe, 14, NOBODY)
    assert day.claims(14.5) == [], "a late answer of the first does not end the second's lease"
    day.answer(after_the_lease, 15, Delivered(200))
    assert len(day.claims(15)) == 4, "the first 2xx releases the rest"


def test_a_late_2xx_counts_although_the_lease_had_run_out(database: Database) -> None:
    endpoint(database, URL)
    raise_alarm(database)
    day = Day(database)
    (slow,) = day.claims(0)
    (second,) = day.claims(11)
    day.answer(slow, 12, Delivered(200))
    assert day.states() == ["delivered"]
    day.answer(second, 13, NOBODY)
    assert day.states() == ["delivered"]


def test_what_waits_for_a_dead_endpoint_is_given_up_after_a_day(database: Database) -> None:
    endpoint(database, URL)
    raise_alarm(database)
    raise_alarm(database)
    day = Day(database)
    (first,) = day.claims(0, sends=1)
    day.answer(first, 0, NOBODY)
    (probe,) = day.claims(23.9 * 3600)
    day.answer(probe, 23.9 * 3600, NOBODY)
    assert day.states() == ["pending", "pending"]
    (probe,) = day.claims(24.5 * 3600)
    day.answer(probe, 24.5 * 3600, NOBODY)
    assert day.states() == ["failed", "pending"]
    with database.transaction() as conn:
        assert deliveries.fail_unwanted(conn, day.at(24.55 * 3600)) == 0
        assert deliveries.fail_unwanted(conn, day.at(24.7 * 3600)) == 1
    assert day.states() == ["failed", "failed"]


def test_the_most_severe_goes_first_when_there_is_not_room_for_all(database: Database) -> None:
    for _ in range(3):
        endpoint(database, URL)
    for severity in (Severity.LOW, Severity.HIGH, Severity.CRITICAL, Severity.MEDIUM):
        raise_alarm(database, severity)
    claims = Day(database).claims(0, sends=6)
    with database.reading() as conn:
        rows = conn.execute("SELECT priority FROM deliveries WHERE leased_until IS NOT NULL")
        assert sorted(row["priority"] for row in rows) == [1, 1, 1, 2, 2, 2]
    assert len(claims) == 6


def test_the_outbox_is_written_once_and_a_deleted_endpoint_keeps_its_ledger(
    database: Database,
) -> None:
    endpoint_id, _ = endpoint(database, "https://hooks.example.org/x", area=["05443"])
    endpoint(database, "https://hooks.example.org/y", area=["05455"])
    alarm = raise_alarm(database)
    alarms.move(database, alarm.id, lambda now: close(now, ClosingCode.TEST, "An", clock.now()))
    with database.transaction() as conn:
        again = Transition(Step.RAISED, State.NORMAL, alarm, clock.now())
        (raised,) = [row for row in ledger(database) if row["type"] == "alarm.raised"]
        assert deliveries.enqueue(conn, [(raised["seq"], again)]) == 0
        endpoints.delete(conn, endpoint_id)
        deliveries.fail_unwanted(conn, clock.now() + timedelta(seconds=1))
    found = ledger(database, alarm_id=alarm.id)
    assert [row["type"] for row in found] == ["alarm.closed", "alarm.raised"]
    assert {row["state"] for row in found} == {"failed"}
    with database.reading() as conn:
        first, cursor = deliveries.page(conn, limit=1)
        second, end = deliveries.page(conn, limit=1, cursor=cursor)
    assert [first[0]["id"], second[0]["id"]] == [row["id"] for row in found]
    assert end is None


# The sums ---------------------------------------------------------------------------------------


def test_a_summary_has_each_endpoint_with_its_times_and_its_last_error(
    database: Database,
) -> None:
    endpoint(database, URL)
    day = Day(database)
    for took_ms in (100, 300, 200):
        raise_alarm(database)
        (claim,) = day.claims(0)
        attempt = Attempt(day.at(0), day.at(took_ms / 1000), 0.0)
        with database.transaction() as conn:
            deliveries.finish(conn, claim, Delivered(204), attempt)
    raise_alarm(database)
    raise_alarm(database)
    for claim in day.claims(1):
        day.answer(claim, 2, NOBODY)
    with database.reading() as conn:
        (found,) = deliveries.summary(conn, day.start - timedelta(hours=24))
        (later,) = deliveries.summary(conn, day.start + timedelta(hours=1))
    assert (found["p50_ms"], found["p99_ms"]) == (200, 300), "of those that got through"
    assert (found["delivered"], found["failed"], found["pending"]) == (3, 0, 2)
    assert (found["state"], found["last_error"]) == ("paused", "cannot connect")
    assert found["next_probe_at"] is not None
    assert (later["delivered"], later["pending"], later["p50_ms"]) == (0, 2, None)


def test_a_delivery_carries_the_words_of_its_alarm(database: Database) -> None:
    endpoint(database, URL)
    alarm = raise_alarm(database)
    with database.reading() as conn:
        ((row,), _) = deliveries.page(conn)
    assert (row["title"], row["title_en"], row["area"]) == (
        alarm.title,
        alarm.title_en,
        alarm.area,
    )
