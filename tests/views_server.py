"""The API's views on a real server over a real database, and a client for live views."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from api import (
    alarm_rows,
    alarms,
    approvals,
    area_figures,
    daily,
    devices,
    dossiers,
    incidents,
    live,
    overview,
    problem,
    queues,
    reports,
    series,
    series_by,
    sources,
)
from api.connection import Protocol, Server
from api.device_book import DeviceBook
from api.hub import Hub
from api.parts import Parts
from api.province import ProvinceReader
from api.shared import Shared
from api.source_reader import SourceReader
from connectors.kafka.producer import Producer
from connectors.timescale.alarms import apply
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.alarm import Alarm, State, Step, Transition
from ioc.settings import Settings
from ioc.severity import Severity
from tests.patience import patient

START_WITHIN_S = 15.0


def views_app(database_url: str) -> FastAPI:
    """Return an application of the views alone: they need no broker."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(database_url, "views", size=8).open()
        app.state.parts = Parts(
            settings=Settings(database_url=SecretStr(database_url)),
            database=database,
            producer=cast("Producer", None),
            broker_is_full=lambda: False,
            name="views",
            started_at=clock.now(),
        )
        app.state.province = ProvinceReader(database)
        app.state.devices = DeviceBook(database)
        app.state.sources = SourceReader(database)
        app.state.compared = Shared(series.SHARED_MAX)
        app.state.hub = Hub(database, app.state.province)
        app.state.hub.start()
        try:
            yield
        finally:
            await app.state.hub.stop()
            database.close()

    app = FastAPI(lifespan=lifespan)
    problem.install(app)
    for module in (
        *(alarm_rows, alarms, approvals, incidents),
        *(live, overview, series, series_by, queues, dossiers, reports),
        *(area_figures, daily, devices, sources),
    ):
        app.include_router(module.router, prefix="/api/v1")
    return app


@dataclass(frozen=True)
class Views:
    """A running server and a client for it."""

    port: int
    app: FastAPI
    server: Server
    client: httpx.Client

    @property
    def hub(self) -> Hub:
        return cast("Hub", self.app.state.hub)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def live(self, last_id: int | str | None = None, **params: str) -> Live:
        return Live(self.port, params, last_id)


@contextmanager
def running_views(database_url: str) -> Iterator[Views]:
    """Serve the views on a free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        app = views_app(database_url)
        config = uvicorn.Config(app, log_config=None, http=Protocol, timeout_graceful_shutdown=5)
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + patient(START_WITHIN_S)
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                assert time.monotonic() < deadline, "the server is not up in time"
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=patient(20)) as client:
                yield Views(port, app, server, client)
        finally:
            server.should_exit = True
            thread.join(timeout=patient(15))
            assert not thread.is_alive(), "the server did not stop"


@dataclass(frozen=True)
class Told:
    """One server-sent event."""

    id: int
    event: str
    data: dict[str, Any]


@dataclass
class Live:
    """A live view over a plain socket, so that a test decides when it reads and when it is cut."""

    port: int
    params: dict[str, str]
    last_id: int | str | None = None
    headers: bytes = b""
    _socket: socket.socket | None = field(default=None, repr=False)
    _raw: bytes = field(default=b"", repr=False)
    _buffer: bytes = field(default=b"", repr=False)

    def __enter__(self) -> Live:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        query = "&".join(f"{name}={value}" for name, value in self.params.items())
        resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id is not None else ""
        request = f"GET /api/v1/live?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n{resume}\r\n"
        self._socket.sendall(request.encode())
        return self

    def __exit__(self, *_: object) -> None:
        assert self._socket is not None
        self._socket.close()

    def events(self) -> Iterator[Told]:
        """Yield events until the server ends the stream."""
        while b"\r\n\r\n" not in self._raw and not self.headers:
            self._receive()
        if not self.headers:
            self.headers, self._raw = self._raw.split(b"\r\n\r\n", 1)
            assert b" 200 " in self.headers.split(b"\r\n")[0], self.headers
        while (block := self._until(b"\n\n")) is not None:
            lines = dict(line.split(b": ", 1) for line in block.split(b"\n"))
            if b"event" in lines:
                yield Told(int(lines[b"id"]), lines[b"event"].decode(), json.loads(lines[b"data"]))

    def next(self, *names: str) -> Told:
        """Return the next event with one of these names; heartbeats do not keep it waiting."""
        deadline = time.monotonic() + patient(START_WITHIN_S)
        for told in self.events():
            if told.event in names:
                return told
            assert time.monotonic() < deadline, f"none of {names} came in time"
        raise AssertionError(f"the stream ended without {names}")

    def _until(self, end: bytes) -> bytes | None:
        while end not in self._buffer:
            chunk = self._chunk()
            if not chunk:
                return None
            self._buffer += chunk
        found, self._buffer = self._buffer.split(end, 1)
        return found

    def _chunk(self) -> bytes:
        """Return one chunk of the body; the last one is empty."""
        while b"\r\n" not in self._raw:
            self._receive()
        size, self._raw = self._raw.split(b"\r\n", 1)
        length = int(size, 16)
        while len(self._raw) < length + 2:
            self._receive()
        chunk, self._raw = self._raw[:length], self._raw[length + 2 :]
        return chunk

    def _receive(self) -> None:
        assert self._socket is not None
        read = self._socket.recv(1_048_576)
        if not read:
            raise ConnectionResetError("the stream was cut")
        self._raw += read


# Alarms to look at --------------------------------------------------------------------------------

_NUMBERS = itertools.count(1)


def an_alarm(now: datetime, **fields: Any) -> Alarm:
    """Return an alarm that was just raised."""
    number = next(_NUMBERS)
    known: dict[str, Any] = {
        "id": uuid4(),
        "rule": "fire-alarm",
        "key": f"device {number}",
        "source": "fire",
        "severity": Severity.CRITICAL,
        "state": State.UNACKNOWLEDGED,
        "active": True,
        "area": "05443",
        "device": f"panel-{number}",
        "title": f"Báo cháy: panel-{number}",
        "title_en": f"Fire alarm: panel-{number}",
        "guidance": ("Gọi 114",),
        "ack_required": True,
        "raised_at": now + timedelta(milliseconds=number),
        "changed_at": now,
        "condition_at": now,
        "event_source": "/sia/1",
        "event_id": f"event {number}",
        "event_time": now,
    }
    return Alarm(**{**known, **fields})


def store(conn: Conn, *alarms: Alarm) -> None:
    """Raise alarms as a worker does."""
    apply(
        conn,
        [Transition(Step.RAISED, State.NORMAL, alarm, alarm.changed_at) for alarm in alarms],
    )


def raise_alarms(database: Database, count: int = 1, **fields: Any) -> list[UUID]:
    """Raise alarms in one transaction and return their ids."""
    found = [an_alarm(clock.now(), **fields) for _ in range(count)]
    with database.transaction() as conn:
        store(conn, *found)
    return [alarm.id for alarm in found]
