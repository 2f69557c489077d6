"""The load of `make bench` is what docs/performance.md says; its verdicts follow from figures."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from ioc.area import place
from ioc.event import Event, decode
from tests.benchmarks import report
from tests.benchmarks.load import JITTER_S, Load, make_load

END = datetime(2026, 5, 4, 12, tzinfo=UTC)
N = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def load() -> Load:
    return make_load(N, END)


@pytest.fixture(scope="module")
def events(load: Load) -> list[Event]:
    found = [
        decode(each.value, (), each.topic, _EPOCH + timedelta(milliseconds=each.timestamp_ms or 0))
        for each in load.records
    ]
    return [event for event in found if isinstance(event, Event)]


# The load -----------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_load(load: Load) -> None:
    assert make_load(N, END) == load
    assert make_load(N, END, seed=2) != load


def test_the_counts_that_a_contestant_must_reach_are_those_of_the_records(
    load: Load, events: list[Event]
) -> None:
    assert load.distinct == len({(event.time, event.id) for event in events})
    assert load.malformed == N - len(events)
    fires = {event.device for event in events if event.data.get("state") == "alarm"}
    assert load.alarms == len(fires)


def test_two_in_a_hundred_are_sent_again_and_one_in_a_thousand_is_broken(load: Load) -> None:
    resent = N - load.distinct - load.malformed
    assert resent / N == pytest.approx(0.02, abs=0.004)
    assert load.malformed / N == pytest.approx(0.001, abs=0.0008)


def test_a_record_has_about_four_hundred_bytes(load: Load) -> None:
    sizes = [len(each.value) for each in load.records if b'"broken"' not in each.value]
    assert min(sizes) >= 350
    assert max(sizes) <= 450


def test_half_is_placed_by_point_and_half_by_code(load: Load, events: list[Event]) -> None:
    by_code = [event for event in events if event.area is not None]
    assert len(by_code) / len(events) == pytest.approx(0.5, abs=0.02)


def test_a_point_lies_in_the_commune_that_the_record_goes_to(load: Load) -> None:
    right = points = 0
    for record in load.records[:3_000]:
        data = orjson.loads(record.value)["data"] if record.key else {}
        if "lat" in data:
            points += 1
            found = place(None, data["lat"], data["lon"])
            right += found.code.encode() == record.key
    assert right / points > 0.99  # a street may cross a border


def test_devices_stand_still_and_people_do_not(events: list[Event]) -> None:
    points: dict[str, set[tuple[float | None, float | None]]] = defaultdict(set)
    people = set()
    for event in events:
        if event.lat is not None and event.device is not None:
            points[event.device].add((event.lat, event.lon))
        elif event.lat is not None:
            people.add((event.lat, event.lon))
    assert {len(each) for each in points.values()} == {1}
    assert len(people) > 0.95 * sum(event.source == "citizen" for event in events) * 2 / 3


def test_records_lie_in_the_order_of_arrival_and_few_are_late(
    load: Load, events: list[Event]
) -> None:
    arrivals = [each.timestamp_ms or 0 for each in load.records]
    assert arrivals == sorted(arrivals)
    first = {event.id: event for event in reversed(events)}.values()  # not the resends
    delays_s = [(event.received_at - event.time).total_seconds() for event in first]
    assert min(delays_s) > -0.001  # nothing comes before it happened, but for the millisecond
    in_time = sum(delay_s <= JITTER_S for delay_s in delays_s)
    assert in_time / len(first) == pytest.approx(0.99, abs=0.005)
    assert max(delays_s) > 600


def test_the_steps_of_a_ticket_are_mostly_in_order(events: list[Event]) -> None:
    tickets: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in events:
        if event.source == "queue":
            tickets[str(event.ref)][event.kind] = event.time
    whole = [steps for steps in tickets.values() if len(steps) == 3]
    ordered = [each for each in whole if each["issued"] < each["called"] < each["served"]]
    assert len(whole) > len(tickets) / 3
    assert len(ordered) > 0.9 * len(whole)


# The verdicts -------------------------------------------------------------------------------------


def drain(**events_per_s: float) -> dict[str, dict[str, Any]]:
    figures = dict.fromkeys(report.FIGURES, 1.0) | {"busy": False, "runs": [{"events": 1}]}
    return {name: figures | {"events_per_s": speed} for name, speed in events_per_s.items()}


def test_the_best_framework_is_whoever_was_fastest() -> None:
    found = drain(ioc=60, staged_limit=80, bytewax=20, quix=30, faust_take=10, faust=1)
    assert report.ratios(found) == {
        "best_framework": 2.0,
        "faust_take": 6.0,
        "staged_limit": 0.75,
    }
    assert "best_framework (quix)" in report.text(found)


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (75.0, "goal 2.5, floor 1.5: met"),
        (60.0, "goal 2.5, floor 1.5: MISSED, above the floor"),
        (44.0, "goal 2.5, floor 1.5: MISSED, below the floor"),
    ],
)
def test_a_goal_is_met_missed_or_below_its_floor(ours: float, verdict: str) -> None:
    found = drain(ioc=ours, quix=30)
    assert verdict in report.text(found)
    assert report.below_floor(found) == (["best_framework"] if ours < 45 else [])


@pytest.mark.parametrize("ours", [10.0, 300.0])
def test_a_busy_machine_proves_nothing(ours: float) -> None:
    found = drain(ioc=ours, quix=30)
    found["quix"]["busy"] = True
    assert report.below_floor(found) == []
    assert "floor 1.5: not seen, busy" in report.text(found)


def test_live_figures_are_taken_over_when_they_are_there(tmp_path: Path) -> None:
    path = tmp_path / "bench-live.json"
    nothing = {"fanout": None, "latency": None, "live_commit": None}
    assert report.live_parts(path) == nothing
    path.write_text(json.dumps({"commit": "abc", "fanout": {"clients": 1}}))
    assert report.live_parts(path) == nothing | {"fanout": {"clients": 1}, "live_commit": "abc"}


def test_what_another_bench_of_the_same_commit_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    report.write(path, drain={"ioc": 1}, ratios={})
    report.write(path, ratios={"faust_take": 6.0})
    written = json.loads(path.read_text())
    assert written["drain"] == {"ioc": 1}
    assert written["ratios"] == {"faust_take": 6.0}
    path.write_text(json.dumps(written | {"commit": "another"}))
    report.write(path, ratios={})
    assert "drain" not in json.loads(path.read_text())
