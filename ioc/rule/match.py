"""Kind `match`: an event like this raises; the newest event of either sort decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ioc.rule.definition import Rule
from ioc.rule.window import Window


def with_mark(rule: Rule, window: Window, at: datetime) -> tuple[Window, datetime | None]:
    """Return the window with an event like this at `at`, and the time it raises at: always `at`."""
    del rule  # every kind is called alike
    if window.raised is not None and window.raised >= at:
        return window, at
    return replace(window, raised=at), at


def with_clear(rule: Rule, window: Window, at: datetime) -> Window:
    """Return the window with a clear at `at`."""
    del rule
    if window.cleared is not None and window.cleared >= at:
        return window
    return replace(window, cleared=at)
