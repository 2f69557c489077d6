"""Alarms that are told, to whom, and the ledger of it: for the tests of the notifier."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from connectors.timescale import alarms, deliveries, endpoints
from connectors.timescale.database import Database
from ioc import clock
from ioc.alarm import Alarm, State, Step, Transition
from ioc.severity import Severity

_NUMBERS = itertools.count(1)


def raise_alarm(db: Database, severity: Severity = Severity.HIGH, area: str = "05443") -> Alarm:
    now, number = clock.now(), next(_NUMBERS)
    alarm = Alarm(
        id=UUID(int=number),
        rule="fire-alarm",
        key=f"panel-{number}",
        source="fire",
        severity=severity,
        state=State.UNACKNOWLEDGED,
        active=True,
        area=area,
        device=f"panel-{number}",
        title="Báo cháy",
        title_en="Fire alarm",
        guidance=("Gọi 114",),
        ack_required=True,
        raised_at=now,
        changed_at=now,
        condition_at=now,
        event_source="/sia/1234",
        event_id=f"e-{number}",
        event_time=now,
    )
    with db.transaction() as conn:
        alarms.apply(conn, [Transition(Step.RAISED, State.NORMAL, alarm, now)])
    return alarm


def endpoint(db: Database, url: str, **wanted: Any) -> tuple[UUID, str]:
    with db.transaction() as conn:
        return endpoints.create(conn, f"endpoint {next(_NUMBERS)}", url, wanted, clock.now())


def ledger(db: Database, **wanted: Any) -> list[dict[str, Any]]:
    with db.reading() as conn:
        return deliveries.page(conn, **wanted)[0]
