"""Scans: rules that look at rows on a grid of stream time, one timer row for each.

The timer's row also holds what is known of our own listening: what we did not hear because we were
not listening is not silence (ioc.rule.absence).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from connectors.timescale import alarms, scans, timers
from connectors.timescale.database import Conn, Database
from connectors.timescale.timers import Timer
from ioc import metrics
from ioc.alarm import occurrence_id
from ioc.clock import LOCAL_ZONE
from ioc.rule import Raise, Rule, RuleSet, Verdict
from ioc.rule.absence import DEVICE, Absence, IsBreak, Listening, is_deaf, listened, longer_than
from ioc.rule.absence import gap_max as silence_gap
from ioc.rule.fields import FIELDS
from ioc.rule.findings import blind_areas, late, unusual
from ioc.rule.rate import COUNTED_BY, Rate, listened_from, spans
from ioc.rule.scan import Finding, Notice, Stored, asked, changes, grid_point, step
from ioc.rule.sla import DOSSIER, TICKET, Bounds, Sla, bounds
from ioc.source import BY_NAME
from ioc.working_calendar import Working, WorkingCalendar
from streams.timers import ArmedAnewError, Bulk, Handler, leave_to_new_rules
from streams.verdicts import applied

log = logging.getLogger(__name__)

KIND = "scan"
#: Most alarms that one transaction raises and clears: it holds the log's lock meanwhile.
SCAN_ROWS_MAX = 500
#: Findings of a rule that is no more go in pieces of so many.
FORGET_ROWS = 5_000
#: A pause of all desks together that is shorter than this is none, in open time.
DESKS_GAP_MIN = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)
#: Before every stream: a scan that was just armed is due.
_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Look:
    """One scan of one rule at a grid point; `since` is when the unbroken listening began."""

    rule: Rule
    calendar: WorkingCalendar
    at: datetime
    since: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What is true now, and what was stored; both may leave out keys of which nothing changed."""

    now: Sequence[Finding]
    stored: Stored


def handlers(rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does, one at a time."""
    return {KIND: scan_of(rules)}


def bulk(rules: RuleSet) -> dict[str, Bulk]:
    """Return what each kind does with many that are due together."""
    return {}


def arm(conn: Conn, rules: RuleSet) -> None:
    """Arm the scan of each rule about time; at every start, and whenever the rules have changed.

    What is armed keeps its place. The scan of a rule that nobody knows ends by itself.
    """
    for rule in rules.scan_rules:
        timers.arm_once(conn, Timer(KIND, rule.id, timers.STREAM, _AT_ONCE))


def scan_of(rules: RuleSet) -> Handler:
    """Compare what a rule about time finds with what it found last time; raise and clear."""

    def scan(db: Database, timer: Timer, now: datetime) -> None:
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            rule = rules.by_id.get(timer.key)
            progress = timers.stream_progress(conn)
            leave_to_new_rules(conn, rules, [timer.key])
            if rule is None or rule not in rules.scan_rules:
                following = _forgotten(conn, timer)
            elif progress is None:
                return  # a topic is new and was not read yet
            else:
                with metrics.NOTIFIER_SCAN_SECONDS.labels(rule.kind.value).time():
                    following = _scanned(conn, rules, rule, timer, (progress, now))
            if not timers.take(conn, timer):
                raise ArmedAnewError
            if following is not None:
                timers.arm(conn, following)

    return scan


def _forgotten(conn: Conn, timer: Timer) -> Timer | None:
    """Forget a rule that is no more, a piece at a time; its open alarms stay for a person."""
    deleted = scans.forget_rule(conn, timer.key, FORGET_ROWS)
    return timer if deleted >= FORGET_ROWS else None


def _scanned(
    conn: Conn, rules: RuleSet, rule: Rule, timer: Timer, times: tuple[datetime, datetime]
) -> Timer:
    """Scan at the newest grid point and return the timer of the next; `times` is (stream, now)."""
    progress, now = times
    at = grid_point(rule, progress)
    following = replace(timer, due_at=at + step(rule))
    since = _AT_ONCE
    hears = _hears(rule, rules.calendar, at)
    if hears is not None:
        listening = _listening(conn, rule, timer, at, hears)
        following = replace(following, payload=_payload(rule, listening))
        if listening is None or is_deaf(listening, at, hears.is_break):
            return following  # what is known stays as it is until somebody is heard again
        since = listening.since
        if hears.must_since is not None and since > hears.must_since:
            return following
    look = Look(rule, rules.calendar, at, since)
    found = _found(conn, look)
    if rule.schedule is not None and not rule.schedule.covers(at, rules.calendar):
        found = Found([each for each in found.now if each.key in found.stored], found.stored)
    verdicts, to_store, more = changes(rule, found.stored, found.now, at, SCAN_ROWS_MAX)
    verdicts = _allowed(conn, look, verdicts, found.stored)
    scans.store(conn, rule.id, to_store)
    alarms.apply(conn, applied(conn, rules, verdicts, now))
    if verdicts:
        log.info(
            "%s: %d changes%s",
            rule.id,
            len(verdicts),
            ", more remain" if more else "",
            extra={"action": "scan_rule"},
        )
    return replace(following, due_at=at) if more else following


def _allowed(conn: Conn, look: Look, verdicts: Sequence[Verdict], stored: Stored) -> list[Verdict]:
    """Return the verdicts without what would wake up an alarm that is over.

    A severity that falls opens nothing; and what begins anew with the same words as an occurrence
    that has ended begins now, so that the ended one stays as it is.
    """
    raises = [each for each in verdicts if isinstance(each, Raise)]
    falling = [
        each.key
        for each in raises
        if each.key in stored
        and look.rule.severity_of(each.fact).priority > stored[each.key][1].priority
    ]
    is_open = scans.open_keys(conn, look.rule.id, falling) if falling else set()
    ids = {each.key: occurrence_id(look.rule.id, each.key, each.fact) for each in raises}
    ended = scans.ended(conn, list(ids.values())) if ids else set()
    found: list[Verdict] = []
    for each in verdicts:
        if each.key in falling and each.key not in is_open:
            continue
        if each.key in ids and ids[each.key] in ended:
            assert isinstance(each.fact, Notice)
            finding = replace(each.fact.finding, since=look.at)
            found.append(Raise(look.rule, each.key, look.at, Notice(look.rule, finding, look.at)))
        else:
            found.append(each)
    return found


# Listening --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hears:
    """How a rule depends on hearing its source: what is a break, how far to look back for one.

    `must_since`: it is not judged at all unless the source was heard without a break since then.
    """

    is_break: IsBreak
    from_at: datetime
    must_since: datetime | None = None


def _hears(rule: Rule, calendar: WorkingCalendar, at: datetime) -> Hears | None:
    match rule.of:
        case Absence(silent_for=silent_for):
            gap = silence_gap(silent_for)
            return Hears(longer_than(gap), at - silent_for - gap)
        case Rate() as rate:
            since, gap = listened_from(rate, at), silence_gap(rate.window)
            return None if since is None else Hears(longer_than(gap), since - gap, since)
        case Sla(waiting=waiting) as sla if waiting is not None:
            if bounds(sla, calendar, at) is None:
                return None  # closed for the day: nobody waits, whoever was heard
            open_time = waiting.time if isinstance(waiting, Working) else waiting
            gap = max(open_time / 2, DESKS_GAP_MIN)
            return Hears(_longer_than_open(calendar, gap), _day_start(at))
        case _:
            return None


def _longer_than_open(calendar: WorkingCalendar, gap: timedelta) -> IsBreak:
    span = Working(time=gap)
    return lambda heard, at: calendar.add(heard, span) < at


def _listening(
    conn: Conn, rule: Rule, timer: Timer, at: datetime, hears: Hears
) -> Listening | None:
    """Return what is known of our listening to the rule's source by now."""
    known: Listening | None = None
    if timer.payload.get("source") == rule.source:
        since, heard = timer.payload["since"], timer.payload["heard"]
        known = Listening(datetime.fromisoformat(since), datetime.fromisoformat(heard))
    start = hears.from_at if known is None else max(hears.from_at, known.heard - _MINUTE)
    minutes = scans.heard_minutes(conn, rule.source, start, at)
    return listened(known, minutes, hears.is_break)


def _payload(rule: Rule, listening: Listening | None) -> dict[str, str]:
    if listening is None:
        return {}
    since, heard = listening.since.isoformat(), listening.heard.isoformat()
    return {"source": rule.source, "since": since, "heard": heard}


def _day_start(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(LOCAL_ZONE).date(), time.min, LOCAL_ZONE)


# What is true now -------------------------------------------------------------------------------


def _found(conn: Conn, look: Look) -> Found:
    match look.rule.of:
        case Absence(of=of) as absence if of == DEVICE:
            return _silent_devices(conn, look, absence)
        case Absence() as absence:
            known = scans.stored(conn, look.rule.id)
            areas = scans.coverage(conn, look.rule, absence, (look.since, look.at))
            return Found(blind_areas(absence, areas, known), known)
        case Rate() as rate:
            return _unusual(conn, look, rate)
        case Sla() as sla:
            return _late(conn, look, sla)
        case other:
            raise TypeError(f"{look.rule.id} is no rule about time: {other!r}")


def _silent_devices(conn: Conn, look: Look, absence: Absence) -> Found:
    """Return only what differs: a province's silent devices are the same ones most of the time."""
    most = SCAN_ROWS_MAX + 1
    when = (look.since, look.at)
    found = scans.silent_devices(conn, look.rule, absence, when, most)
    if look.rule.cases:
        return Found(found, scans.stored(conn, look.rule.id))
    return Found(found, scans.heard_again(conn, look.rule, absence, most))


def _late(conn: Conn, look: Look, sla: Sla) -> Found:
    rule, at = look.rule, look.at
    known = scans.stored(conn, rule.id)
    within = bounds(sla, look.calendar, at)
    if within is None:
        return Found([], known)
    by_due = sla.after_opened is None
    if rule.type == TICKET:
        day = at.astimezone(LOCAL_ZONE).date()
        # A minute is heard to its end; whoever took a ticket in the first one is in.
        within = Bounds(look.since - _MINUTE, within.before)
        groups = scans.waiting(conn, rule, day, within, sla.least)
    elif rule.type == DOSSIER:
        groups = scans.late_dossiers(conn, rule, within, sla.least, by_due=by_due)
    else:
        groups = scans.late_reports(conn, rule, within, sla.least, by_due=by_due)
    return Found(late(rule, sla, look.calendar, groups, at), known)


def _unusual(conn: Conn, look: Look, rate: Rate) -> Found:
    rule = look.rule
    known = scans.stored(conn, rule.id)
    judged = spans(rate, look.at)
    counts = scans.counts(conn, rule, _kinds(rule), judged)
    heard = scans.heard_spans(conn, rule.source, judged)
    return Found(unusual(rule, rate, (counts, heard), known, look.at), known)


def _kinds(rule: Rule) -> list[str] | None:
    """Return the kinds of events that a rate counts; None: all of its source."""
    word = COUNTED_BY[rule.type]
    found = asked(rule, word)
    kinds = asked(rule, "kind")
    if kinds is not None:
        found = kinds if found is None else found & kinds
    if found is None and len(BY_NAME[rule.source].types) > 1:
        found = frozenset(FIELDS[rule.type][word].values)
    return None if found is None else sorted(str(each) for each in found)
