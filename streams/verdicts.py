"""From verdicts to transitions: the one way of batches, delays, scans and everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.timescale import alarms
from connectors.timescale.database import Conn
from ioc.alarm import Transition, raised, returned
from ioc.area import gazetteer
from ioc.rule import Raise, RuleSet, Verdict


def applied(
    conn: Conn, rules: RuleSet, verdicts: Sequence[Verdict], now: datetime
) -> list[Transition]:
    """Return what verdicts do to alarms, in their order; the caller stores with `alarms.apply`.

    The open alarms that they concern are locked until COMMIT.
    """
    if not verdicts:
        return []
    keys = {(verdict.rule.id, verdict.key) for verdict in verdicts}
    current = dict(alarms.lock_open(conn, list(keys)))
    found: list[Transition] = []
    for verdict in verdicts:
        key = (verdict.rule.id, verdict.key)
        transition: Transition | None
        if isinstance(verdict, Raise):
            transition = raised(current.get(key), verdict, now, _area_name(verdict))
        else:
            transition = returned(current.get(key), verdict, now)
        if transition is not None:
            found.append(transition)
            current[key] = transition.alarm
    return found


def _area_name(verdict: Raise) -> str:
    area = gazetteer().by_code(verdict.fact.area) if verdict.fact.area else None
    return area.full_name if area else ""
