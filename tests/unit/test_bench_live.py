"""What the bench of the live views says may be relied on."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest

from tests.benchmarks.fanout import MESSAGE_BYTES, Fanout, message
from tests.benchmarks.fanout_clients import Clients
from tests.benchmarks.latency import Bell
from tests.benchmarks.live import summary, verdicts
from tests.benchmarks.live_figures import quantile
from tests.benchmarks.live_load import TICK_S, ticks

A_SECOND_AGO = 1_000_000_000


def a_run(server: str = "ioc", **fields: Any) -> Fanout:
    known: dict[str, Any] = {
        "clients": 5000,
        "deaf": 0,
        "delivered": 1000,
        "missing": 0,
        "cut": 0,
        "dropped": 0,
        "cpu_us": 10.0,
        "core": 0.4,
        "p50_ms": 50.0,
        "p99_ms": 100.0,
        "max_ms": 120.0,
        "kib_per_client": 3.0,
        "connect_s": 4.0,
        "others": 0.01,
    }
    return Fanout(server, **{**known, **fields})


def became_of(ours: Fanout, theirs: Fanout) -> dict[str, bool | None]:
    """Return what became of each goal, by its last words."""
    said = verdicts(summary([ours, theirs]))
    return {one.goal.partition(": ")[2]: one.is_met for one in said}


def test_a_message_has_its_size_whenever_it_was_sent() -> None:
    assert {len(message(sent)) for sent in (0, 1, time.monotonic_ns())} == {MESSAGE_BYTES}


@pytest.mark.parametrize("cut_at", [0, 1, 30, 250, 640])
def test_a_client_counts_every_message_once_however_the_network_cuts_them(cut_at: int) -> None:
    sent = message(time.monotonic_ns() - A_SECOND_AGO)
    event = b"id: 1\nevent: alarm\ndata: " + sent + b"\n\n"
    line = b"%x\r\n%b\r\n" % (len(event), event) * 3
    ours, theirs = socket.socketpair()
    with ours, theirs:
        clients = Clients(b"")
        clients.sockets[ours.fileno()] = ours
        for piece in filter(None, (line[:cut_at], line[cut_at:])):
            theirs.sendall(piece)
            clients.read(ours.fileno())
    assert len(clients.late_us) == 3
    assert all(1_000_000 <= late < 2_000_000 for late in clients.late_us)


def test_a_client_that_was_cut_is_told_of() -> None:
    ours, theirs = socket.socketpair()
    clients = Clients(b"")
    clients.sockets[ours.fileno()] = ours
    theirs.close()
    clients.read(ours.fileno())
    assert (clients.cut, clients.sockets) == (1, {})
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(ours.fileno())


def test_goals_are_held_against_the_yardstick_of_the_same_run() -> None:
    assert set(became_of(a_run(cpu_us=15.0), a_run("nchan")).values()) == {True}
    too_dear = became_of(a_run(cpu_us=15.1), a_run("nchan"))
    assert too_dear.pop("CPU at most 1.5 times nchan's") is False
    assert set(too_dear.values()) == {True}
    assert became_of(a_run(kib_per_client=24.0), a_run("nchan"))["under 24 KiB each"] is False
    assert became_of(a_run(missing=1), a_run("nchan"))["nothing missing"] is False


def test_a_busy_machine_proves_no_lateness() -> None:
    goal = "p99 under 250 ms"
    assert became_of(a_run(p99_ms=250.0), a_run("nchan"))[goal] is False
    assert became_of(a_run(p99_ms=250.0, others=0.3), a_run("nchan"))[goal] is None
    assert became_of(a_run(p99_ms=249.0, others=0.3), a_run("nchan"))[goal] is True


def test_deaf_clients_that_nobody_dropped_are_a_goal_missed() -> None:
    whole = [a_run(), a_run("nchan")]
    for dropped, is_met in ((50, True), (49, False)):
        among = a_run(deaf=50, dropped=dropped, kib_per_client=None)
        said = [one for one in verdicts(summary([*whole, among])) if "deaf dropped" in one.goal]
        assert [one.is_met for one in said] == [is_met]


def test_an_alarm_was_committed_when_the_bell_of_its_transaction_rang() -> None:
    bell = Bell("", [(3, 10.0), (7, 20.0), (8, 30.0)])
    assert bell.committed({"c": 8, "a": 2, "b": 4}) == {"a": 10.0, "b": 20.0, "c": 30.0}


def test_quantiles_are_values_that_were_measured() -> None:
    assert [quantile(range(1, 151), share) for share in (0.5, 0.99, 1.0)] == [75, 149, 150]
    assert quantile([4.0], 0.5) == 4.0


@pytest.mark.parametrize("rate", [7, 990, 20_000])
def test_a_steady_load_is_even_and_whole(rate: int) -> None:
    records: Any = range(3 * rate)
    found = list(ticks(records, rate))
    assert [one for of_tick in found for one in of_tick] == list(records)
    assert abs(len(found) * TICK_S - 3) <= TICK_S
    assert max(map(len, found)) - min(map(len, found)) <= 1
