"""One reading at a time for all callers of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from api import paced
from api.paced import Shared
from ioc.errors import DatabaseUnavailableError

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Slow:
    """A reading that can be made to hang."""

    def __init__(self) -> None:
        self.n = 0
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self, _: datetime) -> int:
        self.begun.set()
        assert self.goes_on.wait(10)
        self.n += 1
        return self.n


@contextmanager
def hanging(shared: Shared[int], slow: Slow) -> Iterator[None]:
    """Let another thread hang in a reading."""
    slow.begun.clear()
    slow.goes_on.clear()
    other = threading.Thread(target=shared.read, args=[NOW])
    other.start()
    try:
        assert slow.begun.wait(10)
        yield
    finally:
        slow.goes_on.set()
        other.join()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "TURN_S", 0.01)


def test_whoever_finds_another_reading_takes_what_was_read_last() -> None:
    slow = Slow()
    shared = Shared(slow, "the numbers")
    assert shared.read(NOW) == 1
    with hanging(shared, slow):
        assert shared.read(NOW) == 1
    assert shared.read(NOW) == 3


def test_what_was_read_long_ago_or_never_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    shared = Shared(slow, "the numbers")
    with hanging(shared, slow), pytest.raises(DatabaseUnavailableError, match="the numbers could"):
        shared.read(NOW)
    monkeypatch.setattr(paced, "LAST_READ_AGE_MAX_S", -1.0)
    with hanging(shared, slow), pytest.raises(DatabaseUnavailableError, match="the numbers could"):
        shared.read(NOW)


def test_a_reading_that_fails_lets_the_next_one_in() -> None:
    def fails(_: datetime) -> int:
        raise DatabaseUnavailableError("away")

    shared = Shared(fails, "the numbers")
    for _ in range(2):
        with pytest.raises(DatabaseUnavailableError, match="away"):
            shared.read(NOW)
