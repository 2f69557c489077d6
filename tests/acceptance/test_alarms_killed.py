"""SIGKILL of each process in turn while alarms live: no acknowledgement, shelf, delay, window,
approval or timer is lost, and what is overdue is handled in the order in which it was due."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from ioc import clock
from tests.acceptance.conftest import embedded_broker
from tests.acceptance.house import House, JsonObject, eventually

WITHIN_S = 90.0
SECOND = timedelta(seconds=1)
SITE = """\
rules:
  - id: hot
    title: "Quá nóng"
    title_en: "Too hot"
    type: ioc.fire.reading
    kind: threshold
    when: {kind: temperature}
    threshold: {value: value, above: 60, deadband: 5, on_delay: 12s}
    per: device
    severity: medium
  - id: door
    title: "Cửa mở"
    title_en: "Door open"
    type: ioc.fire.reading
    kind: match
    when: {kind: tamper, state: alarm}
    per: device
    severity: high
    acknowledge: {required: true, expires: 1m}
    two_person: [close]
    clear: {when: {kind: tamper, state: restore}}
"""
#: Nothing is damped: the test itself makes the unrest.
PHILOSOPHY = "philosophy: {chattering: off}\n"


@pytest.fixture
def house(postgres_url: str, tmp_path: Path) -> Iterator[House]:
    """A house with rules of its own, on the embedded broker."""
    name = f"killed_{tmp_path.name.replace('-', '_')}"[:60]
    with ExitStack() as stack:
        with psycopg.connect(postgres_url, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        broker = embedded_broker(stack, tmp_path / "broker")
        site = tmp_path / "site"
        (site / "rules").mkdir(parents=True)
        (site / "rules" / "site.yaml").write_text(SITE, encoding="utf-8")
        (site / "philosophy.yaml").write_text(PHILOSOPHY, encoding="utf-8")
        built = House(
            tmp_path,
            broker.address,
            postgres_url.replace("@/ioc?", f"@/{name}?"),
            broker.log_id,
            {"IOC_CONFIG_DIR": str(site)},
            is_quiet=False,
        )
        done = built.ioc("migrate")
        assert done.returncode == 0, done.stderr
        stack.callback(built.stop)
        built.start("worker", "notifier", "api")
        built.wait_ready()
        yield built


def rows(house: House, query: str, *values: object) -> list[dict[str, Any]]:
    with psycopg.connect(house.database_url, autocommit=True, row_factory=dict_row) as conn:
        return conn.execute(query.encode(), values).fetchall()


def reading(device: str, kind: str, n: int, **data: object) -> JsonObject:
    return {
        "specversion": "1.0",
        "type": "ioc.fire.reading",
        "source": "/panel/1",
        "id": f"{device}-{kind}-{n}",
        "time": clock.now().isoformat(),
        "area": "05443",
        "device": device,
        "data": {"kind": kind, **data},
    }


def alarm_of(house: House, rule: str, device: str) -> JsonObject:
    def look() -> JsonObject | None:
        found = house.get("/alarms", rule=rule, limit=1000)["alarms"]
        return next((each for each in found if each["device"] == device), None)

    return eventually(look, WITHIN_S, f"an alarm {rule} of {device}")


def move(house: House, alarm: JsonObject, name: str, status: int = 200, **body: Any) -> JsonObject:
    answer = house.post(f"/alarms/{alarm['id']}/{name}", {"by": "lan", "comment": "x", **body})
    assert answer.status_code == status, answer.text
    found: JsonObject = answer.json()
    return found


def restart(house: House, name: str) -> None:
    """Kill a process without a goodbye, and start it anew."""
    house.kill(name)
    house.start(name)
    if name != "notifier":
        house.wait_ready()


def shelf_until(house: House, alarm: JsonObject, seconds: float) -> None:
    until = (clock.now() + SECOND * seconds).isoformat()
    move(house, alarm, "shelve", until=until)


def scans(house: House) -> dict[str, Any]:
    """Return when each rule about time looks next."""
    found = rows(house, "SELECT key, due_at FROM timers WHERE kind = 'scan'")
    return {row["key"]: row["due_at"] for row in found}


def make_window(house: House) -> None:
    """Have a maintenance window of half a minute."""
    answer = house.post(
        "/suppressions",
        {
            "kind": "maintenance",
            "matcher": {"rules": ["hot"], "devices": ["elsewhere"]},
            "reason": "thử",
            "until": (clock.now() + SECOND * 25).isoformat(),
            "by": "lan",
        },
    )
    assert answer.status_code == 201, answer.text


def test_whoever_is_killed_nothing_of_the_alarms_is_lost(house: House) -> None:
    doors = [f"door-{n}" for n in range(6)]
    house.send([reading(each, "tamper", 1, state="alarm") for each in doors])
    alarms = {each: alarm_of(house, "door", each) for each in doors}

    # In the air: acknowledgements that expire, shelves that end, a delay, a silence, a window, an
    # approval, and scans.
    for each in doors[:2]:
        move(house, alarms[each], "acknowledge")
    for n, each in enumerate(doors[2:5]):
        shelf_until(house, alarms[each], 48 - 4 * n)
    asked = move(house, alarms["door-5"], "close", 202, code="true")
    house.send([reading("boiler", "temperature", 1, state="normal", value=70)])
    make_window(house)
    armed = {
        (row["kind"], row["key"]): row["due_at"]
        for row in rows(
            house, "SELECT kind, key, due_at FROM timers WHERE kind IN ('shelf', 'ack', 'approval')"
        )
    }
    assert len([kind for kind, _ in armed if kind == "shelf"]) == 3
    assert len([kind for kind, _ in armed if kind == "ack"]) == 2

    scanning = scans(house)
    assert scanning, "the shipped rules about time"
    for name in ("api", "worker", "notifier"):
        restart(house, name)
        now = {
            (row["kind"], row["key"]): row["due_at"]
            for row in rows(house, "SELECT kind, key, due_at FROM timers")
        }
        early = {key: due_at for key, due_at in armed.items() if due_at > clock.now() + SECOND}
        assert {key: now.get(key) for key in early} == early, f"after the kill of the {name}"

    # Away while everything comes due: the oldest debt is paid first.
    house.kill("notifier")
    shelved = [alarms[each] for each in doors[2:5]]
    latest = max(due_at for (kind, _), due_at in armed.items() if kind in {"shelf", "ack"})
    time.sleep(max(0.0, (latest - clock.now()).total_seconds()) + 1)
    house.start("notifier")
    eventually(
        lambda: not rows(house, "SELECT 1 FROM timers WHERE kind IN ('shelf', 'ack')"),
        WITHIN_S,
        "every overdue shelf and acknowledgement",
    )
    back = rows(
        house,
        "SELECT alarm_id::text, type FROM alarm_log "
        "WHERE type IN ('unshelved', 'reminder') ORDER BY seq",
    )
    due = sorted(
        (due_at, "unshelved" if kind == "shelf" else "reminder", key)
        for (kind, key), due_at in armed.items()
        if kind in {"shelf", "ack"}
    )
    assert [(row["alarm_id"], row["type"]) for row in back] == [
        (key, type_) for _, type_, key in due
    ], "each once, in the order in which they were due"
    for alarm in shelved:
        assert house.get(f"/alarms/{alarm['id']}")["state"] == "unacknowledged"

    # The delay has run out, once, and the scans go on where they were.
    alarm_of(house, "hot", "boiler")
    assert len(rows(house, "SELECT 1 FROM alarm_log WHERE type = 'raised' AND rule = 'hot'")) == 1
    assert scans(house).keys() == scanning.keys()
    eventually(
        lambda: all(due_at > scanning[key] for key, due_at in scans(house).items()),
        WITHIN_S,
        "every scan after the kills",
    )

    # The approval still waits for somebody else, and the window has ended by itself.
    approval = asked["approval"]["id"]
    restart(house, "api")
    assert house.post(f"/approvals/{approval}/approve", {"by": "lan"}).status_code == 409
    approved = house.post(f"/approvals/{approval}/approve", {"by": "minh"})
    assert approved.status_code == 200, approved.text
    assert house.get(f"/alarms/{alarms['door-5']['id']}")["state"] == "normal"
    eventually(
        lambda: rows(house, "SELECT 1 FROM suppressions WHERE ended_at IS NOT NULL"),
        WITHIN_S,
        "the end of the maintenance window",
    )
    ended = rows(house, "SELECT type, count(*) AS n FROM suppression_log GROUP BY type")
    assert all(row["n"] == 1 for row in ended), ended
