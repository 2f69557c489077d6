"""The simulated province: valid, coherent, and the same again for the same seed."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from ioc.area import gazetteer, place
from ioc.clock import LOCAL_ZONE
from ioc.event import Event, decode
from ioc.rule import EMPTY, Clear, Raise, Window, evaluate, shipped
from ioc.simulation import SCENARIOS, day, events, expected
from ioc.simulation.province import province
from ioc.simulation.rhythm import intensity
from ioc.source import BY_TYPE

#: A Monday, 9:00 in Thái Nguyên.
MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC)
STORIES = [name for name, scenario in SCENARIOS.items() if scenario.story is not None]
SOON = timedelta(minutes=10)


def told(name: str, **more: Any) -> list[dict[str, Any]]:
    wished: dict[str, Any] = {"rate": 3.0, "duration": SOON} | more
    # Few events each: all unit tests together take 5 s.
    return list(events(name, wished.pop("seed", 1), wished.pop("start", MORNING), **wished))


def decoded(found: Iterable[dict[str, Any]]) -> Iterator[Event]:
    for event in found:
        time = datetime.fromisoformat(event["time"])
        answer = decode(orjson.dumps(event), (), BY_TYPE[event["type"]].topic, time)
        assert isinstance(answer, Event), (answer, event)
        yield answer


@pytest.mark.parametrize("name", STORIES)
def test_every_event_can_be_decoded_and_comes_in_order_with_its_own_id(name: str) -> None:
    found = list(itertools.islice(events(name, 3, MORNING, rate=3, duration=SOON), 3_000))
    read = list(decoded(found))
    assert len({(event.ce_source, event.ce_id) for event in read}) == len(found)
    assert [event.time for event in read] == sorted(event.time for event in read)


@pytest.mark.parametrize("name", STORIES)
def test_there_are_as_many_as_asked_for_and_none_outside_the_time(name: str) -> None:
    found = told(name)
    assert len(found) == expected(name, 3.0, SOON) == 1_800
    times = [datetime.fromisoformat(event["time"]) for event in found]
    assert times[0] >= MORNING
    assert times[-1] < MORNING + SOON


@pytest.mark.parametrize("name", STORIES)
def test_the_same_seed_is_the_same_and_another_is_not(name: str) -> None:
    def beginning(seed: int) -> list[dict[str, Any]]:
        made = events(name, seed, MORNING, rate=5, duration=SOON)
        return list(itertools.islice(made, 300))

    assert beginning(1) == beginning(1)
    ids = [{event["id"] for event in beginning(seed)} for seed in (1, 2)]
    assert not ids[0] & ids[1]


def test_a_run_that_starts_again_repeats_no_id_no_ticket_and_no_report() -> None:
    def marks(start: datetime) -> set[str]:
        found = itertools.islice(events("quiet-day", 1, start, duration=None), 500)
        data = [(event["id"], event["data"]) for event in found]
        names = {item.get("ticket") or item.get("report") or "" for _, item in data} - {""}
        return {event_id for event_id, _ in data} | names

    assert not marks(MORNING) & marks(MORNING + timedelta(milliseconds=1))


def test_a_device_stands_still_inside_its_commune() -> None:
    seen: dict[str, set[tuple[str, float, float]]] = defaultdict(set)
    for name in STORIES:
        for event in told(name, seed=len(seen)):
            if "device" in event:
                data = event["data"]
                seen[event["device"]].add((event["area"], data["lat"], data["lon"]))
    assert len(seen) > 500
    for places in seen.values():
        ((area, lat, lon),) = places
        assert place(None, lat, lon).code == area


def test_every_commune_has_a_camera_a_panel_a_sensor_and_a_desk() -> None:
    stands = province()
    codes = {area.code for area in gazetteer().communes}
    for things in (stands.cameras, stands.zones, stands.sensors):
        assert {thing.area for thing in things} == codes
    assert {office.area for office in stands.offices} == codes | {"19"}


def test_a_ticket_is_issued_then_called_then_served() -> None:
    lives: dict[str | None, list[str]] = defaultdict(list)
    for event in decoded(told("quiet-day", rate=0.8, duration=timedelta(hours=2))):
        if event.type == "ioc.queue.ticket":
            lives[event.ref].append(event.kind)
    whole = [["issued", "called", "served"], ["issued", "abandoned"]]
    assert all(any(life == one[: len(life)] for one in whole) for life in lives.values())
    assert sum(life == whole[0] for life in lives.values()) > 0.7 * len(lives)
    assert whole[1] in lives.values()


def test_the_day_has_its_rhythm() -> None:
    found = told(
        "quiet-day", start=MORNING - timedelta(hours=9), duration=timedelta(days=1), rate=0.06
    )
    hours: dict[str, Counter[int]] = defaultdict(Counter)
    for event in decoded(found):
        hours[event.kind][event.time.astimezone(LOCAL_ZONE).hour] += 1
    assert set(hours["issued"]) <= set(range(7, 17))
    assert hours["issued"][9] > 2 * hours["issued"][12]
    assert len(hours["heartbeat"]) == 24


def test_a_quiet_day_raises_practically_no_alarm() -> None:
    raised, _ = alarms(told("quiet-day", rate=10.0))
    assert set(raised) <= {"fire-trouble"}
    assert raised["fire-trouble"] <= 1


def test_live_goes_on_at_about_its_rate() -> None:
    made = events("quiet-day", 1, MORNING, rate=10, duration=None)
    *_, last = itertools.islice(made, 2_000)
    passed = datetime.fromisoformat(last["time"]) - MORNING
    assert passed.total_seconds() == pytest.approx(200 / intensity(MORNING), rel=0.2)


def alarms(found: Iterable[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each shipped rule is raised, and cleared by an event."""
    rules, windows = shipped(), dict[tuple[str, str], Window]()
    raised, cleared = Counter[str](), Counter[str]()
    for event in decoded(found):
        for rule in rules.touched(event):
            key = (rule.id, rule.key(event) or "")
            windows[key], verdicts = evaluate(rule, windows.get(key, EMPTY), event)
            raised[rule.id] += sum(isinstance(verdict, Raise) for verdict in verdicts)
            cleared[rule.id] += sum(isinstance(verdict, Clear) for verdict in verdicts)
    return raised, cleared


@pytest.mark.parametrize("duration", [timedelta(seconds=20), timedelta(minutes=30)])
def test_the_market_fire_raises_the_three_rules_and_ends(duration: timedelta) -> None:
    raised, cleared = alarms(told("market-fire", duration=duration))
    assert set(raised) >= {"camera-fire", "fire-alarm", "sos"}
    assert (raised["sos"], cleared["sos"]) == (4, 4)
    assert raised["fire-alarm"] >= cleared["fire-alarm"] >= 3
    assert raised["camera-fire"] >= 1


def test_the_market_fire_needs_no_more_events_than_it_has() -> None:
    few = told("market-fire", rate=1.0, duration=timedelta(seconds=10))
    assert set(alarms(few)[0]) >= {"camera-fire", "fire-alarm", "sos"}


def test_a_storm_hits_many_communes_and_silences_devices() -> None:
    found = list(decoded(told("storm")))
    trouble = [event for event in found if event.data.get("state") == "trouble"]
    assert len({event.area for event in trouble}) >= 25
    assert sum(event.kind == "flooding" for event in found) > 20
    assert any(event.data.get("emergency") for event in found)

    offline = {e.device: e.time for e in found if e.kind == "offline" and e.severity == "medium"}
    back = {e.device for e in found if e.kind == "offline" and e.data["phase"] == "end"}
    gone = {device: since for device, since in offline.items() if device not in back}
    assert len(offline) > 50
    assert gone
    for event in found:
        if event.device in gone and event.data.get("phase") == "new":
            assert event.time <= gone[event.device] + timedelta(seconds=5)


def test_a_queue_rush_makes_people_wait_ever_longer_and_leave() -> None:
    issued: dict[str, datetime] = {}
    waits: list[float] = []
    left = 0
    for event in decoded(told("queue-rush", duration=timedelta(hours=1), rate=1.5)):
        if event.data.get("office") not in {"MC-05443", "MC-05518"}:
            continue
        ticket = event.data.get("ticket", "")
        if event.kind == "issued":
            issued[ticket] = event.time
        elif event.kind == "called":
            waits.append((event.time - issued[ticket]).total_seconds())
        left += event.kind == "abandoned"
    tenth = len(waits) // 10
    assert len(waits) > 300
    assert sum(waits[-tenth:]) > 4 * sum(waits[:tenth])
    assert left > 0.08 * len(issued)


def test_nobody_real_is_named() -> None:
    phones = {
        event["data"]["reporter"]["phone"] for event in told("storm") if "reporter" in event["data"]
    }
    assert phones
    assert all(phone.startswith("+84900000") for phone in phones)


def test_what_is_still_to_come_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "TO_COME_MAX", 50)
    lives: dict[str | None, list[str]] = defaultdict(list)
    for event in decoded(told("quiet-day", rate=10.0)):
        if event.type == "ioc.queue.ticket":
            lives[event.ref].append(event.kind)
    assert len(lives) > 500
    ended = sum(life[-1] in {"served", "abandoned"} for life in lives.values())
    assert len(lives) - ended <= 50
