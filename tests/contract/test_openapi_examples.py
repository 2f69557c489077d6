"""The API's own document: every call has examples, and they work on the real application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest

from api.app import create_app
from api.examples import EVENT, KEY, WALL_LINK
from connectors.timescale import keys
from connectors.timescale.alarms import apply
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.alarm import Alarm, State, Step, Transition
from ioc.rule import shipped
from ioc.settings import Settings
from ioc.severity import Severity
from tests.api_server import running_api, running_broker
from tests.recorder import running_recorder

METHODS = ("get", "post", "put", "patch", "delete")
ALARM = UUID("0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10")
WEBHOOK = UUID("7f2c0d5e-6f0f-4b52-9b0b-0d6f7a1f2c3d")
SUPPRESSION = UUID("d3b6a4a0-5d5b-4f5e-8f0b-0c2f5f3f7a11")
#: One with two alarms, and another that it may go into.
INCIDENTS = (
    UUID("5c7f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10"),
    UUID("6d8f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a11"),
)
#: The same each time: the API remembers whose key it was for some seconds.
KEY_ID = uuid4()
#: What has to have been done to the alarm before.
FIRST = {
    "unacknowledge": "acknowledge",
    "unshelve": "shelve",
    "return-to-service": "remove-from-service",
}
#: What only the stream does.
STREAM_FIRST: dict[str, LiteralString] = {
    "reset": "UPDATE alarms SET latched = true, active = false, state = 'acknowledged'"
}
APPROVAL = UUID("9a3c1f52-3a53-4d9e-8f0b-0c2f5f3f7a10")
PICTURE = UUID("3f7a0c9e-3a53-5d9e-8f0b-0c2f5f3f7a12")
WHAT_IF = UUID("3b6a4a0d-5d5b-4f5e-8f0b-0c2f5f3f7a12")
#: A stream never ends; the tests of live views read it.
STREAMS = {"/api/v1/live"}
TABLES = (
    "alarms, alarm_log, dead_letters, endpoints, deliveries, timers, keys, sessions, events,"
    " reports, approvals, suppressions, suppression_log, incidents, incident_alarms,"
    " incident_splits, incident_log, evidence, floods, chatter, scan_findings, rule_versions,"
    " what_ifs"
)


@dataclass(frozen=True)
class Call:
    """One operation of the document, with the request that its examples make."""

    method: str
    path: str
    operation: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


DOCUMENT = create_app(Settings()).openapi()
COMPONENTS = DOCUMENT["components"]


def calls() -> list[Call]:
    return [
        Call(method, path, operation)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
    ]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    # What stands beside a reference speaks about this place, so it wins.
    return {**COMPONENTS["schemas"][name], **schema} if name else schema


def example(schema: dict[str, Any]) -> Any:
    """Return the example of a schema, put together from its properties when it has none itself."""
    schema = resolved(schema)
    if "example" in schema:
        return schema["example"]
    if "examples" in schema:
        return schema["examples"][0]
    for choice in schema.get("anyOf", ()):
        if (found := example(choice)) is not None:
            return found
    if "properties" not in schema:
        return None
    made = {name: example(inner) for name, inner in schema["properties"].items()}
    return {
        name: value
        for name, value in made.items()
        if value is not None or name in schema.get("required", ())
    }


def bodies(call: Call) -> list[tuple[dict[str, str], bytes | None]]:
    """Return the headers and bytes of every body in the document."""
    content = call.operation.get("requestBody", {}).get("content")
    if content is None:
        return [({}, None)]
    made: list[tuple[dict[str, str], bytes | None]] = []
    for media_type, body in content.items():
        value = body["example"] if "example" in body else example(body["schema"])
        made.append(({"Content-Type": media_type}, json.dumps(value).encode()))
    return made


def parameters(call: Call, where: str) -> dict[str, Any]:
    found = {
        each["name"]: each.get("example", example(each["schema"]))
        for each in call.operation.get("parameters", ())
        if each["in"] == where
    }
    return {name: value for name, value in found.items() if value is not None}


def success(call: Call) -> int:
    return next(int(status) for status in call.operation["responses"] if status[0] in "23")


# The site ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_broker(tmp_path_factory.mktemp("broker")) as address:
        yield address


@pytest.fixture(scope="module")
def recorder() -> Iterator[str]:
    with running_recorder() as url:
        yield url


@pytest.fixture
def api(database_url: str, kafka: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(
        database_url, kafka, tmp_path, auth=True, media_hosts=("127.0.0.1",)
    ) as client:
        client.headers["X-API-Key"] = KEY
        yield client


def seed(database: Database) -> None:
    """Put exactly what the examples speak of into the database."""
    now = clock.now()
    with database.transaction() as conn:
        conn.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE".encode())
        seed_keys(conn, now)
        seed_heard(conn, now)
        seed_said(conn, now)
        seed_alarms(conn, now)


def seed_keys(conn: Conn, now: datetime) -> None:
    """Put in the key that asks, and a link to a wall."""
    key, _ = keys.create(conn, "examples", "admin", None, now)
    conn.execute("UPDATE keys SET id = %s, hash = %s", [KEY_ID, keys.hashed(KEY)])
    link = keys.open_session(conn, replace(key, id=KEY_ID), now, timedelta(hours=1), is_link=True)
    conn.execute(
        "UPDATE sessions SET hash = %s WHERE hash = %s",
        [keys.hashed(WALL_LINK), keys.hashed(link)],
    )


def seed_heard(conn: Conn, now: datetime) -> None:
    """Put in what sources said: a record that nobody can read, a report, its event."""
    conn.execute(
        """INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source,
               reason, detail, raw) VALUES (%s, 'l', 'ioc.fire.v1', 0, 0, %s, 'fire',
               'wrong_topic', 'why', %s)""",
        [now, now, json.dumps(EVENT).encode()],
    )
    conn.execute(
        """INSERT INTO reports (report, area, category, status, status_at, emergency, event_id)
           VALUES ('PA-20391', '05443', 'traffic', 'open', %s, false, %s)""",
        [now, ALARM],
    )
    conn.execute(
        """INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area, ref,
               kind, partition, "offset", data) VALUES (%s, %s, %s, 'citizen',
               'ioc.citizen.report', '/app', 'PA-20391-1', '05443', 'PA-20391', 'open', 0, 0,
               '{"report": "PA-20391", "reporter": {"name": "Nguyễn Văn A"}}')""",
        [now, ALARM, now],
    )


def seed_said(conn: Conn, now: datetime) -> None:
    """Put in what people said: an endpoint, a rule, a silence, a question, an approval."""
    conn.execute(
        """INSERT INTO endpoints (id, name, url, secret, origin, created_at)
           VALUES (%s, %s, 'https://hooks.example.org/', 'whsec_', 'api', %s)""",
        [WEBHOOK, f"endpoint {uuid4()}", now],
    )
    conn.execute(
        """INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision)
           VALUES ('rule', 'fire-alarm', 1, %s, 'ioc migrate', %s, 'shipped', 'shipped',
               nextval('rule_revision'))""",
        [json.dumps(shipped().by_id["fire-alarm"].plain), now],
    )
    conn.execute(
        """INSERT INTO suppressions (id, kind, matcher, reason, by, from_at, until_at, origin,
               created_at) VALUES (%s, 'silence', '{"areas": ["05443"]}', 'why', 'who', %s,
               %s, 'api', %s)""",
        [SUPPRESSION, now, now + timedelta(hours=1), now],
    )
    conn.execute(
        """INSERT INTO what_ifs (id, text, why, from_at, to_at, warm_up_hours, by, at, state)
           VALUES (%s, 'text', 'why', %s, %s, 24, 'who', %s, 'waiting')""",
        [WHAT_IF, now - timedelta(hours=1), now, now],
    )
    conn.execute(
        """INSERT INTO approvals (id, subject, subject_id, move, body, by, at, expires_at)
           VALUES (%s, 'alarm', %s, 'close', '{"code": "false"}', 'Trực ban 1', %s, %s)""",
        [APPROVAL, str(ALARM), now, now + timedelta(minutes=15)],
    )


def seed_alarms(conn: Conn, now: datetime) -> None:
    """Put in two alarms, and two incidents, the first of which has them."""
    alarm = Alarm(
        id=ALARM,
        rule="fire-alarm",
        key="panel-1234/zone-101",
        source="fire",
        severity=Severity.HIGH,
        state=State.UNACKNOWLEDGED,
        active=True,
        area="05443",
        device="panel-1234/zone-101",
        title="Báo cháy: panel-1234/zone-101",
        title_en="Fire alarm: panel-1234/zone-101",
        guidance=("Gọi 114",),
        ack_required=True,
        raised_at=now,
        changed_at=now,
        condition_at=now,
        event_source="/sia/1234",
        event_id="panel-1234-0007",
        event_time=now,
    )
    second = replace(alarm, id=uuid4(), key="panel-1234/zone-102")
    apply(conn, [Transition(Step.RAISED, State.NORMAL, each, now) for each in (alarm, second)])
    for incident in INCIDENTS:
        conn.execute(
            """INSERT INTO incidents (id, title, title_en, severity, state, area, sources,
                   alarms, began_at, last_at, opened_at, changed_at, version)
               VALUES (%s, 'Cháy', 'Fire', 'high', 'open', '05443', '{fire}', 2, %s, %s, %s,
                   %s, 1)""",
            [incident, now, now, now, now],
        )
    for each in (alarm, second):
        conn.execute(
            "INSERT INTO incident_alarms (alarm_id, incident_id, at) VALUES (%s, %s, %s)",
            [each.id, INCIDENTS[0], now],
        )


def seed_picture(database: Database, recorder: str) -> None:
    """Put the camera's event that the example of a picture speaks of into the database."""
    with database.transaction() as conn:
        conn.execute(
            """INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area,
                   device, ref, kind, partition, "offset", data)
               VALUES ('2026-11-22T02:14:12Z', %s, now(), 'camera', 'ioc.camera.alert', '/c', '1',
                   '05443', 'cam', 'cam', 'smoke', 0, 0, %s)""",
            [PICTURE, json.dumps({"label": "smoke", "snapshot_url": f"{recorder}/good.png"})],
        )


def send(
    api: httpx.Client, call: Call, headers: dict[str, str], body: bytes | None
) -> httpx.Response:
    return api.request(
        call.method,
        call.path.format(**parameters(call, "path")),
        params=parameters(call, "query"),
        headers=headers,
        content=body,
    )


# The tests --------------------------------------------------------------------------------------


def test_every_call_of_the_contract_is_in_the_document() -> None:
    paths = set(DOCUMENT["paths"])
    for path in (
        *("/events", "/overview", "/series", "/queues/summary", "/dossiers/summary"),
        *("/alarms", "/alarms/{alarm_id}", "/alarms/{alarm_id}/log", "/live"),
        *("/areas", "/areas/{code}/boundary", "/areas/boundaries", "/rules"),
        *("/dead-letters", "/dead-letters/{letter_id}/retry", "/deliveries", "/webhooks"),
    ):
        assert f"/api/v1{path}" in paths
    for move in (
        *("acknowledge", "unacknowledge", "shelve", "unshelve", "assign", "comment", "close"),
    ):
        assert f"/api/v1/alarms/{{alarm_id}}/{move}" in paths


def test_every_call_says_what_it_does_and_has_examples() -> None:
    for call in calls():
        assert call.operation.get("description"), f"{call} has no sentence"
        for each in call.operation.get("parameters", ()):
            if each["required"]:
                name = each["name"]
                assert example(each["schema"]) is not None, f"{call}: {name} has no example"
        for _, body in bodies(call):
            assert body != b"null", f"{call}: no example of its body"
        assert "422" not in call.operation["responses"], f"{call}: we answer 400"


def test_every_example_works_and_its_answer_is_as_documented(
    api: httpx.Client, database: Database, recorder: str
) -> None:
    components = {"components": COMPONENTS}
    for call in calls():
        if call.path in STREAMS:
            continue
        for headers, body in bodies(call):
            seed(database)
            seed_picture(database, recorder)
            move = call.path.rpartition("/")[2]
            if move in FIRST:
                before = f"/api/v1/alarms/{ALARM}/{FIRST[move]}"
                done = api.post(before, json={"by": "x", "comment": "x", "minutes": 5})
                assert done.status_code == 200, f"{before}: {done.text}"
            if move in STREAM_FIRST:
                with database.transaction() as conn:
                    conn.execute(STREAM_FIRST[move])
            answer = send(api, call, headers, body)
            assert answer.status_code == success(call), f"{call}: {answer.text}"
            content = call.operation["responses"][str(answer.status_code)].get("content", {})
            if schema := content.get("application/json", {}).get("schema"):
                jsonschema.validate(answer.json(), {**schema, **components})


def test_an_error_is_as_documented(api: httpx.Client, database: Database) -> None:
    seed(database)
    schema = COMPONENTS["schemas"]["Problem"]
    for path in ("/api/v1/alarms/x", "/api/v1/nothing", "/api/v1/dead-letters/77"):
        jsonschema.validate(api.get(path).json(), schema)
