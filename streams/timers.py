"""What happens when a timer comes due, and the loop that looks for those.

A handler does its work first and takes the timer's row last, just before COMMIT, only as it was
read and without waiting. Workers arm timers while they hold windows and alarms; taking the row
first and those afterwards would be the other order, and the two would block each other.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from connectors.timescale import (
    alarms,
    chatter,
    offsets,
    rule_versions,
    suppressions,
    timers,
    windows,
)
from connectors.timescale.database import Conn, Database
from connectors.timescale.timers import Timer
from ioc import intake, metrics
from ioc.errors import DatabaseUnavailableError, IocError
from ioc.rule import RuleSet, Verdict
from ioc.rule.kinds import Memory
from ioc.settings import Settings
from ioc.source import BY_TOPIC
from streams.verdicts import applied

log = logging.getLogger(__name__)

EVERY_S = 0.5
#: While the database is away.
AWAY_S = 2.0
#: Of one clock at one look.
DUE_ROWS = 2_000
#: Handled together; that holds the log's lock for some 50 ms.
PAGE_ROWS = 1_000
#: A timer whose handler failed is tried again after this.
HOLD = timedelta(seconds=30)
DAY = timedelta(days=1)
EXPIRE_ROWS = 5_000
#: Windows are deleted with their rules locked; so many keep a worker waiting for some 20 ms.
EXPIRE_WINDOWS = 1_000
#: A refresh must hold at least one whole bucket.
REFRESH_MARGIN = timedelta(days=1)
RUNNING = " running"
REDO = timedelta(minutes=10)

#: How long ago something last flipped that is not remembered any more.
CHATTER_AGE = timedelta(days=1)
HOUSEKEEPING = (
    "dead_letters_expire",
    "retention",
    "windows_expire",
    "dead_share",
    "chatter_expire",
)

Handler = Callable[[Database, Timer, datetime], None]
#: Timers of one kind, in the order in which they are due.
Bulk = Callable[[Database, Sequence[Timer], datetime], None]


class ArmedAnewError(IocError):
    """The timer was armed anew while it was handled; nothing of that may be kept."""


def run_due(
    db: Database,
    handlers: Mapping[str, Handler],
    now: datetime,
    bulk: Mapping[str, Bulk] | None = None,
) -> int:
    """Handle what is due at `now` by the wall and by the stream, in order; return how many.

    At most `DUE_ROWS` of each; after so many there are more (`pause_after`). Neighbours that one
    function of `bulk` handles are handled together, a page at a time, so that fifty thousand
    overdue after an outage are a hundred transactions.
    """
    kinds, together = sorted(handlers), bulk or {}
    with db.reading() as conn:
        found = timers.due(conn, timers.WALL, now, kinds, now, DUE_ROWS)
        progress = timers.stream_progress(conn)
        if progress is not None:
            found += timers.due(conn, timers.STREAM, progress, kinds, now, DUE_ROWS)
        behind = len(found) >= DUE_ROWS
        overdue = timers.count_due(conn, now, progress, kinds) if behind else len(found)
    metrics.NOTIFIER_TIMERS_OVERDUE.set(overdue)
    for work, group in groupby(found, lambda timer: together.get(timer.kind)):
        neighbours = list(group)
        for start in range(0, len(neighbours), PAGE_ROWS):
            page = neighbours[start : start + PAGE_ROWS]
            if work is None or not _handled(db, work, page, now):
                for timer in page:
                    _handle(db, handlers[timer.kind], timer, now)
    return len(found)


def leave_to_new_rules(conn: Conn, rules: RuleSet, named: Iterable[str]) -> None:
    """Leave timers of rules that `rules` has not, when there are newer rules than these.

    Raises:
        ArmedAnewError: then the next look, by those rules, handles them.
    """
    is_unknown = any(rule not in rules.by_id for rule in named)
    if is_unknown and rule_versions.revision(conn) != rules.revision:
        raise ArmedAnewError("a rule of it is newer than ours")


def pause_after(handled: int) -> float:
    """Return the seconds until the next look: none while more may be due."""
    return 0.0 if handled >= DUE_ROWS else EVERY_S


def _handled(db: Database, work: Bulk, due: Sequence[Timer], now: datetime) -> bool:
    """Handle them together; False: nothing was kept, each has to be handled alone."""
    try:
        work(db, due, now)
    except ArmedAnewError:
        return False
    except DatabaseUnavailableError:
        raise
    except Exception:  # one of them is bad; alone it will show itself and step aside
        log.exception("%d timers together failed", len(due), extra={"action": "hold_timer"})
        return False
    for kind, n in Counter(timer.kind for timer in due).items():
        metrics.NOTIFIER_TIMERS.labels(kind).inc(n)
    return True


def _handle(db: Database, handler: Handler, timer: Timer, now: datetime) -> None:
    try:
        handler(db, timer, now)
        metrics.NOTIFIER_TIMERS.labels(timer.kind).inc()
    except ArmedAnewError:
        log.debug("%s %s was armed anew", timer.kind, timer.key)
    except DatabaseUnavailableError:
        raise
    except Exception:  # one bad timer must not stop the others, which may be shelves that end
        log.exception(
            "the timer %s %s failed; again in %s",
            timer.kind,
            timer.key,
            HOLD,
            extra={"action": "hold_timer"},
        )
        with db.transaction() as conn:
            timers.hold(conn, timer, now + HOLD)


# What each kind does ----------------------------------------------------------------------------


def handlers_of(settings: Settings, rules: RuleSet) -> dict[str, Handler]:
    """Return what each kind of timer does."""
    dead_letter_age = timedelta(days=settings.dead_letter_days)
    event_age = timedelta(days=settings.retention_days) if settings.retention_days else None
    return {
        "cagg_refresh": refresh,
        "dead_letters_expire": daily(dead_letter_age, timers.expire_dead_letters),
        "retention": daily(event_age, timers.expire_events),
        "windows_expire": expire_windows_of(rules),
        "dead_share": dead_share_of(rules),
        "chatter_expire": daily(CHATTER_AGE, chatter.expire),
    }


def arm_housekeeping(conn: Conn, now: datetime) -> None:
    """Arm what runs for ever; what is armed already keeps its time."""
    for kind in HOUSEKEEPING:
        timers.arm_once(conn, Timer(kind, "", timers.WALL, now))


def refresh(db: Database, timer: Timer, now: datetime) -> None:
    """Work out hours and days again into which a late event fell, behind the policies' windows.

    Payload: `from` and `to`, what changed. The timer makes room before the work begins, so that an
    event that commits meanwhile arms another; a second row stands for the work until it is done,
    and comes due itself when this process is killed.
    """
    running = replace(timer, key=timer.key.removesuffix(RUNNING) + RUNNING, due_at=now + REDO)
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer) or not timers.take(conn, timer):
            return
        timers.arm(conn, running)
    start = datetime.fromisoformat(timer.payload["from"])
    end = datetime.fromisoformat(timer.payload["to"])
    with db.reading() as conn:
        timers.refresh_aggregates(conn, start - REFRESH_MARGIN, end + REFRESH_MARGIN)
        timers.take(conn, running)


def dead_share_of(rules: RuleSet) -> Handler:
    """Raise or clear the alarm of each source of which too much cannot be read."""

    def dead_share(db: Database, timer: Timer, now: datetime) -> None:
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            shares = {BY_TOPIC[topic].name: each for topic, each in offsets.recent(conn).items()}
            suppressions.live(conn, now)  # what may ring takes this before the alarms' rows
            known = alarms.lock_open(conn, [(intake.RULE.id, source) for source in shares])
            verdicts: list[Verdict] = []
            for source, recent in sorted(shares.items()):
                alarm = known.get((intake.RULE.id, source))
                verdict = intake.judged(source, recent, bool(alarm and alarm.active), now)
                verdicts += [] if verdict is None else [verdict]
            alarms.apply(conn, applied(conn, rules, verdicts, now))
            if not timers.rearm(conn, timer, now + intake.LOOK_EVERY):
                raise ArmedAnewError

    return dead_share


def daily(age: timedelta | None, expire: Callable[[Conn, datetime, int], int]) -> Handler:
    """Delete what is older than `age`, in bounded pieces; without an age: nothing."""

    def run_daily(db: Database, timer: Timer, now: datetime) -> None:
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            deleted = expire(conn, now - age, EXPIRE_ROWS) if age else 0
            # A whole piece: there may be more, so at once again; the others get their turn first.
            next_at = now if deleted >= EXPIRE_ROWS else now + DAY
            if not timers.rearm(conn, timer, next_at):
                raise ArmedAnewError
        if deleted:
            log.info("%s: %d rows deleted", timer.kind, deleted, extra={"action": "expire_rows"})

    return run_daily


def expire_windows_of(rules: RuleSet) -> Handler:
    """Delete, a page at a time, what rules remember and no event to come needs.

    Payload: `after`, the rule and key with which the page before ended; none: a new day's round.
    Windows of rules that this process does not know stay: another one may.
    """

    def expire_windows(db: Database, timer: Timer, now: datetime) -> None:
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            rule, key = timer.payload.get("after", ("", ""))
            page: dict[windows.Key, Memory] = {}
            deleted = 0
            progress = timers.stream_progress(conn)
            if progress is not None:
                page = windows.page(conn, rules.by_id, (rule, key), EXPIRE_WINDOWS)
                deleted = windows.forget(conn, rules, page, progress)
            # A whole page: at once again behind it; the other timers get their turn first.
            is_last = len(page) < EXPIRE_WINDOWS
            after = replace(
                timer,
                due_at=now + DAY if is_last else now,
                payload={} if is_last else {"after": list(page)[-1]},
            )
            if not timers.take(conn, timer):
                raise ArmedAnewError
            timers.arm(conn, after)
        if deleted:
            log.info("%s: %d rows deleted", timer.kind, deleted, extra={"action": "expire_rows"})

    return expire_windows
