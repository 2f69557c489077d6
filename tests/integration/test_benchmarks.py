"""Every contestant of `make bench` does the whole work exactly, so that none of them rots."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from ioc import clock
from tests.benchmarks.contest import Contestant, Server, run, running_postgres
from tests.benchmarks.contestants import contestants, missing
from tests.benchmarks.load import Load, make_load

EVENTS = 600
#: Several transactions, also of so few.

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux", reason="the bench reads /proc: it runs on Linux only"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_postgres(tmp_path_factory.mktemp("bench") / "postgres") as started:
        yield started


@pytest.fixture(scope="module")
def load() -> Load:
    # With this seed all is there, also in so few: a fire, broken records, resends.
    made = make_load(EVENTS, clock.now(), seed=23)
    assert made.alarms > 0
    assert made.malformed > 0
    assert made.distinct + made.malformed < EVENTS
    return made


@pytest.mark.parametrize("contestant", contestants(), ids=lambda each: each.name)
def test_a_contestant_does_the_work_exactly(
    contestant: Contestant, load: Load, server: Server, tmp_path: Path
) -> None:
    if (reason := missing(contestant)) is not None:
        pytest.skip(reason)
    found = run(contestant, load, server, tmp_path)  # raises when anything is off by one
    assert found.events == EVENTS
    assert found.events_per_s > 0
    assert found.rows_per_transaction >= 1
    assert found.peak_mib > 0
