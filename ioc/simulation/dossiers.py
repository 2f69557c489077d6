"""The province's ten months: the dossiers of 1 January to 31 October 2023, to the last one.

The public record gives the totals; days, desks and procedures are made from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ioc.simulation.province import offices

RECEIVED = 612_221
RESOLVED = 594_406
ON_TIME = 592_504
LATE = RESOLVED - ON_TIME
OPEN = RECEIVED - RESOLVED
#: Of those still open; their due date has passed by the end of October.
OVERDUE = 600

FIRST_DAY = date(2023, 1, 1)
LAST_DAY = date(2023, 10, 31)
HOLIDAYS = frozenset(
    [date(2023, 1, 2)]
    + [date(2023, 1, day) for day in range(20, 27)]  # Tết
    + [date(2023, 5, day) for day in (1, 2, 3)]
    + [date(2023, 9, day) for day in (1, 4)]
)
#: Code, term in working days, level, weight.
PROCEDURES = (
    ("2.000815", 0, "partial", 30),  # certified copies
    ("1.001193", 0, "full", 14),  # birth registration
    ("1.004873", 3, "full", 12),
    ("1.004222", 5, "full", 12),
    ("2.001955", 7, "full", 8),
    ("1.004227", 10, "partial", 9),
    ("1.003003", 15, "partial", 6),
    ("1.012783", 20, "partial", 6),
    ("2.000889", 30, "counter", 3),
)
OPENS_S, CLOSES_S = 7 * 3600 + 1800, 17 * 3600
LAST_RECEIVED_S = 16 * 3600 + 1800
DAY_S = 86_400
CHUNK = 20_000

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Ledger:
    """One row per dossier: numbers into the lists, seconds since local midnight of FIRST_DAY."""

    procedure: Numbers
    received_s: Numbers
    due_s: Numbers
    #: -1: still open.
    resolved_s: Numbers


def events(seed: int) -> Iterator[dict[str, Any]]:
    """Yield 1,206,627 events in the order of their times; the same ones for the same seed."""
    rng = np.random.RandomState(seed % 2**32)  # the one generator whose numbers never change
    ledger = _ledger(rng)
    desks = offices()
    weights = np.array([desk.weight for desk in desks])
    desk = rng.choice(len(desks), RECEIVED, p=weights / weights.sum())
    named = _named(ledger.received_s, seed)

    is_resolved = np.flatnonzero(ledger.resolved_s >= 0)
    at_s = np.concatenate([ledger.received_s, ledger.resolved_s[is_resolved]])
    row = np.concatenate([np.arange(RECEIVED), is_resolved])
    order = np.argsort(at_s, kind="stable")
    source = f"/simulated/dossiers-2023/{seed}"
    for start in range(0, order.size, CHUNK):
        part = order[start : start + CHUNK]
        rows = row[part]
        columns = zip(
            part.tolist(),
            rows.tolist(),
            at_s[part].tolist(),
            ledger.due_s[rows].tolist(),
            ledger.procedure[rows].tolist(),
            desk[rows].tolist(),
            strict=True,
        )
        for place, number, at, due, procedure, office in columns:
            data: dict[str, Any] = {
                "office": desks[office].code,
                "dossier": named[number],
                "action": "resolved",
                "procedure": PROCEDURES[procedure][0],
            }
            if place < RECEIVED:
                data["action"] = "received"
                data["due_at"] = _stamp(due)
                data["level"] = PROCEDURES[procedure][2]
            yield {
                "specversion": "1.0",
                "id": f"{named[number]}/{data['action']}",
                "source": source,
                "type": "ioc.queue.dossier",
                "time": _stamp(at),
                "area": desks[office].area,
                "data": data,
            }


def _ledger(rng: np.random.RandomState) -> _Ledger:
    """Return all dossiers in the order in which they were received."""
    days = _working_days()
    known = int((days <= (LAST_DAY - FIRST_DAY).days).sum())  # the days after are for due dates
    parts = [
        _on_time(rng, days, known),
        _late(rng, days, known),
        _open(rng, days, known, OPEN - OVERDUE, is_overdue=False),
        _open(rng, days, known, OVERDUE, is_overdue=True),
    ]
    columns = [np.concatenate([part[at] for part in parts]) for at in range(4)]
    order = np.argsort(columns[1], kind="stable")
    return _Ledger(*(column[order] for column in columns))


def _working_days() -> Numbers:
    """Return the working days as days since FIRST_DAY, with those on which dossiers fall due."""
    span = (LAST_DAY - FIRST_DAY).days + 60
    days = (FIRST_DAY + timedelta(days=number) for number in range(span))
    numbers = [(d - FIRST_DAY).days for d in days if d.weekday() < 5 and d not in HOLIDAYS]
    return np.array(numbers, dtype=np.int64)


Columns = tuple[Numbers, Numbers, Numbers, Numbers]


def _on_time(rng: np.random.RandomState, days: Numbers, known: int) -> Columns:
    procedure, term = _procedures(rng, ON_TIME, term_min=0)
    busy = rng.uniform(0.85, 1.15, known)
    came = rng.choice(known, ON_TIME, p=busy / busy.sum())
    room = np.minimum(term, known - 1 - came)
    took = np.floor(rng.beta(2, 1.5, ON_TIME) * (room + 1)).astype(np.int64)
    # In the evening people hand in online; nobody resolves it on the same day.
    online = (room >= 1) & (rng.random_sample(ON_TIME) < 0.15)
    took = np.where(online, np.maximum(took, 1), took)
    received_tod = np.where(
        online,
        rng.randint(18 * 3600, 22 * 3600, ON_TIME),
        rng.randint(OPENS_S, LAST_RECEIVED_S, ON_TIME),
    )
    earliest = np.where(took == 0, received_tod + 300, OPENS_S)
    resolved_tod = rng.randint(earliest, CLOSES_S)
    return (
        procedure,
        days[came] * DAY_S + received_tod,
        days[came + term] * DAY_S + CLOSES_S,
        days[came + took] * DAY_S + resolved_tod,
    )


def _late(rng: np.random.RandomState, days: Numbers, known: int) -> Columns:
    procedure, term = _procedures(rng, LATE, term_min=0)
    came = rng.randint(0, known - 1 - term)
    overdue_days = np.minimum(rng.geometric(0.3, LATE), known - 1 - came - term)
    return (
        procedure,
        days[came] * DAY_S + rng.randint(OPENS_S, LAST_RECEIVED_S, LATE),
        days[came + term] * DAY_S + CLOSES_S,
        days[came + term + overdue_days] * DAY_S + rng.randint(OPENS_S, CLOSES_S, LATE),
    )


def _open(
    rng: np.random.RandomState, days: Numbers, known: int, count: int, *, is_overdue: bool
) -> Columns:
    procedure, term = _procedures(rng, count, term_min=3)
    # Due in October at the latest, or in November at the earliest.
    came = rng.randint(0, known - term) if is_overdue else rng.randint(known - term, known)
    return (
        procedure,
        days[came] * DAY_S + rng.randint(OPENS_S, LAST_RECEIVED_S, count),
        days[came + term] * DAY_S + CLOSES_S,
        np.full(count, -1, dtype=np.int64),
    )


def _procedures(
    rng: np.random.RandomState, count: int, *, term_min: int
) -> tuple[Numbers, Numbers]:
    """Return procedures of at least that term, and the term of each in working days."""
    terms = np.array([procedure[1] for procedure in PROCEDURES], dtype=np.int64)
    weights = np.array([procedure[3] for procedure in PROCEDURES], dtype=np.float64)
    weights[terms < term_min] = 0
    chosen = rng.choice(len(PROCEDURES), count, p=weights / weights.sum())
    return chosen, terms[chosen]


def _named(received_s: Numbers, seed: int) -> list[str]:
    """Return the dossiers' numbers, counted within each day."""
    names, day, count = [], -1, 0
    prefix = ""
    for at in (received_s // DAY_S).tolist():
        if at != day:
            day, count = at, 0
            local = FIRST_DAY + timedelta(days=day)
            prefix = f"000.00.19.H55-{local:%y%m%d}"
        count += 1
        names.append(f"{prefix}-{count:05d}" if seed == 1 else f"{prefix}-{count:05d}-{seed}")
    return names


_DATES = [(FIRST_DAY + timedelta(days=number)).isoformat() for number in range(400)]


def _stamp(at_s: int) -> str:
    """Return RFC 3339 in local time; by hand, because it is done two million times."""
    day, second = divmod(at_s, DAY_S)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_DATES[day]}T{hour:02d}:{minute:02d}:{second:02d}+07:00"
