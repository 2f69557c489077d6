"""The timer that looks whether a flood is over."""

from __future__ import annotations

from ioc.rule import RuleSet
from streams.timers import Bulk, Handler


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    return {}


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""
    return {}
