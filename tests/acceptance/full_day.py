"""A day on which everything happened, for the report: more of each kind than two sheets hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from connectors.timescale.database import Conn
from ioc import alarm as life
from ioc.alarm import ClosingCode
from ioc.area import gazetteer
from tests.integration.test_daily import (
    DATE,
    END,
    HOUR,
    MINUTE,
    SECOND,
    START,
    apply,
    event,
    raised,
    report,
    visit,
)
from tests.integration.test_views import count, insert

CATEGORIES = (
    *("traffic", "waste", "order", "construction", "lighting", "water", "tree", "security"),
    *("health", "education", "noise", "road", "power", "flooding", "other", "câu hỏi khác"),
)
OFFICES = (
    "TTPVHCC tỉnh",
    "P. Phổ Yên",
    "P. Phan Đình Phùng",
    "X. Đại Từ",
    "X. Định Hoá",
    "X. Vô Tranh",
)
CODES = [area.code for area in gazetteer().communes]


def a_full_day(conn: Conn) -> None:
    """Put the day into an empty database."""
    _alarms(conn)
    _incidents(conn)
    _reports(conn)
    _desks(conn)
    _sources(conn)


def _alarms(conn: Conn) -> None:
    for n in range(40):
        at = START + timedelta(minutes=(n * n * 7) % 1400)
        rule = "grave" if n % 9 == 0 else "mild"
        alarm = raised(conn, rule, at, f"TT-{n % 14:04}-{n}", CODES[(n * n) % 30])
        if n % 3:
            alarm = apply(conn, life.acknowledge(alarm, "hang", at + timedelta(seconds=20 + n)))
        if n % 4 == 1:
            code = ClosingCode.FALSE if n % 8 == 1 else ClosingCode.TRUE
            apply(conn, life.close(alarm, code, "hang", at + 10 * MINUTE, ""))
    for began in (START + 9 * HOUR, START + 14 * HOUR):
        flood = {"id": uuid4(), "position": "main", "began_at": began, "ended_at": began + HOUR}
        insert(conn, "floods", [{**flood, "alarms": 214, "peak_10m": 87}])


def _incidents(conn: Conn) -> None:
    severities = ("critical", "high", "medium", "low")
    for n in range(14):
        began = START + timedelta(minutes=97 * n)
        row: dict[str, Any] = {
            **{"id": uuid4(), "title": "Cháy khu chợ trung tâm và dãy nhà bên cạnh"},
            **{"title_en": "Fire at the central market", "severity": severities[n % 4]},
            **{"state": "closed" if n % 2 else "open", "area": CODES[n], "sources": ["fire"]},
            **{"alarms": 5, "began_at": began, "last_at": began, "opened_at": began},
            **{"changed_at": began, "version": 1, "lead": "Nguyễn Thị Hằng" if n % 3 else None},
        }
        if n % 2:
            row |= {"closed_at": began + HOUR, "closing_code": "true"}
        insert(conn, "incidents", [row])


def _reports(conn: Conn) -> None:
    rows = []
    for n in range(220):
        opened = START + timedelta(minutes=(n * 13) % 1430)
        row = {"category": CATEGORIES[n % len(CATEGORIES)], "area": CODES[n % 92]}
        due = {"due_at": opened + 3 * HOUR}
        status = "resolved" if n % 3 else "open"
        at = min(opened + timedelta(minutes=20 + n), END - SECOND)
        rows.append(report(f"r-{n}", opened, status, at, **row, **due, emergency=n % 31 == 0))
    insert(conn, "reports", rows)


def _desks(conn: Conn) -> None:
    visits, dossiers = [], []
    for n in range(180):
        office = OFFICES[n % len(OFFICES)]
        issued = START + 8 * HOUR + timedelta(seconds=90 * n)
        wait = timedelta(minutes=3 + (n * 7) % 29 + 6 * (n % len(OFFICES)))
        visits.append(visit(office, str(n), issued, issued + wait))
        dossier = {"office": office, "dossier": f"d-{n}", "area": CODES[n % 6], "area_at": issued}
        term = {"received_at": issued, "due_at": issued + 4 * HOUR}
        done = {} if n % 11 == 0 else {"resolved_at": issued + timedelta(minutes=40 + n * 2)}
        dossiers.append({**dossier, **term, **done})
    insert(conn, "visits", visits)
    insert(conn, "dossiers", dossiers)


def _sources(conn: Conn) -> None:
    first = {"first_seen": START - HOUR, "last_seen": END}
    for n, code in enumerate(CODES[:20]):
        insert(conn, "devices", [{"source": "fire", "device": f"TT-{n:04}", "area": code, **first}])
    minute = START - 10 * MINUTE
    while minute < END + 10 * MINUTE:
        if not START + 130 * MINUTE <= minute < START + 345 * MINUTE:
            for code in CODES[:17]:
                count(conn, minute, source="fire", area=code)
        count(conn, minute, 61)
        count(conn, minute, 2, source="citizen")
        count(conn, minute, 4, source="queue")
        minute += 10 * MINUTE
    late(conn, START + HOUR)


def late(conn: Conn, at: datetime) -> None:
    """Let three events of the day come after it."""
    for n in range(3):
        event(conn, at + n * SECOND, END + HOUR)


__all__ = ["DATE", "END", "START", "a_full_day"]
