"""Kind `count`: N events like this within a time, none of them cut off by a clear.

Everything here is a function of the *set* of marks and clears, never of the order in which they
came. A mark **closes** when it is the last of N marks within the time, with no clear between the
first and the last. A mark is **hot**, it belongs to a raised condition, when it closes, or when it
comes within the rule's silence after a hot one, with no clear in between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ioc.rule.definition import Rule
from ioc.rule.window import CLOCK_AHEAD, MARKS_MAX, Window, reach

#: What is left after forgetting because there were too many: forgetting is paid once in 64 marks.
MARKS_KEPT = 192


def with_mark(rule: Rule, window: Window, at: datetime) -> tuple[Window, datetime | None]:
    """Return the window with an event like this at `at`.

    And the time at which the condition was met through it: of the first mark that closes with it
    among the N, or `at` when it prolongs a condition; None when it does neither.
    """
    place = bisect_right(window.marks, at)
    marks = (*window.marks[:place], at, *window.marks[place:])
    clears = window.clears
    last = min(place + rule.n, len(marks))
    met = next((marks[i] for i in range(place, last) if _closes(rule, marks, clears, i)), None)
    if place == len(marks) - 1:  # the newest, as nearly always: no need to look at the others
        if met is None and _prolongs(rule, clears, window.raised, at):
            met = at
        raised = window.raised if met is None else at
    else:
        hot = _hot(rule, window.settled, marks, clears)
        raised = _newest(hot, window.settled)
        if met is None and hot[place] is not None:
            met = at
    return _settled(rule, replace(window, raised=raised, marks=marks)), met


def with_clear(rule: Rule, window: Window, at: datetime) -> Window:
    """Return the window with a clear at `at`; one between marks cuts the counts over it."""
    clears = list(window.clears)
    insort(clears, at)
    kept = tuple(clears[-MARKS_MAX:])
    cleared = at if window.cleared is None else max(at, window.cleared)
    raised = window.raised
    if window.marks and at < window.marks[-1]:
        raised = _newest(_hot(rule, window.settled, window.marks, kept), window.settled)
    return _settled(rule, replace(window, raised=raised, cleared=cleared, clears=kept))


def _closes(rule: Rule, marks: Sequence[datetime], clears: Sequence[datetime], i: int) -> bool:
    first = i - rule.n + 1
    if first < 0 or marks[i] - marks[first] > rule.within:
        return False
    clear = bisect_right(clears, marks[first])
    return clear == len(clears) or clears[clear] >= marks[i]  # at the same instant the raise wins


def _prolongs(rule: Rule, clears: Sequence[datetime], hot: datetime | None, at: datetime) -> bool:
    if rule.silence is None or hot is None or at - hot > rule.silence:
        return False
    clear = bisect_right(clears, hot)
    return clear == len(clears) or clears[clear] > at


def _hot(
    rule: Rule,
    settled: datetime | None,
    marks: Sequence[datetime],
    clears: Sequence[datetime],
) -> list[datetime | None]:
    """Return for each mark itself when it is hot, else None."""
    newest, found = settled, list[datetime | None]()
    for i, mark in enumerate(marks):
        if settled is not None and mark <= settled:
            hot = mark == settled  # context only: what came before it is forgotten
        else:
            hot = _closes(rule, marks, clears, i) or _prolongs(rule, clears, newest, mark)
        if hot:
            newest = mark
        found.append(mark if hot else None)
    return found


def _newest(hot: Sequence[datetime | None], settled: datetime | None) -> datetime | None:
    return next((mark for mark in reversed(hot) if mark is not None), settled)


def _settled(rule: Rule, window: Window) -> Window:
    """Return the window without the marks that no event to come can need.

    Done when half of what is kept is older than that, or when there are too many: then the
    oldest go first, and only the answer for very late events among a crowd gets coarser.
    """
    marks, clears = window.marks, window.clears
    newest = max((*marks[-1:], *clears[-1:]))  # called after one came: there is one
    far = newest - 2 * reach(rule)
    too_old = bool(marks and marks[0] < far) or bool(clears and clears[0] < far)
    if len(marks) <= MARKS_MAX and not too_old:
        return window
    final = newest - rule.max_lateness - CLOCK_AHEAD  # no event to come is older than this
    cut = bisect_left(marks, final - rule.within)
    if len(marks) > MARKS_MAX:
        cut = max(cut, len(marks) - MARKS_KEPT)
    final_marks = max(cut, bisect_right(marks, final))
    settled = _newest(_hot(rule, window.settled, marks, clears)[:final_marks], window.settled)
    kept_clears = clears[bisect_left(clears, final - rule.within) :]
    if settled is not None and any(
        clear > settled for clear in clears[: len(clears) - len(kept_clears)]
    ):
        settled = None  # it was over before what is kept begins
    return replace(window, marks=marks[cut:], clears=kept_clears, settled=settled)
