"""Live views on a busy day: nothing missed, nothing twice, whoever reads slowly or comes back."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from typing import Self
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.acceptance.house import House, JsonObject, eventually, free_port
from tests.acceptance.panel import Panel
from tests.acceptance.sse import DeafClient, Live, Told

#: Live views lie behind the database; that alarms get there from a real Kafka, others show daily.
BROKERS = ["embedded", "kafka"] if os.getenv("IOC_TEST_LONG") else ["embedded"]
pytestmark = pytest.mark.parametrize("house", BROKERS, indirect=True)

WRITERS = 8
ALARMS_EACH = 25
#: A console's snapshot holds a thousand alarms; two busy times stay below.
ALARMS_EACH_MAX = 50
MOVES = 45
PAUSE_S_MAX = 0.05
AREAS = ("05443", "05455")
#: Below the five seconds after which a deaf client is dropped: who waited for it would be later.
AT_ONCE_S = 3.0
TOLD_WITHIN_S = 10.0
SETTLED_WITHIN_S = 30.0
#: More than a process keeps to go on from, and more than a machine's buffers hold for one client.
FLOOD = 10_100


@pytest.fixture(scope="module")
def second_api(house: House) -> Iterator[str]:
    """Another API process of the same house; yields its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house.start("api-2", IOC_API_PORT=str(port))

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/livez", timeout=1).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(answers, SETTLED_WITHIN_S, "the second API answers")
    yield url
    house.kill("api-2")


def positions(house: House, after: int, area: str | None = None) -> list[int]:
    """Return the places in the alarm log after one, as the database has them."""
    with psycopg.connect(house.database_url, autocommit=True) as conn:
        rows = conn.execute(
            "SELECT seq FROM alarm_log WHERE seq > %s AND (%s::text IS NULL OR alarm->>'area' = %s)"
            " ORDER BY seq",
            (after, area, area),
        ).fetchall()
    return [row[0] for row in rows]


def is_of(device: str, one: Told) -> bool:
    return one.data.get("device") == device


def ids(told: list[Told]) -> list[int]:
    return [one.id for one in told if one.event == "alarm"]


class Actor(threading.Thread):
    """Does something over and over, in its own thread, until told to stop."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.ends = threading.Event()
        self.done = 0

    def act(self) -> None:
        """Do it once, and count what was done."""
        raise NotImplementedError

    def run(self) -> None:
        """Act until told to stop."""
        while not self.ends.is_set():
            self.act()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        self.join(SETTLED_WITHIN_S)
        assert not self.is_alive()


class Writer(Actor):
    """A panel whose detectors see smoke one after the other, some milliseconds apart."""

    def __init__(self, house: House, number: int) -> None:
        super().__init__(f"writer-{number}")
        self._panel = Panel(house.kafka, f"busy-{number}-{uuid4()}")
        self._area = AREAS[number % 2]
        self._random = random.Random(number)

    def act(self) -> None:
        """Raise one alarm."""
        if self.done == ALARMS_EACH_MAX:
            self.ends.wait(SETTLED_WITHIN_S)
            return
        self._panel.alarm(f"{self._panel.name}-{self.done}", area=self._area)
        self.done += 1
        self.ends.wait(self._random.random() * PAUSE_S_MAX)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._panel.__exit__()

    def is_stored(self, house: House) -> bool:
        """Whether every alarm is in the log."""
        raised = house.row(
            "SELECT count(*) FROM alarm_log WHERE type = 'raised' AND starts_with("
            "alarm->>'device', %s)",
            self._panel.name,
        )
        return int(raised[0]) == self.done


class Operator(Actor):
    """Acknowledges what it hears of, thinks again, and acknowledges it after all."""

    def __init__(self, house: House) -> None:
        super().__init__("operator")
        self._house = house
        self._seen: set[str] = set()

    def run(self) -> None:
        """Work while looking at a screen."""
        url = f"{self._house.url}/api/v1/alarms"
        with Live(self._house.url) as self._live, httpx.Client(base_url=url) as self._client:
            super().run()

    def act(self) -> None:
        """Take the next new alarm, if there is one."""
        fresh = (one.data["id"] for one in self._live.alarms())
        alarm_id = next((one for one in fresh if one not in self._seen), None)
        if alarm_id is None:
            self.ends.wait(PAUSE_S_MAX)
            return
        self._seen.add(alarm_id)
        for move in ("acknowledge", "unacknowledge", "acknowledge"):
            answer = self._client.post(f"/{alarm_id}/{move}", json={"by": "Trực ban"})
            assert answer.status_code == 200, answer.text
            self.done += 1


@contextmanager
def busy(house: House) -> Iterator[Callable[[], bool]]:
    """Let eight panels raise alarms and an operator move them; yields «was it enough?».

    At the end all that was written is in the alarm log, and nothing more comes.
    """
    writers = [Writer(house, number) for number in range(WRITERS)]
    operator = Operator(house)
    with ExitStack() as stack:
        for actor in (operator, *writers):
            stack.enter_context(actor)
        yield lambda: operator.done >= MOVES and all(one.done >= ALARMS_EACH for one in writers)
    eventually(
        lambda: all(one.is_stored(house) for one in writers), SETTLED_WITHIN_S, "all is stored"
    )


class Roamer(Actor):
    """Reads a few events, loses its connection, comes back with the last id; again and again."""

    def __init__(self, urls: list[str], first: Told, seed: int) -> None:
        super().__init__(f"roamer-{seed}")
        self.told: list[Told] = [first]
        self._urls = urls
        self._random = random.Random(seed)

    def act(self) -> None:
        """Come, read for a while, and be cut off."""
        enough, patience_s = self._random.randint(1, 30), self._random.random() * 0.5
        with Live(self._random.choice(self._urls), last_event_id=self.told[-1].id) as live:
            live.wait_count(enough, patience_s)
        self.told += live.told
        self.done += 1


def test_who_comes_back_again_and_again_misses_nothing_and_sees_nothing_twice(
    house: House, second_api: str
) -> None:
    both = [house.url, second_api]
    with ExitStack() as stack:
        steady = [stack.enter_context(Live(url)) for url in both]
        starts = [live.wait_event("snapshot") for live in steady]
        roamers = [stack.enter_context(Roamer(both, starts[0], seed)) for seed in range(3)]
        with busy(house) as is_enough:
            eventually(is_enough, SETTLED_WITHIN_S, "a busy time")
        wanted = positions(house, starts[0].id)

        def is_settled() -> bool:
            heard = [*(ids(live.told) for live in steady), *(ids(one.told) for one in roamers)]
            return all(found and found[-1] >= wanted[-1] for found in heard)

        eventually(is_settled, SETTLED_WITHIN_S, "every client at the end of the log")
    assert len(wanted) >= WRITERS * ALARMS_EACH + MOVES
    for roamer in roamers:
        assert roamer.done >= 5
        assert not {one.event for one in roamer.told[1:]} & {"reset", "snapshot", "dropped"}
        assert ids(roamer.told) == wanted
        assert all(a.id <= b.id for a, b in pairwise(roamer.told))
    for live, start in zip(steady, starts, strict=True):
        assert ids(live.told) == [place for place in wanted if place > start.id]
    # The same place in the log is the same change of the same alarm on both processes.
    first, second = ({one.id: one.data for one in live.alarms()} for live in steady)
    assert first == second


def test_a_snapshot_and_what_follows_it_have_no_gap(house: House) -> None:
    with ExitStack() as stack:
        views: list[Live] = []

        def look_again() -> bool:
            views.append(stack.enter_context(Live(house.url, query={"profile": "console"})))
            views[-1].wait_event("snapshot")
            return len(views) >= 10 and is_enough()

        with busy(house) as is_enough:
            eventually(look_again, SETTLED_WITHIN_S, "ten views opened in a busy time")
        end = positions(house, 0)[-1]
        for live in views:
            live.wait(lambda one: one.id >= end, TOLD_WITHIN_S, "the end of the log")
    wanted = open_now(house)
    for live in views:
        start = live.told[0]
        assert (start.event, start.id) == ("snapshot", start.data["position"])
        assert start.data["alarms_total"] == len(start.data["alarms"])
        assert ids(live.told) == positions(house, start.id)
        known = {one["id"]: one for one in start.data["alarms"]}
        known |= {one.data["id"]: one.data for one in live.alarms()}
        still = {name: told(one) for name, one in known.items() if one["state"] != "normal"}
        assert still == wanted


def told(alarm: JsonObject) -> JsonObject:
    """Return what its feed tells of an alarm.

    Which is the first of its group is looked up for lists only; what is shown again after a flood
    has no entry in the log (ADR 14), the tile `flood` tells it.
    """
    return {name: value for name, value in alarm.items() if name not in {"first_out", "folded"}}


def open_now(house: House) -> dict[str, JsonObject]:
    """Return every open alarm by id, as `/alarms` pages them."""
    found: dict[str, JsonObject] = {}
    page = house.get("/alarms", limit=1000)
    while True:
        found |= {one["id"]: told(one) for one in page["alarms"]}
        if page["next"] is None:
            return found
        page = house.get("/alarms", limit=1000, cursor=page["next"])


def test_a_view_of_a_commune_hears_of_that_commune_only(house: House) -> None:
    with (
        Live(house.url, query={"area": AREAS[1]}) as mine,
        Live(house.url, query={"area": "19"}) as whole,
        Panel(house.kafka, f"area-{uuid4()}") as panel,
    ):
        start = mine.wait_event("snapshot")
        assert {one["area"] for one in start.data["alarms"]} <= {AREAS[1]}
        assert start.data["overview"]["area"] == AREAS[1]
        whole.wait_event("snapshot")
        heard = []
        for name, area in (("there", AREAS[0]), ("here", AREAS[1])):
            device = f"{panel.name}-{name}"
            panel.alarm(device, area=area)
            heard.append(whole.wait(partial(is_of, device), TOLD_WITHIN_S, f"{device}, in all"))
        last = heard[-1]
        mine.wait(lambda one: one.event == "alarm" and one.id >= last.id, TOLD_WITHIN_S, "mine")
    with Live(house.url, last_event_id=start.id, query={"area": AREAS[1]}) as again:
        again.wait(lambda one: one.event == "alarm" and one.id >= last.id, TOLD_WITHIN_S, "again")
    for live in (mine, again):
        assert ids(live.told) == positions(house, start.id, AREAS[1])
        assert {one.data["area"] for one in live.alarms()} == {AREAS[1]}
    assert [one.data["area"] for one in heard] == list(AREAS)


@pytest.mark.parametrize("unknown", ["999999999", "nonsense", "-1"])
def test_an_id_that_never_was_gets_a_reset_and_a_fresh_snapshot(house: House, unknown: str) -> None:
    with Live(house.url, last_event_id=unknown) as live:
        live.wait_event("snapshot")
        reset, snapshot = live.told[:2]
        # A snapshot may be shared and a moment old; the rest follows it.
        end = positions(house, 0)[-1]
        live.wait(lambda one: one.id >= end, TOLD_WITHIN_S, "the end of the log")
    assert (reset.event, snapshot.event) == ("reset", "snapshot")
    assert reset.data["reason"]
    assert ids(live.told) == positions(house, snapshot.id)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/livez/../api/v1/overview", {"Host": "evil.example"}),
        ("/api/v1/overview", {"Host": "evil.example:8080"}),
        ("/api/v1/live", {"Host": "127.0.0.1.evil.example"}),
        ("/wall", {"Host": "evil.example"}),
        ("/api/v1/live", {"Origin": "https://evil.example"}),
        ("/api/v1/live", {"Origin": "null"}),
        ("/api/v1/live", {"Origin": "http://127.0.0.1:1"}),
    ],
)
def test_pages_of_others_see_nothing(house: House, path: str, headers: dict[str, str]) -> None:
    answer = httpx.get(house.url + path, headers=headers, timeout=5)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_page_sees_the_live_view(house: House) -> None:
    with Live(house.url, headers={"Origin": house.url}) as live:
        live.wait_event("snapshot")


def test_pages_of_others_move_no_alarm(house: House) -> None:
    with Live(house.url) as live, Panel(house.kafka, f"move-{uuid4()}") as panel:
        live.wait_event("snapshot")
        panel.alarm(panel.name)
        seen = live.wait(partial(is_of, panel.name), TOLD_WITHIN_S, "it")
    alarm_id, before = seen.data["id"], seen.data
    answer = house.post(f"/alarms/{alarm_id}/close", {"by": "evil"}, Origin="https://evil.example")
    assert answer.status_code == 403
    assert told(house.get(f"/alarms/{alarm_id}")) == told(before)


def dropped(house: House) -> dict[str, float]:
    """Return how many views the API dropped, by reason."""
    text = httpx.get(f"{house.url}/metrics", timeout=5).text
    found = re.findall(r'^ioc_api_sse_dropped_total\{reason="(\w+)"\} (\S+)', text, re.MULTILINE)
    return {reason: float(n) for reason, n in found}


def test_who_does_not_read_is_dropped_with_a_reason_and_holds_nobody_up(
    house: House, second_api: str
) -> None:
    with (
        Live(house.url) as beside,
        Live(second_api) as elsewhere,
        Panel(house.kafka, f"flood-{uuid4()}") as panel,
    ):
        start = beside.wait_event("snapshot")
        elsewhere.wait_event("snapshot")
        with DeafClient(house.url):
            flood(panel)
            house_has(panel.name, beside, FLOOD)

            def probed_until_dropped() -> dict[str, float] | None:
                raise_one_more(panel, beside)
                return dropped(house)

            found = eventually(probed_until_dropped, SETTLED_WITHIN_S, "the deaf one is dropped")
            assert set(found) <= {"write_timeout", "queue_full"}
            assert sum(found.values()) == 1
        last = beside.alarms()[-1].id
        elsewhere.wait(lambda one: one.id >= last, TOLD_WITHIN_S, "the last on the other process")
    assert "dropped" not in {one.event for one in beside.told}
    wanted = positions(house, start.id)
    assert ids(beside.told) == wanted
    # On the other process nobody is deaf: what both heard, both heard in the same moment.
    there = {one.id: one.heard_s for one in elsewhere.alarms()}
    behind_s = [one.heard_s - there[one.id] for one in beside.alarms() if one.id in there]
    assert len(behind_s) > FLOOD
    assert max(behind_s) < AT_ONCE_S


def flood(panel: Panel) -> None:
    """Raise more alarms than a process keeps, all of different devices."""
    sent = [panel.send(panel.reading(f"{panel.name}-{n}", "alarm")) for n in range(FLOOD)]
    for one in sent:
        one.get(timeout=SETTLED_WITHIN_S)


def house_has(name: str, live: Live, n: int) -> None:
    """Wait until a client heard of `n` alarms of a panel."""

    def look() -> bool:
        heard = [one for one in live.alarms() if str(one.data["device"]).startswith(name)]
        return len(heard) >= n

    eventually(look, SETTLED_WITHIN_S, f"{n} alarms of {name} heard")


def raise_one_more(panel: Panel, live: Live) -> None:
    """Raise an alarm and wait until a client has heard of it."""
    device = f"{panel.name}-{uuid4()}"
    panel.alarm(device)
    live.wait(partial(is_of, device), AT_ONCE_S * 2, "a probe")


def test_who_was_away_for_too_long_gets_a_reset_and_a_fresh_snapshot(house: House) -> None:
    if house.count("alarm_log") < FLOOD:  # the test before this one has done it, but when alone
        with Panel(house.kafka, f"flood-{uuid4()}") as panel:
            flood(panel)
            eventually(
                lambda: house.count("alarm_log") >= FLOOD,
                SETTLED_WITHIN_S,
                "a log longer than kept",
            )
    oldest, newest = positions(house, 0)[0], positions(house, 0)[-1]
    with Live(house.url) as live:
        live.wait(lambda one: one.id >= newest, TOLD_WITHIN_S, "the end of the log")
    with Live(house.url, last_event_id=oldest) as live:
        live.wait_event("snapshot")
        reset, snapshot = live.told[:2]
    assert (reset.event, snapshot.event) == ("reset", "snapshot")
    assert snapshot.data["position"] == newest
    assert len(snapshot.data["alarms"]) == 200
    assert snapshot.data["alarms_total"] == len(open_now(house))
