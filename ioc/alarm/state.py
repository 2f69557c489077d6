"""The words of an alarm's life: its states, its steps, and how it is closed."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an alarm is; the letters are those of the standard's state figure."""

    #: A: over, the occurrence has ended.
    NORMAL = "normal"
    #: B: active, nobody has said that they know.
    UNACKNOWLEDGED = "unacknowledged"
    #: C: active, somebody knows.
    ACKNOWLEDGED = "acknowledged"
    #: D: not active any more, and nobody has said that they saw it.
    RETURNED = "returned"
    #: E: set aside by a person until a time.
    SHELVED = "shelved"
    #: F: hidden by design.
    SUPPRESSED = "suppressed"
    #: G: under maintenance.
    OUT_OF_SERVICE = "out_of_service"


#: In these an alarm is not annunciated; its condition is still followed.
HIDDEN = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})
ANNUNCIATED = frozenset({State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED})


class Step(StrEnum):
    """The type of a transition: the word in the log, and for most in the webhook."""

    RAISED = "raised"
    #: The condition goes on: one more event for an open alarm.
    REPEATED = "repeated"
    SEVERITY_CHANGED = "severity_changed"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    #: An acknowledgement has expired: it rings again.
    REMINDER = "reminder"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    REMOVED_FROM_SERVICE = "removed_from_service"
    RETURNED_TO_SERVICE = "returned_to_service"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    CLOSED = "closed"
    #: A latched alarm is let go by a person; outside it is told as `returned`.
    RESET = "reset"
    #: It is part of an incident now.
    LINKED = "linked"
    #: It comes and goes too fast to ring each time; it has calmed down.
    CHATTERING = "chattering"
    CALMED = "calmed"
    #: A move that waits for a second person; that person said no.
    REQUESTED = "requested"
    REJECTED = "rejected"


#: Which steps are told outside; `escalated` is told too and is no step of the alarm's own.
ANNOUNCED = frozenset(
    {
        Step.RAISED,
        Step.SEVERITY_CHANGED,
        Step.RETURNED,
        Step.ACKNOWLEDGED,
        Step.REMINDER,
        Step.SHELVED,
        Step.UNSHELVED,
        Step.SUPPRESSED,
        Step.CLOSED,
    }
)
#: Steps of the stream: while an alarm is hidden these are not told.
OF_THE_STREAM = frozenset({Step.RAISED, Step.REPEATED, Step.SEVERITY_CHANGED, Step.RETURNED})
#: Coming back from these with a true condition rings like a new alarm.
RINGS_AGAIN = frozenset({Step.UNSUPPRESSED, Step.RETURNED_TO_SERVICE})


class ClosingCode(StrEnum):
    """What it was, said by the person who closes."""

    TRUE = "true"
    FALSE = "false"
    TEST = "test"
    DUPLICATE = "duplicate"
    NO_IMPACT = "no_impact"
