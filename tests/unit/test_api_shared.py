from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import shared
from api.shared import Shared
from ioc.errors import DatabaseUnavailableError


class Reader:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self) -> int:
        self.n += 1
        return self.n


@pytest.fixture(autouse=True)
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "rest_s", lambda *_: 60.0)


def test_one_question_is_read_once_for_all_who_ask_at_the_same_time() -> None:
    answers: Shared[int] = Shared(4)
    begun, go_on = threading.Event(), threading.Event()
    reader = Reader()

    def slow() -> int:
        begun.set()
        go_on.wait(10)
        return reader()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(answers.value, "q", slow) for _ in range(8)]
        assert begun.wait(10)
        assert answers.value("another", Reader()) == 1, "it waits for nobody else's question"
        go_on.set()
        assert [each.result() for each in asked] == [1] * 8
    assert reader.n == 1


def test_an_answer_that_is_old_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    answers, reader = Shared[int](4), Reader()
    monkeypatch.setattr(shared, "rest_s", lambda *_: 0.0)
    assert [answers.value("q", reader) for _ in range(3)] == [1, 2, 3]


def test_the_question_that_nobody_has_asked_for_longest_is_forgotten() -> None:
    answers = Shared[int](2)
    first, second = Reader(), Reader()
    for question, reader in (("a", first), ("b", second), ("a", first), ("c", Reader())):
        answers.value(question, reader)
    assert answers.value("a", first) == 1
    assert answers.value("b", second) == 2


def test_what_could_not_be_read_is_asked_for_again() -> None:
    answers, reader = Shared[int](2), Reader()

    def fails() -> int:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        answers.value("q", fails)
    assert answers.value("q", reader) == 1


def test_nobody_waits_for_ever_for_another_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "WAIT_S", 0.01)
    answers = Shared[int](2)
    begun, go_on = threading.Event(), threading.Event()

    def hangs() -> int:
        begun.set()
        go_on.wait(10)
        return 1

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(answers.value, "q", hangs)
        assert begun.wait(10)
        with pytest.raises(DatabaseUnavailableError):
            answers.value("q", Reader())
        go_on.set()
        assert asked.result() == 1
