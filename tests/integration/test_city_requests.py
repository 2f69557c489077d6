"""The mapping of real city requests: none lost, none that cannot be decoded."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from ioc.area import place_many
from ioc.event import Event, decode
from tests.integration.city_requests import SAMPLE, la311_events, whole_file

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def decoded(path: Path) -> list[Event]:
    found = []
    for event in la311_events(path):
        answer = decode(orjson.dumps(event), (), "ioc.citizen.v1", NOW)
        assert isinstance(answer, Event), (answer, event)
        found.append(answer)
    return found


def test_every_request_of_the_sample_is_a_report_of_the_whole_province() -> None:
    found = decoded(SAMPLE)
    assert len({event.id for event in found}) == len(found) == 300
    places = place_many(
        [event.area for event in found],
        [event.lat for event in found],
        [event.lon for event in found],
    )
    assert {(place.code, place.flagged) for place in places} == {("19", False)}
    assert {event.data["status"] for event in found} == {
        "open",
        "in_progress",
        "resolved",
        "rejected",
    }
    assert any(event.lat is None for event in found)
    assert any("due_at" not in event.data for event in found)


@pytest.mark.parametrize(
    ("number", "time", "due_at", "status"),
    [
        ("1-870704831", "2017-12-31T23:59:58-08:00", "2018-01-05T00:00:00-08:00", "resolved"),
        ("1-870694601", "2017-12-31T23:56:39-08:00", "2018-01-03T00:00:00-08:00", "resolved"),
    ],
)
def test_times_are_those_of_los_angeles(number: str, time: str, due_at: str, status: str) -> None:
    (event,) = [event for event in la311_events(SAMPLE) if event["id"] == number]
    assert (event["time"], event["data"]["due_at"]) == (time, due_at)
    assert event["data"]["status"] == status


def test_midnight_and_noon_are_twelve_hours_apart() -> None:
    hours = Counter(event["time"][11:13] for event in la311_events(SAMPLE))
    assert hours["00"] >= 1
    assert hours["12"] >= 1
    assert max(hours) == "23"


def test_the_whole_file_has_its_9999_requests() -> None:
    found = decoded(whole_file())
    assert len({(event.time, event.id) for event in found}) == 9_999
    assert sum(event.lat is None for event in found) == 1_753
    assert sum("due_at" not in event.data for event in found) == 500
    assert Counter(event.data["status"] for event in found) == {
        "resolved": 9_739,
        "rejected": 246,
        "in_progress": 9,
        "open": 5,
    }
    assert min(event.time for event in found) > datetime(2017, 12, 27, tzinfo=UTC)
