"""The quick reader and the judge agree on everything of which the quick one is sure."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioc.event import DEPTH_MAX, Event, Reason, Refusal, quick
from ioc.event.judge import judge
from ioc.source import BY_TYPE
from tests.benchmarks.load import make_load

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
ENVELOPE = {
    "specversion": "1.0",
    "id": "1",
    "source": "/s",
    "time": "2026-11-22T06:59:00Z",
    "subject": "s",
    "area": "05443",
    "device": "d",
}
DATA: dict[str, dict[str, Any]] = {
    "ioc.camera.alert": {
        "label": "smoke",
        "phase": "new",
        "score": 0.5,
        "zones": ["gate"],
        "severity": "high",
        "lat": 21.59,
        "lon": 105.84,
        "snapshot_url": "https://camera.example/1.jpg",
    },
    "ioc.fire.reading": {
        "kind": "smoke",
        "state": "alarm",
        "value": 31,
        "unit": "Cel",
        "battery": 0.8,
        "lat": 21.59,
        "lon": 105.84,
    },
    "ioc.citizen.report": {
        "report": "PA-1",
        "category": "đường",
        "status": "open",
        "description": "Ổ gà",
        "emergency": False,
        "channel": "app",
        "address": "Số 1",
        "due_at": "2026-11-25T00:00:00+07:00",
        "reporter": {"name": "A", "phone": "0"},
        "media": ["a"],
    },
    "ioc.queue.ticket": {
        "office": "PDP",
        "ticket": "A1",
        "action": "issued",
        "service": "land",
        "counter": "3",
    },
    "ioc.queue.dossier": {
        "office": "PYE",
        "dossier": "H1",
        "action": "received",
        "procedure": "1.0",
        "due_at": "2026-11-25T00:00:00.5Z",
        "level": "4",
    },
}
TYPES = st.sampled_from(sorted(DATA))
MOMENTS = [
    "2026-11-22T06:59:00.123456Z",
    "2026-11-22T06:59:00.1234567Z",
    "2026-11-22T06:59:00.9999999+07:00",
    "2026-11-22T06:59:59.99999999+0000",
    "2026-11-22t06:59:00z",
    "2026-11-22 13:59:00+07",
    "2026-11-22T13:59:00+0700",
    "2026-11-22T13:59:00.000001+07:00",
    "2026-11-22T06:59Z",
    "2026-11-22T06:59:00",
    "2026-11-22T06:59:60Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T06:59:00,5Z",
    "2026-11-22",
    "20261122T065900Z",
    "1969-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2999-12-31T00:00:00.0000001Z",
    "2026-11-22T06:59:00-00:00",
    "1763794740",
    " 2026-11-22T06:59:00Z",
]
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(min_size=250, max_size=260),
    st.sampled_from(["", "\0", "\ud800", "1.0", "new", "high", "open", "a\\u0000", "đ", "NaN"]),
)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=2**62, max_value=2**70),
        st.floats(),
        TEXTS,
        st.sampled_from(MOMENTS),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)


def topic_of(event_type: str) -> str:
    return BY_TYPE[event_type].topic


def check(value: bytes, topic: str) -> None:
    """Fail unless the quick reader is not sure, or says what the judge says."""
    found = quick.read(value, topic, NOW)
    if found is None:
        return
    said = judge(value, (), topic, NOW)
    assert isinstance(said, Event), said
    assert msgspec.structs.replace(found, text=b"") == msgspec.structs.replace(said, text=b"")
    stored, expected = json.loads(found.text), json.loads(said.text)
    for each in (stored, expected):
        if isinstance(found.data.get("due_at"), datetime):
            assert datetime.fromisoformat(each.pop("due_at")[:19]) is not None
    assert stored == expected


@given(st.data())
@settings(max_examples=1500, deadline=None)
def test_they_agree_whatever_a_field_holds(data: st.DataObject) -> None:
    event_type = data.draw(TYPES)
    envelope: dict[str, Any] = {**ENVELOPE, "type": event_type, "data": dict(DATA[event_type])}
    for _ in range(data.draw(st.integers(0, 3))):
        of = data.draw(st.sampled_from([envelope, envelope.get("data")]))
        if not isinstance(of, dict):
            break
        name = data.draw(st.one_of(st.sampled_from(sorted(of) or ["x"]), st.text(max_size=6)))
        if data.draw(st.booleans()):
            of[name] = data.draw(JSON)
        else:
            of.pop(name, None)
    written = json.dumps(envelope, ensure_ascii=data.draw(st.booleans()))
    check(written.encode("utf-8", "surrogatepass"), topic_of(event_type))


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("field", ["time", "due_at"])
def test_they_agree_on_every_way_to_write_a_moment(field: str, moment: str) -> None:
    event = {**ENVELOPE, "type": "ioc.queue.dossier", "data": dict(DATA["ioc.queue.dossier"])}
    (event if field == "time" else event["data"])[field] = moment  # type: ignore[index]
    check(json.dumps(event).encode(), "ioc.queue.v1")


@given(st.data())
@settings(max_examples=1500, deadline=None)
def test_they_agree_on_broken_bytes(data: st.DataObject) -> None:
    event_type = data.draw(TYPES)
    event = {**ENVELOPE, "type": event_type, "data": DATA[event_type] | {"more": {"a": ["b", 1.5]}}}
    value = bytearray(json.dumps(event, ensure_ascii=False).encode())
    piece = st.one_of(
        st.binary(min_size=1, max_size=3),
        st.sampled_from([b"\\", b'\\"', b"\\u00e1", b"\\ud800", b'"', b",", b"{", b"]", b"\xff",
                         b"\xed\xa0\x80", b"1e999", b"-0", b"01", b"\x01", b"\0", b" ", b"\n",
                         b'"data":{},', b'"id":"2",', b'"label":1,', b'"action":"called",',
                         b"NaN", b"Infinity", b"null", b"true", b"0.1e5", b"9" * 30]),
    )  # fmt: skip
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value)))
        length = data.draw(st.sampled_from([0, 0, 1, 2, 5]))
        value[at : at + length] = data.draw(piece)
    check(bytes(value), topic_of(event_type))


@pytest.mark.parametrize("event_type", sorted(DATA))
def test_a_field_written_twice_counts_as_written_last(event_type: str) -> None:
    event = {**ENVELOPE, "type": event_type, "data": DATA[event_type]}
    for name in [*ENVELOPE, *DATA[event_type]]:
        written = json.dumps(event)
        first = written.index(f'"{name}":')
        for twice in ('"x"', "1", "null", '"2020-01-01T00:00:00Z"', '{"kind":"heat"}'):
            check(
                f'{written[:first]}"{name}": {twice}, {written[first:]}'.encode(),
                topic_of(event_type),
            )


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("deep", [DEPTH_MAX, 1_000, 20_000])
@pytest.mark.parametrize("place", ["data", "attribute", "instead"])
def test_depth_is_the_judge_s_to_measure(place: str, deep: int, opened: str, closed: str) -> None:
    nested = opened * deep + "1" + closed * deep
    event = {**ENVELOPE, "type": "ioc.fire.reading", "data": DATA["ioc.fire.reading"]}
    written = json.dumps(event)
    of_data = json.dumps(event["data"])
    value = {
        "data": written.replace(of_data, of_data[:-1] + f', "deep": {nested}}}'),
        "attribute": written[:-1] + f', "deep": {nested}}}',
        "instead": nested,
    }[place].encode()
    assert quick.read(value, "ioc.fire.v1", NOW) is None
    said = judge(value, (), "ioc.fire.v1", NOW)
    assert isinstance(said, Refusal)
    if place != "instead":
        assert said.reason is Reason.TOO_DEEP


def test_the_everyday_is_read_quickly() -> None:
    records = make_load(2_000, NOW).records
    unsure = [each for each in records if quick.read(each.value, each.topic, NOW) is None]
    assert all(b'"broken"' in each.value for each in unsure)
    random_ = random.Random(7)
    for each in random_.sample(records, 200):
        check(each.value, each.topic)
