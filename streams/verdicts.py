"""From verdicts to transitions: the one way of batches, delays, scans and everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import uuid5

from connectors.timescale import alarms, chatter, incidents, suppressions
from connectors.timescale.alarms import Key
from connectors.timescale.database import Conn
from ioc.alarm import Alarm, Around, Hidden, State, Transition, followed
from ioc.area import gazetteer
from ioc.chattering import Chatter
from ioc.rule import Raise, RuleSet, Verdict
from ioc.suppression import hiding


def applied(
    conn: Conn, rules: RuleSet, verdicts: Sequence[Verdict], now: datetime
) -> list[Transition]:
    """Return what verdicts do to alarms, in their order; the caller stores with `alarms.apply`.

    Hide, decide, damp, inhibit, correlate. The open alarms that they concern are locked until
    COMMIT, and none begins or ends a suppression while something may ring.
    """
    if not verdicts:
        return []
    may_ring = any(isinstance(verdict, Raise) for verdict in verdicts)
    # Before the alarms' rows: whoever begins a suppression holds that and then asks for those.
    live = suppressions.live(conn, now) if may_ring else []
    keys = {(verdict.rule.id, verdict.key) for verdict in verdicts}
    current = dict(alarms.lock_open(conn, list(keys)))
    unrest = _unrest(conn, rules, verdicts, current)
    known = dict(unrest)
    found: list[Transition] = []

    def hides(alarm: Alarm) -> Hidden | None:
        return hiding(live, alarm, now)

    around = partial(Around, hides=hides, philosophy=rules.philosophy)
    for verdict in verdicts:
        key = (verdict.rule.id, verdict.key)
        meets = around(area_name=_area_name(verdict), chatter=known.get(key))
        steps, chattering = followed(current.get(key), verdict, now, meets)
        for step in steps:
            found.append(step)
            current[key] = step.alarm
        if chattering is not None:
            known[key] = chattering
    found = _anew(conn, found)
    changed = {key: each for key, each in known.items() if each != unrest[key]}
    found += incidents.link(conn, rules.incidents, found, now)
    suppressions.inhibit(conn, rules.inhibitions, found, now)
    chatter.save(conn, changed, rules.philosophy.chattering)
    return found


def _anew(conn: Conn, steps: list[Transition]) -> list[Transition]:
    """Return the steps with an id of its own for what opens like an occurrence that is over.

    A late event can say that what has ended goes on; the ended one stays as it is.
    """
    opened = {step.alarm.id for step in steps if step.before is State.NORMAL}
    while over := alarms.over(conn, list(opened)) if opened else set():
        opened = {uuid5(each, "again") for each in over}
        steps = [
            replace(step, alarm=replace(step.alarm, id=uuid5(step.alarm.id, "again")))
            if step.alarm.id in over
            else step
            for step in steps
        ]
    return steps


def _unrest(
    conn: Conn, rules: RuleSet, verdicts: Sequence[Verdict], current: Mapping[Key, Alarm]
) -> dict[Key, Chatter]:
    """Return what is known of the unrest of what may flip; its rows are locked."""
    if not rules.philosophy.chattering.is_on:
        return {}
    keys = {
        (verdict.rule.id, verdict.key)
        for verdict in verdicts
        if verdict.rule.damped and _may_flip(verdict, current)
    }
    return dict.fromkeys(sorted(keys), Chatter()) | chatter.lock(conn, list(keys))


def _may_flip(verdict: Verdict, current: Mapping[Key, Alarm]) -> bool:
    # What only goes on, as most that is raised does, costs no look.
    alarm = current.get((verdict.rule.id, verdict.key))
    return not isinstance(verdict, Raise) or alarm is None or not alarm.active


def _area_name(verdict: Verdict) -> str:
    code = verdict.fact.area if isinstance(verdict, Raise) else None
    area = gazetteer().by_code(code) if code else None
    return area.full_name if area else ""
