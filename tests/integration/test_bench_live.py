"""The bench of the live views runs, at a small size: its figures say nothing here."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from tests.benchmarks.contest import Server
from tests.benchmarks.fanout import MESSAGES_PER_S, Trial, measure, running_ours, running_yardstick
from tests.benchmarks.live import line
from tests.benchmarks.nchan import HOW_TO, module

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="it reads /proc")


@pytest.fixture
def trial() -> Trial:
    cores = sorted(os.sched_getaffinity(0))
    return Trial(clients=20, seconds=1, cores=(cores[0], cores[-1]))


def test_every_client_is_told_of_every_alarm_and_the_deaf_are_dropped(
    postgres_url: str, tmp_path: Path, trial: Trial
) -> None:
    with running_ours(Server(postgres_url, os.getpid()), tmp_path, trial) as target:
        run = measure(target, Trial(trial.clients, trial.seconds, trial.cores, deaf=2))
    assert (run.delivered, run.missing, run.cut) == (20 * MESSAGES_PER_S, 0, 0)
    assert run.dropped == 2
    assert "ioc, 2 deaf" in line(run)


def test_the_yardstick_tells_every_client_too(tmp_path: Path, trial: Trial) -> None:
    if module() is None:
        pytest.skip(HOW_TO)
    with running_yardstick(tmp_path, trial) as target:
        run = measure(target, trial)
    assert (run.delivered, run.missing, run.cut) == (20 * MESSAGES_PER_S, 0, 0)
