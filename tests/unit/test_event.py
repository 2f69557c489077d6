from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ioc.event import Event, Reason, Refusal, decode, depth, identity
from ioc.source import BY_TYPE

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
READING: dict[str, Any] = {
    "specversion": "1.0",
    "id": "panel-1234-0007",
    "source": "/sia/1234",
    "type": "ioc.fire.reading",
    "time": "2026-11-22T06:59:00Z",
    "area": "05443",
    "device": "panel-1234/zone-101",
    "data": {"kind": "smoke", "state": "alarm", "lat": 21.59, "lon": 105.84},
}
EXAMPLES = [
    READING,
    {
        **READING,
        "type": "ioc.camera.alert",
        "data": {"label": "smoke", "phase": "new", "score": 1, "severity": "high", "more": [1, {}]},
    },
    {
        **READING,
        "type": "ioc.citizen.report",
        "data": {"report": "PA-1", "category": "road", "status": "open", "emergency": True},
    },
    {
        **READING,
        "type": "ioc.queue.ticket",
        "data": {"office": "PDP", "ticket": "A017", "action": "issued"},
    },
    {
        **READING,
        "type": "ioc.queue.dossier",
        "data": {"office": "PYE", "dossier": "H55-1", "action": "received"},
    },
]


def read(event: dict[str, Any] | bytes, topic: str | None = None) -> Event | Refusal:
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    kind = event["type"] if isinstance(event, dict) else "ioc.fire.reading"
    source = BY_TYPE.get(kind)
    return decode(value, (), topic or (source.topic if source else "ioc.fire.v1"), NOW)


def reason(event: dict[str, Any] | bytes, topic: str | None = None) -> Reason:
    found = read(event, topic)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event["type"])
def test_each_type_is_read_and_names_what_it_is_about(event: dict[str, Any]) -> None:
    found = read(event)
    assert isinstance(found, Event)
    about = {
        "ioc.camera.alert": ("camera", "smoke", "panel-1234/zone-101"),
        "ioc.fire.reading": ("fire", "smoke", "panel-1234/zone-101"),
        "ioc.citizen.report": ("citizen", "road", "PA-1"),
        "ioc.queue.ticket": ("queue", "issued", "PDP/A017"),
        "ioc.queue.dossier": ("queue", "received", "PYE/H55-1"),
    }
    assert (found.source, found.kind, found.ref) == about[event["type"]]
    assert found.id == identity("/sia/1234", "panel-1234-0007")
    assert found.time == datetime(2026, 11, 22, 6, 59, tzinfo=UTC)


def test_unknown_data_fields_are_kept() -> None:
    found = read(EXAMPLES[1])
    assert isinstance(found, Event)
    assert found.data["more"] == [1, {}]


def test_binary_mode_reads_the_attributes_from_headers() -> None:
    headers = [
        (f"ce_{name}", str(READING[name]).encode())
        for name in ("specversion", "id", "source", "type", "time", "area", "device")
    ]
    value = json.dumps(READING["data"]).encode()
    found, structured = decode(value, headers, "ioc.fire.v1", NOW), read(READING)
    assert isinstance(found, Event)
    assert isinstance(structured, Event)
    assert json.loads(found.text) == json.loads(structured.text)
    assert replace(found, text=b"") == replace(structured, text=b"")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", Reason.NOT_JSON),
        (b'{"a":', Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b"[]", Reason.SCHEMA),
        (b"null", Reason.SCHEMA),
        (json.dumps({**READING, "more": float("nan")}).encode(), Reason.NOT_JSON),
        (json.dumps(READING).replace("0007", "\\ud800").encode(), Reason.NOT_JSON),
        (json.dumps({**READING, "id": "a\0b"}).encode(), Reason.NUL),
        (json.dumps({**READING, "id": "x" * 257}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "note": "x" * 262_144}).encode(), Reason.TOO_LARGE),
        (json.dumps({**READING, "time": "2026-11-22T06:59:00"}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "time": 1_700_000_000}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "time": "9999-12-31T23:59:59Z"}).encode(), Reason.CLOCK),
        (json.dumps({**READING, "time": "0001-01-01T00:00:00+14:00"}).encode(), Reason.CLOCK),
        (json.dumps({**READING, "data": {**READING["data"], "lat": "21"}}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "data": {**READING["data"], "lat": 91}}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "data": {"kind": "smoke"}}).encode(), Reason.SCHEMA),
        (json.dumps({**READING, "type": "ioc.fire.other"}).encode(), Reason.WRONG_TYPE),
        (json.dumps(READING).replace("21.59", "1e999").encode(), Reason.SCHEMA),
    ],
)
def test_what_cannot_be_used_says_why(value: bytes, expected: Reason) -> None:
    assert reason(value) is expected


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    text = json.dumps({**READING, "device": "a\\u0000"})
    assert isinstance(read(text.encode()), Event)


def test_a_type_on_another_sources_topic_is_refused() -> None:
    assert reason(READING, "ioc.camera.v1") is Reason.WRONG_TOPIC


def test_the_clock_is_judged_against_kafkas_time() -> None:
    ahead = NOW + timedelta(minutes=5)
    assert isinstance(read({**READING, "time": ahead.isoformat()}), Event)
    later = ahead + timedelta(microseconds=1)
    assert reason({**READING, "time": later.isoformat()}) is Reason.CLOCK


def test_an_offset_is_the_same_instant() -> None:
    local = datetime(2026, 11, 22, 13, 59, tzinfo=timezone(timedelta(hours=7)))
    found = read({**READING, "time": local.isoformat()})
    assert isinstance(found, Event)
    assert found.time == datetime(2026, 11, 22, 6, 59, tzinfo=UTC)


def test_brackets_in_strings_are_no_depth() -> None:
    assert depth(b'{"a": "[[[[{\\"[["}') == 1
    nested = {**READING, "data": {**READING["data"], "x": json.loads("[" * 40 + "]" * 40)}}
    assert reason(nested) is Reason.TOO_DEEP
    text = {**READING, "data": {**READING["data"], "x": "[" * 100}}
    assert isinstance(read(text), Event)


@given(st.binary(max_size=300))
def test_no_bytes_raise(value: bytes) -> None:
    assert isinstance(decode(value, (), "ioc.fire.v1", NOW), Refusal)


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=20) | st.integers() | st.none()))
def test_whatever_else_the_data_holds_the_event_is_read(more: dict[str, Any]) -> None:
    known = {"kind", "state", "value", "unit", "battery", "lat", "lon"}
    extra = {name: value for name, value in more.items() if name not in known}
    found = read({**READING, "data": {**READING["data"], **extra}})
    if any("\0" in f"{name}{value}" for name, value in extra.items()):
        assert isinstance(found, Refusal)
    else:
        assert isinstance(found, Event)
        assert found.data == {**READING["data"], **extra}


def test_the_project_s_examples_are_valid(repository: Path) -> None:
    path = repository / "tests" / "data" / "examples.ndjson"
    for line in path.read_bytes().splitlines():
        topic = BY_TYPE[json.loads(line)["type"]].topic
        found = decode(line, (), topic, datetime(2026, 12, 1, tzinfo=UTC))
        assert isinstance(found, Event), found


#: Records with one fault each, and what the reader says: the console has words for each of these.
REFUSED = json.loads(
    (Path(__file__).parents[1] / "data" / "refusals.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    "case", REFUSED, ids=lambda case: f"{case['reason']} {case['detail'][:40]}"
)
def test_the_reader_says_what_the_console_has_words_for(case: dict[str, str]) -> None:
    refused = decode(case["record"].encode(), [], case["topic"], NOW)
    assert refused == Refusal(Reason(case["reason"]), case["detail"])
