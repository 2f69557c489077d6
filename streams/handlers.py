"""What every kind of timer does, from all the modules that have some."""

from __future__ import annotations

from ioc.rule import RuleSet
from ioc.settings import Settings
from streams import (
    alarm_timers,
    flood_timers,
    incident_timers,
    scan,
    suppression_timers,
    timers,
    window_timers,
)
from streams.timers import Bulk, Handler

_MODULES = (alarm_timers, window_timers, scan, suppression_timers, flood_timers, incident_timers)


def handlers_of(settings: Settings, rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    found = timers.handlers_of(settings, rules)
    for module in _MODULES:
        found |= module.handlers(rules)
    return found


def bulk_of(rules: RuleSet) -> dict[str, Bulk]:
    """Return what a kind does with many that are due together; the others go one by one."""
    found: dict[str, Bulk] = {}
    for module in _MODULES:
        found |= module.bulk(rules)
    return found
