from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from pydantic import SecretStr
from standardwebhooks import Webhook

from connectors.outbound.webhook import Message, Sender
from connectors.timescale import alarms, endpoints
from connectors.timescale.database import Database
from ioc import clock
from ioc.alarm import acknowledge
from ioc.notify import Retry
from ioc.rule import RuleSet
from ioc.settings import Settings
from ioc.severity import Severity
from streams.notifier import Process
from tests.outbox import endpoint, ledger, raise_alarm
from tests.patience import patient

# The pieces: a receiver, a notifier -------------------------------------------------------------


def answers(db: Database) -> list[int]:
    return [made["status"] for row in ledger(db) for made in row["attempts"] if made["status"]]


@dataclass
class Received:
    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def alarm(self) -> dict[str, Any]:
        alarm: dict[str, Any] = orjson.loads(self.body)["data"]["alarm"]
        return alarm


@dataclass
class Receiver:
    """A real HTTP server that keeps what it gets and answers as it is told."""

    answer: Callable[[Received], web.StreamResponse] = lambda _: web.Response(status=204)
    port: int = 0
    got: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)
    at_once: int = 0
    at_once_most: int = 0
    hold: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=hidden"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        received = Received(time.monotonic(), _lower(request.headers), await request.read())
        self.got.append(received)
        self.at_once += 1
        self.at_once_most = max(self.at_once, self.at_once_most)
        try:
            if self.hold is not None:
                await self.hold.wait()
            response = self.answer(received)
        finally:
            self.at_once -= 1
        if 200 <= response.status < 300:
            self.accepted.append(received)
        return response

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Receiver]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def settings_of(database_url: str, **more: Any) -> Settings:
    given = {"webhook_allow_private": True, **more}
    return Settings(database_url=SecretStr(database_url), **given)


@asynccontextmanager
async def notifying(database_url: str, **more: Any) -> AsyncIterator[Process]:
    process = Process(settings_of(database_url, **more), RuleSet())
    task = asyncio.create_task(process.run())
    try:
        yield process
    finally:
        process.stop()
        await asyncio.wait_for(task, timeout=10)


@contextmanager
def notifier_process(database_url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | {
        "IOC_DATABASE_URL": database_url,
        "IOC_DATA_DIR": str(folder / "none"),
        "IOC_WEBHOOK_ALLOW_PRIVATE": "true",
        "IOC_WEBHOOK_TIMEOUT_S": "1.5",
    }
    process = subprocess.Popen([sys.executable, "-m", "ioc.cli", "notifier"], env=env)
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


async def eventually(is_so: Callable[[], object], what: str, within_s: float = 5.0) -> None:
    deadline = time.monotonic() + patient(within_s)
    while not is_so():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.01)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def unavailable(_: Received) -> web.Response:
    return web.Response(status=503)


# The stories ------------------------------------------------------------------------------------


async def test_an_alarm_is_told_at_once_with_a_signature_that_others_verify(
    database: Database, database_url: str
) -> None:
    async with Receiver().up() as receiver, notifying(database_url) as process:
        endpoint_id, secret = endpoint(database, receiver.url, severity={"min": "high"})
        await eventually(lambda: process.is_ready, "the notifier is ready")
        alarm = raise_alarm(database)
        committed = time.monotonic()
        raise_alarm(database, Severity.LOW)
        await eventually(lambda: receiver.got, "the message")
        (received,) = receiver.got
        told = Webhook(secret).verify(received.body, received.headers)
        assert received.at - committed < 1.0
        assert told["type"] == "alarm.raised"
        assert told["data"]["alarm"]["id"] == str(alarm.id)
        assert told["data"]["alarm"]["title"] == "Báo cháy"
        assert told["data"]["log"]["to_state"] == "unacknowledged"
        assert received.headers["content-type"] == "application/json"
        await eventually(lambda: ledger(database, state="delivered"), "the ledger")
        (row,) = ledger(database, endpoint=str(endpoint_id))
        assert str(row["id"]) == received.id
        assert [made["status"] for made in row["attempts"]] == [204]


async def test_a_receiver_that_was_down_gets_the_same_id_and_the_state_of_now(
    database: Database, database_url: str
) -> None:
    receiver = Receiver(port=free_port())
    endpoint(database, receiver.url, types=["raised"])
    alarm = raise_alarm(database)
    async with notifying(database_url):
        await eventually(lambda: ledger(database)[0]["attempts"], "a first attempt")
        alarms.move(database, alarm.id, lambda now: acknowledge(now, "An", clock.now()))
        (waiting,) = ledger(database)
        async with receiver.up():
            await eventually(lambda: receiver.got, "the message", within_s=3.5)
            (received,) = receiver.got
            assert received.id == str(waiting["id"])
            assert received.alarm["state"] == "acknowledged"
            assert orjson.loads(received.body)["type"] == "alarm.raised"
            await eventually(lambda: ledger(database, state="delivered"), "the ledger")
    (row,) = ledger(database)
    assert row["attempts"][0]["error"].startswith("cannot connect: ")
    assert row["attempts"][-1]["status"] == 204
    assert row["attempt_count"] == len(row["attempts"]) >= 2


async def test_while_it_fails_it_is_probed_one_at_a_time_then_the_rest_follows_at_once(
    database: Database, database_url: str
) -> None:
    async with Receiver(answer=unavailable).up() as receiver, notifying(database_url):
        endpoint(database, receiver.url)
        raise_alarm(database, Severity.LOW)
        await eventually(lambda: receiver.got, "the first attempt")
        raise_alarm(database, Severity.MEDIUM)
        worst = raise_alarm(database, Severity.CRITICAL)
        for severity in (Severity.HIGH, Severity.CRITICAL):
            raise_alarm(database, severity)
        await eventually(lambda: len(receiver.got) == 2, "a probe", within_s=3.5)
        assert receiver.at_once_most == 1
        receiver.answer = lambda _: web.Response(status=200)
        await eventually(lambda: len(receiver.accepted) == 5, "all", within_s=3.5)
        gaps = [b.at - a.at for a, b in itertools.pairwise(receiver.got[:3])]
        assert all(2.0 <= gap <= 3.1 for gap in gaps), gaps
        probe, first, *_, last = receiver.got[1:]
        assert probe.alarm["id"] == first.alarm["id"] == str(worst.id)
        assert last.at - first.at < 0.9


async def test_a_killed_notifiers_message_is_sent_again_by_another_under_the_same_id(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    hold = asyncio.Event()
    async with Receiver(hold=hold).up() as receiver:
        endpoint(database, receiver.url)
        raise_alarm(database)
        with notifier_process(database_url, tmp_path) as process:
            await eventually(lambda: receiver.got, "the first attempt", within_s=10)
            process.send_signal(signal.SIGKILL)
        hold.set()
        async with notifying(database_url):
            await eventually(
                lambda: ledger(database, state="delivered"), "the second attempt", within_s=9
            )
        assert len(receiver.got) == 2
        assert len({received.id for received in receiver.got}) == 1
    (row,) = ledger(database)
    lost, made = row["attempts"]
    assert lost["duration_ms"] is None
    assert made["status"] == 204


async def test_a_notifier_told_to_stop_finishes_what_it_sends_and_exits_with_zero(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    hold = asyncio.Event()
    async with Receiver(hold=hold).up() as receiver:
        endpoint(database, receiver.url)
        raise_alarm(database)
        with notifier_process(database_url, tmp_path) as process:
            await eventually(lambda: receiver.got, "the first attempt", within_s=10)
            process.send_signal(signal.SIGTERM)
            hold.set()
            assert await asyncio.to_thread(process.wait, 10) == 0
    assert [row["state"] for row in ledger(database)] == ["delivered"]


async def test_two_notifiers_send_each_message_once(database: Database, database_url: str) -> None:
    async with (
        Receiver().up() as receiver,
        notifying(database_url),
        notifying(database_url),
    ):
        endpoint(database, receiver.url)
        sent = [raise_alarm(database) for _ in range(40)]
        await eventually(lambda: len(receiver.got) >= len(sent), "all of them")
        await eventually(lambda: not ledger(database, state="pending"), "all written down")
        assert len({received.id for received in receiver.got}) == len(receiver.got) == len(sent)
        assert receiver.at_once_most <= 4


async def test_it_goes_on_after_the_database_has_dropped_every_connection(
    database: Database, database_url: str
) -> None:
    async with Receiver().up() as receiver, notifying(database_url) as process:
        endpoint(database, receiver.url)
        await eventually(lambda: process.is_ready, "the notifier is ready")
        for _ in range(3):
            with database.reading() as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name LIKE 'ioc notifier%' AND datname = current_database()"
                )
            raise_alarm(database)
            await eventually(lambda: not ledger(database, state="pending"), "told and written")
        assert len({received.id for received in receiver.got}) == 3


async def test_gone_switches_the_endpoint_off_with_a_reason(
    database: Database, database_url: str
) -> None:
    async with (
        Receiver(answer=lambda _: web.Response(status=410)).up() as receiver,
        notifying(database_url),
    ):
        endpoint_id, _ = endpoint(database, receiver.url)
        raise_alarm(database)
        await eventually(lambda: ledger(database, state="failed"), "it is failed")
        raise_alarm(database)
    with database.reading() as conn:
        found = endpoints.get(conn, endpoint_id)
    assert found["disabled_at"] is not None
    assert "410" in found["disabled_reason"]
    assert len(receiver.got) == 1
    assert len(ledger(database)) == 1, "nothing more is written for it"


async def test_retry_after_is_waited_for(database: Database, database_url: str) -> None:
    def busy(_: Received) -> web.Response:
        if len(receiver.got) == 1:
            return web.Response(status=429, headers={"retry-after": "1"})
        return web.Response(status=200)

    async with Receiver(answer=busy).up() as receiver, notifying(database_url):
        endpoint(database, receiver.url)
        raise_alarm(database)
        await eventually(lambda: len(receiver.got) == 2, "the second attempt")
        first, second = receiver.got
        assert 1.0 <= second.at - first.at <= 1.8, "neither sooner nor by our own schedule"
        assert first.id == second.id


async def test_a_redirect_is_not_followed(database: Database, database_url: str) -> None:
    def moved(received: Received) -> web.Response:
        return web.Response(status=307, headers={"location": f"{receiver.url}&again=1"})

    async with Receiver(answer=moved).up() as receiver, notifying(database_url):
        endpoint(database, receiver.url)
        raise_alarm(database)
        await eventually(lambda: answers(database), "the answer")
        assert answers(database) == [307]
        assert [row["state"] for row in ledger(database)] == ["pending"]
        assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433"]
)
async def test_no_private_address_is_connected_to(host: str) -> None:
    async with Receiver().up() as receiver:
        sender = Sender(allow_private=False, timeout_s=2)
        url = f"http://{host}:{receiver.port}/"
        outcome = await sender.send(Message("m", url, _SECRET, b"{}"), clock.now())
        await sender.close()
        assert isinstance(outcome, Retry)
        assert receiver.got == []


async def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.getaddrinfo

    def public_looking(host: Any, *args: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "hooks.example.org" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", public_looking)
    async with Receiver().up() as receiver:
        message = Message("m", f"http://hooks.example.org:{receiver.port}/", _SECRET, b"{}")
        for allow_private in (False, True):
            sender = Sender(allow_private=allow_private, timeout_s=2)
            outcome = await sender.send(message, clock.now())
            await sender.close()
            assert bool(receiver.got) is allow_private, outcome
            if not allow_private:
                assert isinstance(outcome, Retry)
                assert "private address refused" in outcome.why


async def test_an_endless_answer_takes_no_longer_than_a_short_one() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1024)
            await asyncio.sleep(0.02)

    app = web.Application()
    app.router.add_post("/", endless)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sender = Sender(allow_private=True, timeout_s=3)
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        started = time.monotonic()
        outcome = await sender.send(Message("m", url, _SECRET, b"{}"), clock.now())
        assert outcome.status == 200
        assert time.monotonic() - started < patient(1.5)
    finally:
        await sender.close()
        await runner.cleanup()


async def test_declared_endpoints_follow_their_files(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "webhooks"
    folder.mkdir()
    file = folder / "fire-police.yaml"

    def stored() -> list[dict[str, Any]]:
        with database.reading() as conn:
            return endpoints.list_all(conn)

    def declare(url: str) -> None:
        file.write_text(f"name: fire-police\nurl: {url}\nsecret: {_SECRET}\n", "utf-8")

    async with Receiver().up() as receiver:
        declare(receiver.url)
        async with notifying(database_url, config_dir=tmp_path):
            await eventually(stored, "it is known")
            raise_alarm(database)
            await eventually(lambda: receiver.got, "it is told")
            Webhook(_SECRET).verify(receiver.got[0].body, receiver.got[0].headers)
        file.write_text("name: [", "utf-8")
        async with notifying(database_url, config_dir=tmp_path) as process:
            await eventually(lambda: process.is_ready, "the notifier is ready")
            assert stored()[0]["disabled_at"] is None, "a typo silences nobody"
        file.unlink()
        async with notifying(database_url, config_dir=tmp_path):
            await eventually(lambda: stored()[0]["disabled_reason"], "it is switched off")


_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - the one of the standard
