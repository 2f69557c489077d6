"""The range of time that a call is about: [from, to)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from api.problem import Problem
from api.province import local_day
from connectors.timescale.database import Conn, Database
from ioc import clock
from ioc.event import TIME_MIN

#: Nothing is older than TIME_MIN of the events; a range beyond it is a slip of the finger.
SPAN_MAX = timedelta(days=366 * 60)
#: As long as the report of a day has; a browser gives up after 15 s.
READ_TIMEOUT_MS = 10_000
#: What is soon due after a range, and the days around it, are still times of the calendar.
END_BEFORE = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`, both UTC."""

    start: datetime
    end: datetime


def span(
    start: Annotated[
        AwareDatetime | None,
        Query(
            alias="from",
            examples=["2026-11-21T17:00:00Z"],
            description="RFC 3339; none: the beginning of the day in Asia/Ho_Chi_Minh",
        ),
    ] = None,
    end: Annotated[
        AwareDatetime | None,
        Query(alias="to", examples=["2026-11-22T17:00:00Z"], description="Not included; none: now"),
    ] = None,
) -> Span:
    """Return the range that was asked for.

    Raises:
        Problem: 400, it ends before it starts, or it is longer than any history.
    """
    end = end or clock.now()
    try:
        start = start or local_day(end)
        found = Span(start.astimezone(UTC), end.astimezone(UTC))
    except OverflowError:
        raise Problem(400, "`from` or `to` is no time of ours", code="range") from None
    if found.start < TIME_MIN:
        raise Problem(400, "`from` is before 1970", code="range")
    if found.end >= END_BEFORE:
        raise Problem(400, "`to` is no time of ours", code="range")
    if found.end < found.start:
        raise Problem(400, "`to` is before `from`", code="range")
    if found.end - found.start > SPAN_MAX:
        raise Problem(400, "the range is longer than any history", code="range")
    return found


@contextmanager
def reading(db: Database) -> Iterator[Conn]:
    """Give a connection for what a long range makes dear.

    Raises:
        Problem: 400, a statement took longer than 10 s.
    """
    try:
        with db.reading_within(READ_TIMEOUT_MS) as conn:
            yield conn
    except TimeoutError as error:
        raise Problem(400, f"{error}: ask for a shorter range", code="too_broad") from None


#: `def call(when: When)`
When = Annotated[Span, Depends(span)]
