"""Five hundred records that nobody should ever send, from a seed, with what must become of each."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.protocol.produce import ProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

TOPIC = {
    "camera": "ioc.camera.v1",
    "fire": "ioc.fire.v1",
    "citizen": "ioc.citizen.v1",
    "queue": "ioc.queue.v1",
}
GOOD = frozenset({"stored"})
NOT_JSON, SCHEMA, CLOCK, NUL = (
    frozenset({name}) for name in ("not_json", "schema", "clock", "nul")
)
TOO_LARGE, TOO_DEEP = frozenset({"too_large"}), frozenset({"too_deep"})
WRONG_TYPE, WRONG_TOPIC = frozenset({"wrong_type"}), frozenset({"wrong_topic"})
#: The contract leaves open which; that somebody is told is what counts.
REFUSED = NOT_JSON | SCHEMA | WRONG_TYPE | CLOCK | NUL | TOO_LARGE
EITHER = GOOD | REFUSED
NO_TIMES = (
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+99:00",
    "yesterday",
    "",
)
#: Long ago: too late to raise an alarm.
OLD = "2020-05-05T12:00:00+07:00"

Headers = Sequence[tuple[str, Any]]


@dataclass(frozen=True)
class Payload:
    """One record; `outcomes` holds the reasons that it may be buried for, or «stored»."""

    name: str
    topic: str
    value: bytes | None
    outcomes: frozenset[str]
    key: bytes | None = b"05443"
    headers: Headers = ()
    timestamp_ms: int | None = None


@dataclass(frozen=True)
class Place:
    """Where Kafka put a record."""

    topic: str
    partition: int
    offset: int


def event(of: str = "fire", /, **more: Any) -> dict[str, Any]:
    """Return a good event of a source, with some attributes put in its place."""
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "camera": ("ioc.camera.alert", {"label": "person"}),
        "fire": ("ioc.fire.reading", {"kind": "heartbeat", "state": "normal"}),
        "citizen": (
            "ioc.citizen.report",
            {"report": "hostile", "category": "road", "status": "open"},
        ),
        "queue": (
            "ioc.queue.dossier",
            {"office": "hostile", "dossier": "hostile-1", "action": "received"},
        ),
    }
    kind, data = kinds[of]
    made = {
        "specversion": "1.0",
        "id": "bad",
        "source": "/hostile",
        "type": kind,
        "time": OLD,
        "area": "05443",
        "device": "hostile-1",
        "data": data,
    }
    if isinstance(more.get("data"), dict):
        more["data"] = data | more["data"]
    return {name: value for name, value in (made | more).items() if value is not ...}


def text(event_: object) -> bytes:
    return json.dumps(event_).encode()


class Hostile:
    """Makes payloads; every maker below is one way to be hostile."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._random = random.Random(seed)
        self._now = now
        self._ids = iter(range(1_000_000))

    def payloads(self, n: int) -> Iterator[Payload]:
        """Yield `n` payloads that may or must be refused, every way in turn."""
        makers: list[Callable[[], Iterator[Payload]]] = [
            self._bytes, self._numbers, self._types, self._sizes, self._texts,
            self._times, self._wrong_places, self._headers,
        ]  # fmt: skip
        made = 0
        while True:
            for maker in makers:
                for payload in maker():
                    yield payload
                    made += 1
                    if made == n:
                        return

    def good(self, n: int) -> Iterator[Payload]:
        """Yield good events, some of them odd ones."""
        for number in range(n):
            source = self._random.choice(tuple(TOPIC))
            made = event(source, id=f"good-{number}", device=f"d{number}")
            headers: Headers = ()
            key: bytes | None = b"05443"
            if number % 10 == 1:
                made["id"] = f"good-{number}-".ljust(256, "é")
            elif number % 10 == 2:
                headers, key = [("trace\0id", b"\0\xff"), ("", b"")], b"\0\xff"
            elif number % 10 == 3:
                made["data"]["more"] = _nested(29)
            elif number % 10 == 4:
                made["data"]["more"] = "x" * 200_000
            elif number % 10 == 5:
                made["time"], key = "1970-01-02T00:00:00.123456+14:00", None
            elif number % 10 == 6:
                made["data"]["ten\\u0000"] = 'not a NUL: \\u0000, and "quoted" \\'
            yield Payload(f"good {number}", TOPIC[source], text(made), GOOD, key, headers)

    def _payload(
        self, name: str, value: object, outcomes: frozenset[str], source: str = "fire", **more: Any
    ) -> Payload:
        raw = value if isinstance(value, bytes) or value is None else text(value)
        return Payload(name, TOPIC[source], raw, outcomes, **more)

    def _event(self, of: str = "fire", /, **more: Any) -> dict[str, Any]:
        return event(of, **{"id": f"bad-{next(self._ids)}", **more})

    def _bytes(self) -> Iterator[Payload]:
        good = text(self._event())
        noise = bytes([0xFE]) + self._random.randbytes(self._random.randrange(300))
        yield self._payload("noise", noise, NOT_JSON)
        yield self._payload("cut off", good[: self._random.randrange(1, len(good))], NOT_JSON)
        yield self._payload("empty", b"", NOT_JSON)
        yield self._payload("tombstone", None, NOT_JSON)
        yield self._payload("blank", b" \n", NOT_JSON)
        yield self._payload("two in one", good + b"\n" + good, NOT_JSON)
        yield self._payload("comma", good[:-1] + b",}", NOT_JSON)
        yield self._payload("packed", gzip.compress(good), NOT_JSON)
        yield self._payload("utf-16", good.decode().encode("utf-16"), NOT_JSON)
        yield self._payload("mark", b"\xef\xbb\xbf" + good, EITHER)
        for value in (b"null", b"true", b"[]", b'"text"', b"42", b"{}"):
            yield self._payload(f"only {value!r}", value, REFUSED - NOT_JSON)

    def _numbers(self) -> Iterator[Payload]:
        for word in (b"NaN", b"Infinity", b"-Infinity"):
            value = text(self._event(data={"value": 12345})).replace(b"12345", word)
            yield self._payload(f"{word!r}", value, NOT_JSON)
        for number in (b"1e400", b"-1e400", b"9" * 400, b"1e308"):
            value = text(self._event(data={"lat": 12345})).replace(b"12345", number)
            yield self._payload(f"latitude {number[:9]!r}", value, SCHEMA | NOT_JSON)
        for number in (b"9" * 20, b"9" * 400, b"9" * 5000, b"1e400", b"0." + b"1" * 5000):
            value = text(self._event(data={"more": 12345})).replace(b"12345", number)
            yield self._payload(f"unknown field {number[:9]!r}", value, EITHER)
        yield self._payload("score", self._event("camera", data={"score": 1.5}), SCHEMA, "camera")
        yield self._payload("longitude", self._event(data={"lon": -180.1}), SCHEMA)
        yield self._payload("specversion", self._event(specversion=1.0), SCHEMA)

    def _types(self) -> Iterator[Payload]:
        junk: tuple[Any, ...] = (None, True, 17, 1.5, [], ["x"], {"x": 1})
        for name in ("id", "source", "time", "data"):
            for value in self._random.sample(junk[:-1] if name == "data" else junk, 3):
                yield self._payload(f"{name}: {value}", self._event(**{name: value}), SCHEMA)
            yield self._payload(f"no {name}", self._event(**{name: ...}), SCHEMA)
        for value in junk:
            yield self._payload(f"type: {value}", self._event(type=value), SCHEMA | WRONG_TYPE)
            data = {"state": value}
            yield self._payload(f"state: {value}", self._event(data=data), SCHEMA)
        yield self._payload("no type", self._event(type=...), SCHEMA | WRONG_TYPE)
        yield self._payload("a list", [self._event()], REFUSED - NOT_JSON)
        for wrong in ({"status": "Open"}, {"emergency": "no"}):
            yield self._payload(f"{wrong}", self._event("citizen", data=wrong), SCHEMA, "citizen")
        yield self._payload("twice", b'{"id":"a",' + text(self._event())[1:], EITHER)

    def _sizes(self) -> Iterator[Payload]:
        yield self._payload("1 MiB", self._event(data={"more": "x" * 2**20}), TOO_LARGE)
        yield self._payload("1 MiB id", self._event(id="x" * 2**20), TOO_LARGE)
        yield self._payload("258 KiB", self._event(data={"more": "é" * 44_000}), TOO_LARGE)
        yield self._payload("1 MiB of spaces", text(self._event()) + b" " * 2**20, TOO_LARGE)
        yield self._payload("long id", self._event(id="x" * 257), SCHEMA)
        yield self._payload("long source", self._event(source="x" * 257), SCHEMA)
        yield self._payload("no id", self._event(id=""), SCHEMA)
        for levels in (31, 100, 800):
            yield self._payload(
                f"{levels} deep", self._event(data={"more": _nested(levels)}), TOO_DEEP
            )
        yield self._payload("100,000 brackets", b'{"data":' + b"[" * 100_000, TOO_DEEP)
        many = {f"k{number}": 1 for number in range(10_000)}
        yield self._payload("10,000 fields", self._event(data=many), EITHER)

    def _texts(self) -> Iterator[Payload]:
        yield self._payload("NUL in data", self._event(data={"more": "a\0b"}), NUL)
        yield self._payload("NUL as a field", self._event(data={"a\0b": 1}), NUL)
        yield self._payload("NUL in id", self._event(id="a\0b"), NUL)
        yield self._payload("NUL in area", self._event(area="\0"), NUL)
        raw_nul = text(self._event(data={"more": "a%b"})).replace(b"%", b"\0")
        yield self._payload("a raw NUL", raw_nul, NOT_JSON | NUL)
        for half in ("\ud800", "\udfff", "\ud800\ud800", "x\udc00"):
            halved = self._event(data={"more": half})
            yield self._payload("half a pair", halved, NOT_JSON | SCHEMA)
        yield self._payload("half a pair in id", self._event(id="\ud800"), NOT_JSON | SCHEMA)
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"):
            value = text(self._event(data={"more": "a%b"})).replace(b"%", bad)
            yield self._payload(f"bytes {bad!r}", value, NOT_JSON)
        line = text(self._event(data={"more": "%"})).replace(b"%", b"\n")
        yield self._payload("a raw line end", line, NOT_JSON)
        yield self._payload("back to front", self._event(device="\u202e\u2066x"), EITHER)
        yield self._payload("no character", self._event(device="\uffff"), EITHER)

    def _times(self) -> Iterator[Payload]:
        for time in ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59"):
            yield self._payload(time, self._event(time=time), CLOCK)
        ahead = (self._now + timedelta(hours=1)).isoformat()
        yield self._payload("in an hour", self._event(time=ahead), CLOCK)
        for time in NO_TIMES:
            yield self._payload(f"time {time}", self._event(time=time), SCHEMA)
        for time in ("0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"):
            yield self._payload(f"time {time}", self._event(time=time), SCHEMA | CLOCK)
        for due in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"):
            name = f"hostile-{next(self._ids)}"
            data = {"dossier": name, "due_at": due}
            yield self._payload(f"due {due}", self._event("queue", data=data), EITHER, "queue")
            data = {"report": name, "due_at": due}
            yield self._payload(f"due {due}", self._event("citizen", data=data), EITHER, "citizen")
        # Kafka says that it had this in 2001, which is before it happened.
        yield self._payload("old record", self._event(), CLOCK, timestamp_ms=1_000_000_000_000)

    def _wrong_places(self) -> Iterator[Payload]:
        for source in TOPIC:
            wrong = self._random.choice([each for each in TOPIC if each != source])
            yield self._payload(f"{source} on {wrong}", self._event(source), WRONG_TOPIC, wrong)
        for kind in ("ioc.water.level", "IOC.FIRE.READING", "ioc.fire.reading ", "", "x" * 5000):
            yield self._payload(f"type {kind[:20]}", self._event(type=kind), WRONG_TYPE)

    def _headers(self) -> Iterator[Payload]:
        data = text(event()["data"])
        ce = {
            "specversion": b"1.0",
            "source": b"/hostile",
            "type": b"ioc.fire.reading",
            "time": OLD.encode(),
        }

        def binary(
            name: str, outcomes: frozenset[str], value: bytes = data, **more: Any
        ) -> Payload:
            changed = {**ce, "id": f"bin-{next(self._ids)}".encode(), **more}
            headers = [(f"ce_{key}", raw) for key, raw in changed.items() if raw is not ...]
            return self._payload(f"binary: {name}", value, outcomes, headers=headers)

        yield binary("bad byte", SCHEMA, subject=b"\xff\xfe")
        yield binary("NUL", NUL, subject=b"a\0b")
        yield binary("no id", SCHEMA, id=...)
        yield binary("time", SCHEMA, time=b"soon")
        yield binary("type", WRONG_TYPE, type=b"nothing")
        yield binary("no value", EITHER, subject=None)
        yield binary("no type", SCHEMA | WRONG_TYPE, type=None)
        yield binary("data cut off", NOT_JSON, value=data[:-2])
        yield binary("data and more", NOT_JSON, value=data + b',"id":"x"')
        yield binary("data a text", SCHEMA, value=b'"data"')
        odd: Headers = [("a\0b", b"\0"), ("content-type", b"\xff"), ("", b""), ("x", None)]
        yield self._payload("odd headers", b"nothing", NOT_JSON, headers=odd)
        yield self._payload("many headers", b"x", NOT_JSON, headers=[("h", b"x" * 100)] * 200)
        yield self._payload("long key", b"x", NOT_JSON, key=b"\0" * 50_000)


def _nested(levels: int) -> Any:
    nested: Any = 1
    for _ in range(levels):
        nested = [nested]
    return nested


async def publish(bootstrap: str, payloads: Sequence[Payload]) -> list[Place]:
    """Publish in order, packed, so that the broker takes more than it would as one record."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type="gzip", max_request_size=4 * 2**20
    ) as producer:
        sent = [
            await producer.send(
                payload.topic,
                payload.value,
                key=payload.key,
                headers=list(payload.headers),
                timestamp_ms=payload.timestamp_ms,
            )
            for payload in payloads
        ]
        done = await asyncio.gather(*sent)
    return [Place(each.topic, each.partition, each.offset) for each in done]


class _NotUtf8(str):
    """A header name as clients in C send it: whatever bytes there were."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"ce_\xff"


async def publish_with_a_broken_header_name(bootstrap: str) -> None:
    """Put a good event with such a header on the first partition of the fire topic."""
    topic, partition = TOPIC["fire"], 0
    built = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    headers = [(_NotUtf8("name"), b"value")]
    built.append(0, None, b"key", text(event(id="broken-header-name")), headers)
    batch = (topic, [(partition, bytes(built.build()))])
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.partitions_for(topic)
        leader = producer.client.cluster.leader_for_partition(TopicPartition(topic, partition))
        await producer.client.send(leader, ProduceRequest(None, -1, 5_000, [batch]))
