"""Whether we tell an endpoint about a transition, in which words, and when we try again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, assert_never

import orjson

from ioc.area import PROVINCE_CODE
from ioc.errors import ConfigError
from ioc.severity import Severity

#: The transitions that are told; the others (a comment, a name assigned) are read in the log.
TOLD = frozenset(
    {
        "raised",
        "severity_changed",
        "acknowledged",
        "returned",
        "shelved",
        "unshelved",
        "suppressed",
        "closed",
        "escalated",
        "reminder",
    }
)
TYPE_PREFIX = "alarm."

FILTER_VALUES_MAX = 500
FILTER_VALUE_CHARACTERS_MAX = 256
#: Standard Webhooks asks for less than 20 kB.
BODY_BYTES_MAX = 20_000
SHORT_TEXT_CHARACTERS = 200

#: How often a failing endpoint is probed, by how long it has been failing. The first figure keeps
#: the contract's «3 s or less» with room for the loop; jitter only ever shortens a wait.
PROBES: tuple[tuple[timedelta, timedelta], ...] = (
    (timedelta(minutes=15), timedelta(seconds=2.8)),
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(hours=3), timedelta(minutes=5)),
)
PROBE_AT_LAST = timedelta(minutes=30)
JITTER = 0.2
#: A receiver may ask for patience, but not for more than this.
RETRY_AFTER_MIN_S = 1.0
RETRY_AFTER_MAX_S = 3600.0
#: 429 without Retry-After: the pause doubles up to the second figure.
THROTTLED = timedelta(seconds=2)
THROTTLED_MAX = timedelta(minutes=1)
#: A delivery is given up only after it was tried for this long.
GIVE_UP = timedelta(hours=24)
#: What waits behind a dead endpoint is given up a little later, after a last probe.
GIVE_UP_UNTRIED = GIVE_UP + PROBE_AT_LAST + timedelta(minutes=5)

#: One message that a receiver always refuses must not hold up the others for ever. After so many
#: refusals it steps aside: the others go first.
PATIENCE_WITH_MESSAGE = 3
PATIENCE = 20
#: The 4xx answers that speak about the address or the moment, not about the message.
NOT_ABOUT_THE_MESSAGE = frozenset({401, 402, 403, 404, 405, 407, 421})
#: Answers of a receiver (or of what stands before it) that cannot take anything now.
CANNOT_NOW = frozenset({408, 425, 429, 502, 503, 504})


# Whom we tell -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """What an endpoint wants to hear; an empty set is no restriction."""

    severities: frozenset[Severity] = frozenset()
    areas: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, value: object) -> Filter:
        """Read `{"severity": [..] or {"min": ..}, "area": [..], "rule": [..], "types": [..]}`.

        Raises:
            ConfigError: a key or a value is none; a typo must not silence an endpoint.
        """
        if value is None:
            return cls()
        if not isinstance(value, Mapping):
            raise ConfigError("filter: an object is expected")
        unknown = sorted(str(key) for key in set(value) - {"severity", "area", "rule", "types"})
        if unknown:
            raise ConfigError(
                f"filter: {unknown[0][:50]!r} is unknown; there are severity, area, rule, types"
            )
        return cls(
            severities=_severities(value.get("severity")),
            areas=_texts("area", value.get("area")),
            rules=_texts("rule", value.get("rule")),
            types=_types(value.get("types")),
        )

    def matches(self, kind: str, severity: Severity, area: str | None, rule: str) -> bool:
        """Whether to tell a transition of this kind, of an alarm like this; no area: province."""
        return (
            kind in TOLD
            and (not self.types or kind in self.types)
            and (not self.severities or severity in self.severities)
            and (not self.areas or area in self.areas or PROVINCE_CODE in self.areas)
            and (not self.rules or rule in self.rules)
        )


def _severities(value: object) -> frozenset[Severity]:
    try:
        if isinstance(value, Mapping):
            if set(value) != {"min"}:
                raise ConfigError('filter: severity is a list or {"min": severity}')
            least = Severity(value["min"])
            return frozenset(each for each in Severity if each.priority <= least.priority)
        return frozenset(Severity(text) for text in _texts("severity", value))
    except (ValueError, TypeError) as error:
        words = ", ".join(Severity)
        raise ConfigError(f"filter: a severity is one of {words}") from error


def _types(value: object) -> frozenset[str]:
    types = frozenset(text.removeprefix(TYPE_PREFIX) for text in _texts("types", value))
    if types - TOLD:
        raise ConfigError(f"filter: a type is one of {', '.join(sorted(TOLD))}")
    return types


def _texts(key: str, value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)) or len(values) > FILTER_VALUES_MAX:
        raise ConfigError(f"filter: {key} is a list of at most {FILTER_VALUES_MAX}")
    for text in values:
        if not isinstance(text, str) or not 0 < len(text) <= FILTER_VALUE_CHARACTERS_MAX:
            raise ConfigError(
                f"filter: {key} holds texts of 1 to {FILTER_VALUE_CHARACTERS_MAX} characters"
            )
    return frozenset(values)


# In which words ---------------------------------------------------------------------------------


def message(kind: str, log: Mapping[str, Any], alarm: Mapping[str, Any]) -> bytes:
    """Return the body: the transition `log` and the alarm as it is now, in less than 20 kB."""
    body = {
        "type": TYPE_PREFIX + kind,
        "timestamp": log["at"],
        "data": {"alarm": dict(alarm), "log": dict(log)},
    }
    encoded = _encoded(body)
    if len(encoded) <= BODY_BYTES_MAX:
        return encoded
    # Who to call and where comes before what to do: long texts go, the facts stay.
    body["data"] = {"alarm": _shortened(alarm), "log": _shortened(log), "truncated": True}
    return _encoded(body)


def _encoded(body: object) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def _shortened(values: Mapping[str, Any]) -> dict[str, Any]:
    def short(value: object) -> object:
        if isinstance(value, str):
            return value[:SHORT_TEXT_CHARACTERS]
        if isinstance(value, Mapping):
            return {key: short(each) for key, each in list(value.items())[:10]}
        return [] if isinstance(value, (list, tuple)) else value

    return {key: short(value) for key, value in values.items()}


# What came of an attempt ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivered:
    """2xx: the receiver has it."""

    status: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody there, or nobody who can take anything now; `after_s` when the receiver said."""

    after_s: float | None
    why: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver answered, and it was a no; perhaps to this message only."""

    why: str
    status: int


@dataclass(frozen=True, slots=True)
class Gone:
    """410: the receiver wants nothing any more."""

    why: str = "the receiver answered 410 Gone"
    status: int = 410


Outcome = Delivered | Retry | Refused | Gone


def outcome_of(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """Read an HTTP answer. Redirects are failures: the endpoint's owner must give the address."""
    if 200 <= status < 300:
        return Delivered(status)
    if status == 410:
        return Gone()
    after_s = retry_after_s(retry_after, now)
    if 300 <= status < 400:
        return Retry(after_s, f"the receiver answered {status}; redirects are not followed", status)
    if status in CANNOT_NOW or after_s is not None:
        return Retry(after_s, f"the receiver answered {status}", status)
    return Refused(f"the receiver answered {status}", status)


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (seconds or an HTTP date), bounded; None when there is none."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:10])
    else:
        try:
            at = parsedate_to_datetime(text)
            seconds = (at - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, RETRY_AFTER_MIN_S), RETRY_AFTER_MAX_S)


# When we try again ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint does; while it fails, one delivery at a time is a probe."""

    failing_since: datetime | None = None
    failures: int = 0
    next_probe_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """What was tried with one delivery: since when, and how often the answer was a no."""

    since: datetime
    refusals: int = 0
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What follows from an attempt, for the delivery and for its endpoint."""

    state: str
    next_at: datetime
    refusals: int
    #: How far the delivery stands behind those that were not refused; 0 is in its right place.
    aside: int
    health: Health
    #: The endpoint has come back: everything that waits for it may go now.
    is_back: bool = False
    #: Why the endpoint is switched off, when it is.
    disabled: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that has ended; `spread` in [0, 1) is the jitter's dice."""

    started_at: datetime
    ended_at: datetime
    spread: float


def after(health: Health, tries: Tries, outcome: Outcome, attempt: Attempt) -> Step:
    """Decide what becomes of a delivery and of its endpoint after one attempt."""
    now = attempt.ended_at
    match outcome:
        case Delivered():
            is_back = health.failing_since is not None
            return Step("delivered", now, tries.refusals, 0, Health(), is_back=is_back)
        case Gone():
            return Step("failed", now, tries.refusals, 0, health, disabled=outcome.why)
        case Retry():
            state = "failed" if now - tries.since >= GIVE_UP else "pending"
            worse = _worse(health, attempt, pause=_asked(outcome, health, attempt.spread))
            return Step(state, now, tries.refusals, tries.aside, worse)
        case Refused():
            return _refused(health, tries, outcome, attempt)
        case _:
            assert_never(outcome)


def _refused(health: Health, tries: Tries, outcome: Refused, attempt: Attempt) -> Step:
    now = attempt.ended_at
    state = "failed" if now - tries.since >= GIVE_UP else "pending"
    refusals = tries.refusals + 1
    aside = max(tries.aside, refusals - _patience(outcome.status) + 1, 0)
    if aside == 0 or health.failing_since is not None:
        return Step(state, now, refusals, aside, _worse(health, attempt, pause=None))
    # The endpoint takes other messages, it is this one that it does not want: only this one waits.
    pause = probe_every(now - tries.since) * (1 - JITTER * attempt.spread)
    return Step(state, max(attempt.started_at + pause, now), refusals, aside, health)


def _patience(status: int) -> int:
    is_about_it = 400 <= status < 500 and status not in NOT_ABOUT_THE_MESSAGE
    return PATIENCE_WITH_MESSAGE if is_about_it else PATIENCE


def _asked(outcome: Retry, health: Health, spread: float) -> timedelta | None:
    if outcome.after_s is not None:
        # Never sooner than asked: here jitter only adds.
        return timedelta(seconds=outcome.after_s * (1 + JITTER * spread / 2))
    if outcome.status == 429:
        return min(THROTTLED * 2.0 ** min(health.failures, 10), THROTTLED_MAX)
    return None


def _worse(health: Health, attempt: Attempt, pause: timedelta | None) -> Health:
    """Return the health after one more failure; `pause`: what the receiver asked for."""
    since = health.failing_since or attempt.ended_at
    if pause is None:
        every = probe_every(attempt.ended_at - since) * (1 - JITTER * attempt.spread)
        # From start to start: an attempt that ran into its timeout has waited long enough.
        probe_at = max(attempt.started_at + every, attempt.ended_at)
    else:
        probe_at = attempt.ended_at + pause
    if health.next_probe_at is not None:
        # Several sends can fail together; the longest pause asked for holds for all.
        probe_at = max(probe_at, health.next_probe_at)
    return replace(
        health, failing_since=since, failures=health.failures + 1, next_probe_at=probe_at
    )


def probe_every(failing_for: timedelta) -> timedelta:
    """Return the longest pause between two probes of an endpoint that has failed for so long."""
    for until, every in PROBES:
        if failing_for < until:
            return every
    return PROBE_AT_LAST
