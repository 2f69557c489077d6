"""Answers that many screens ask for in the same words at the same time: read once for all."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from api.paced import AGE_MAX_S, rest_s
from ioc.errors import DatabaseUnavailableError

T = TypeVar("T")

#: Who asks for what is being read waits so long: as long as one question to the database may take.
WAIT_S = 10.0


@dataclass(slots=True)
class _Kept(Generic[T]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: T | None = None
    stale_at: float = 0.0


class Shared(Generic[T]):
    """The answers to the newest `most` questions, each as old as a paced value; thread-safe.

    `age_max_s`: what nobody needs to the second may be older where reading it is dear.
    """

    def __init__(self, most: int, age_max_s: float = AGE_MAX_S) -> None:
        self._most = most
        self._age_max_s = age_max_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()

    def value(self, question: Hashable, read: Callable[[], T]) -> T:
        """Return the answer that another caller got a moment ago, or read it.

        Raises:
            DatabaseUnavailableError: another caller has been reading it for too long.
        """
        kept = self._of(question)
        if not kept.lock.acquire(timeout=WAIT_S):
            raise DatabaseUnavailableError("it has not been read in time")
        try:
            if kept.value is None or time.monotonic() >= kept.stale_at:
                started = time.monotonic()
                kept.value = read()
                ended = time.monotonic()
                kept.stale_at = ended + rest_s(ended - started, self._age_max_s)
            return kept.value
        finally:
            kept.lock.release()

    def _of(self, question: Hashable) -> _Kept[T]:
        with self._lock:
            kept = self._kept.pop(question, None) or _Kept()
            self._kept[question] = kept
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return kept
