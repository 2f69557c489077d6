"""A batch with records that the database itself refuses: only these are buried, and it goes on."""

from __future__ import annotations

import random

import psycopg

from ioc import clock
from tests.acceptance.house import House, JsonObject, eventually

#: Far from each other, at both ends, and two side by side: each must come to stand alone.
POISON = frozenset({0, 411, 412, 1_200, 1_999})
EVENTS = 2_000
AREA = "05443"  # one commune, one partition, one batch
SOURCE = "/poison"
WITHIN_S = 60.0


def event(number: int) -> JsonObject:
    return {
        "specversion": "1.0",
        "id": f"poison-{number}" if number in POISON else f"{number}",
        "source": SOURCE,
        "type": "ioc.fire.reading",
        "time": clock.now().isoformat(),
        "area": AREA,
        "device": f"sensor-{number}",
        "data": {"kind": "smoke", "state": "alarm" if number % 100 == 99 else "test"},
    }


def refuse_poison(house: House) -> None:
    """Let the database refuse some events, as it does a text that only it cannot take."""
    with psycopg.connect(house.database_url, autocommit=True) as conn:
        conn.execute(
            "ALTER TABLE events ADD CONSTRAINT no_poison CHECK (ce_id NOT LIKE 'poison-%') "
            "NOT VALID"
        )


def test_a_poison_batch_cannot_stop_a_partition(house: House) -> None:
    refuse_poison(house)
    # All of it is in Kafka before anybody reads, so that it comes as large batches.
    house.kill("worker")
    events = [event(number) for number in range(EVENTS)]
    random.Random(1).shuffle(events)
    assert house.send(events) == f"sent {EVENTS}, refused 0"
    house.start("worker")
    good = EVENTS - len(POISON)
    house.wait_stored(good, WITHIN_S, where=f"ce_source = '{SOURCE}'")
    pid = house.running["worker"].pid

    with psycopg.connect(house.database_url, autocommit=True) as conn:
        buried = conn.execute(
            "SELECT reason, detail, convert_from(raw, 'UTF8')::jsonb ->> 'id', partition, "
            '"offset" FROM dead_letters ORDER BY "offset"'
        ).fetchall()
    assert sorted(row[2] for row in buried) == sorted(f"poison-{number}" for number in POISON)
    assert {row[0] for row in buried} == {"schema"}
    assert all("no_poison" in row[1] for row in buried), "the reason is the database's own"
    minutes = house.row("SELECT sum(n) FROM rollup_1m")[0]
    assert minutes == good, "what was done for a refused piece was undone"
    raising = {number for number in range(EVENTS) if number % 100 == 99} - POISON
    assert house.count("alarms", "rule = 'fire-alarm'") == len(raising)

    # The partition goes on behind it, with the same worker.
    assert house.send([event(EVENTS + 1), event(1_200), event(EVENTS + 2)]).startswith("sent 3")
    house.wait_stored(good + 2, WITHIN_S, where=f"ce_source = '{SOURCE}'")
    eventually(
        lambda: house.count("dead_letters") == len(POISON) + 1, WITHIN_S, "the sixth is buried"
    )
    assert house.running["worker"].pid == pid
    assert house.running["worker"].poll() is None
