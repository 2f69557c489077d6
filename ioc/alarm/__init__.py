"""The life of an alarm: one pure state machine, after ISA-18.2.

A move is a function of the alarm, the words of who makes it and `now`; it returns a `Transition`
or raises `NotAllowed`. Moves of the stream (`raised`, `returned`) never refuse: what changes
nothing is None. An occurrence lives from its first raise until it is `normal` again; then it is
over and the next raise opens another.
"""

from __future__ import annotations

from ioc.alarm.alarm import Alarm, Hidden, NotAllowed, Transition
from ioc.alarm.clock import (
    acknowledgement_expired,
    calmed,
    chattering,
    linked,
    shelf_elapsed,
    suppress,
    timers_of,
    unsuppress,
)
from ioc.alarm.person import (
    SHELF_MAX,
    acknowledge,
    assign,
    close,
    comment,
    rejected,
    remove_from_service,
    requested,
    reset,
    return_to_service,
    shelve,
    unacknowledge,
    unshelve,
)
from ioc.alarm.shown import to_json
from ioc.alarm.state import ANNOUNCED, HIDDEN, ClosingCode, State, Step
from ioc.alarm.stream import Around, followed, occurrence_id, raised, returned

__all__ = [
    "ANNOUNCED",
    "HIDDEN",
    "SHELF_MAX",
    "Alarm",
    "Around",
    "ClosingCode",
    "Hidden",
    "NotAllowed",
    "State",
    "Step",
    "Transition",
    "acknowledge",
    "acknowledgement_expired",
    "assign",
    "calmed",
    "chattering",
    "close",
    "comment",
    "followed",
    "linked",
    "occurrence_id",
    "raised",
    "rejected",
    "remove_from_service",
    "requested",
    "reset",
    "return_to_service",
    "returned",
    "shelf_elapsed",
    "shelve",
    "suppress",
    "timers_of",
    "to_json",
    "unacknowledge",
    "unshelve",
    "unsuppress",
]
