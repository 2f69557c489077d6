"""The ten months of 2023, recounted from the events alone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import orjson

from ioc.clock import LOCAL_ZONE
from ioc.event import Event, decode
from ioc.simulation import events
from ioc.simulation.province import offices
from ioc.source import BY_TYPE

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
FROM = datetime(2023, 1, 1, tzinfo=LOCAL_ZONE).isoformat()
TO = datetime(2023, 10, 31, 23, 59, tzinfo=LOCAL_ZONE).isoformat()


def test_the_ten_months_have_the_numbers_of_the_record() -> None:
    # Times of one zone and one width compare as text.
    due: dict[tuple[str, str], str] = {}
    resolved: dict[tuple[str, str], str] = {}
    days: set[str] = set()
    ids: set[str] = set()
    last = FROM
    for event in events("dossiers-2023", 1, NOW):
        data = event["data"]
        key = (data["office"], data["dossier"])
        assert last <= event["time"] <= TO
        last = event["time"]
        ids.add(event["id"])
        days.add(last[:10])
        if data["action"] == "received":
            assert key not in due
            due[key] = data["due_at"]
        else:
            assert data["action"] == "resolved"
            assert key in due, "nothing is resolved before it was received"
            assert key not in resolved
            resolved[key] = last
    on_time = sum(at <= due[key] for key, at in resolved.items())
    overdue = sum(key not in resolved and at <= TO for key, at in due.items())
    assert (len(due), len(resolved), on_time) == (612_221, 594_406, 592_504)
    assert (len(resolved) - on_time, len(due) - len(resolved)) == (1_902, 17_815)
    assert round(on_time / len(resolved), 4) == 0.9968
    assert overdue == 600
    assert len(ids) == 612_221 + 594_406

    assert len(days) > 200
    assert not {day for day in days if datetime.fromisoformat(day).weekday() > 4}
    assert {office for office, _ in due} == {office.code for office in offices()}
    busiest = Counter(office for office, _ in due).most_common(1)[0]
    assert busiest[0] == "TTHCC"


def test_its_events_are_valid_the_same_again_and_of_one_seed() -> None:
    first = list(islice(events("dossiers-2023", 1, NOW), 3_000))
    again = list(islice(events("dossiers-2023", 1, NOW + timedelta(days=1)), 3_000))
    other = list(islice(events("dossiers-2023", 2, NOW), 3_000))
    assert first == again
    names = [{(e["data"]["office"], e["data"]["dossier"]) for e in made} for made in (first, other)]
    assert not names[0] & names[1]
    assert {event["time"][:10] for event in first} == {"2023-01-03"}, "the first working day"
    for event in first:
        answer = decode(orjson.dumps(event), (), BY_TYPE[event["type"]].topic, NOW)
        assert isinstance(answer, Event), answer
