"""Turns that come again: RFC 5545 rules on local days and hours.

`repeated` checks a rule and writes it together with its start; `turn` reads only what that wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

from dateutil.rrule import rrule, rrulestr

from ioc.clock import LOCAL_ZONE

#: Nobody plans further; a rule that never comes true must not be looked for until the year 9999.
AHEAD_MAX = timedelta(days=2 * 366)
COUNT_MAX = 1_000
#: In these years a start lies; further off there are no two years around it, or millions of turns.
YEARS = range(2000, 2200)

_START = "DTSTART:%Y%m%dT%H%M%S"
_NUMBERS = r"[+-]?[0-9]{1,3}(,[+-]?[0-9]{1,3}){0,30}"
_DAY = r"[+-]?[1-5]?(MO|TU|WE|TH|FR|SA|SU)"
_PARTS = {
    "FREQ": re.compile("DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile("[1-9][0-9]{0,2}"),
    "BYDAY": re.compile(f"{_DAY}(,{_DAY}){{0,30}}"),
    "BYMONTHDAY": re.compile(_NUMBERS),
    "BYMONTH": re.compile(_NUMBERS),
    "BYSETPOS": re.compile(_NUMBERS),
    "COUNT": re.compile("[1-9][0-9]{0,3}"),
    "UNTIL": re.compile("[0-9]{8}(T[0-9]{6})?"),
}
_COUNT = re.compile(";COUNT=([0-9]+)")


def repeated(rule: str, start: datetime, lasts: timedelta) -> str:
    """Return a rule with its start, for `turn`.

    `rule` is an RRULE such as `FREQ=MONTHLY;BYDAY=4SA`, in local time; `start` is aware and gives
    the hour, `lasts` is the length of one turn.

    Raises:
        ValueError: it is none, it never comes true, or its turns overlap; with a sentence.
    """
    if start.year not in YEARS:
        raise ValueError(f"it begins in a year from {YEARS[0]} to {YEARS[-1]}")
    parts = dict(_part(word) for word in rule.removeprefix("RRULE:").split(";"))
    if "FREQ" not in parts:
        raise ValueError("a recurrence says FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise ValueError("a recurrence ends by COUNT or by UNTIL, not by both")
    if int(parts.get("COUNT", "1")) > COUNT_MAX:
        raise ValueError(f"COUNT is at most {COUNT_MAX}")
    ordered = ";".join(
        f"{name}={parts[name]}" for name in ("FREQ", *sorted(parts.keys() - {"FREQ"}))
    )
    local = start.astimezone(LOCAL_ZONE).replace(microsecond=0, tzinfo=None)
    text = f"{local.strftime(_START)}\nRRULE:{ordered}"
    try:
        first = list(islice(_starts(text, start - timedelta(seconds=1)), 50))
    except (ValueError, TypeError) as error:
        raise ValueError(f"this recurrence cannot be read: {error}") from error
    if not first:
        raise ValueError("this recurrence never comes true within two years")
    if any(later - earlier < lasts for earlier, later in pairwise(first)):
        raise ValueError("the next turn would begin before one is over; shorten them")
    return text


def turn(recurrence: str, duration: timedelta, after: datetime) -> tuple[datetime, datetime] | None:
    """Return the first turn that ends after a time, in UTC; None when there is none.

    `recurrence` is from `repeated`. What begins later than two years after `after` is none.
    """
    for start in _starts(recurrence, after - duration):
        if start + duration > after:
            return start, start + duration
    return None


def _part(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    if name not in _PARTS:
        raise ValueError(f"a recurrence has no {name!r}; it has {', '.join(_PARTS)}")
    if not _PARTS[name].fullmatch(value):
        raise ValueError(f"{name} cannot be {value!r}")
    return name, value


def _starts(recurrence: str, after: datetime) -> Iterator[datetime]:
    """Yield the starts from `after` on, in UTC, for two years."""
    counted = _COUNT.search(recurrence)
    # Counted here: with COUNT dateutil takes no end, and what never comes true would be looked for
    # to the end of time.
    found = rrulestr(_COUNT.sub("", recurrence))
    assert isinstance(found, rrule)
    local = after.astimezone(LOCAL_ZONE).replace(tzinfo=None)
    begin = found._dtstart
    end = max(local, begin) + AHEAD_MAX
    if found._until is None or found._until > end:
        found = found.replace(until=end)
    starts = iter(found) if counted is None else islice(found, int(counted[1]))
    for start in takewhile(lambda each: each <= end, starts):
        if start >= local:
            yield start.replace(tzinfo=LOCAL_ZONE).astimezone(UTC)
