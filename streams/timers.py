"""What happens when a timer comes due, and the loop that looks for those.

A handler does its work first and takes the timer's row last, just before COMMIT, only as it was
read and without waiting. Workers arm timers while they hold windows and alarms; taking the row
first and those afterwards would be the other order, and the two would block each other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from connectors.timescale import alarms, offsets, timers, windows
from connectors.timescale.database import Conn, Database
from connectors.timescale.timers import Timer
from ioc import clock, intake, metrics
from ioc.alarm import NotAllowed, Transition, raised, returned, shelf_elapsed
from ioc.errors import DatabaseUnavailableError, IocError, NotFoundError
from ioc.rule import Raise, RuleSet, Window
from ioc.settings import Settings
from ioc.source import BY_TOPIC

log = logging.getLogger(__name__)

EVERY_S = 0.5
#: While the database is away.
AWAY_S = 2.0
DUE_ROWS = 200
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

Handler = Callable[[Database, Timer, datetime], None]
#: Timers of one kind, in the order in which they are due.
Bulk = Callable[[Database, Sequence[Timer], datetime], None]


class ArmedAnewError(IocError):
    """The timer was armed anew while it was handled; nothing of that may be kept."""


def run(db: Database, handlers: Mapping[str, Handler], stop: threading.Event) -> None:
    """Handle what comes due until told to stop; a database that is away is waited for."""
    while not stop.is_set():
        try:
            run_due(db, handlers, clock.now())
            pause_s = EVERY_S
        except DatabaseUnavailableError as error:
            log.warning("timers wait: %s", error, extra={"action": "wait_database"})
            pause_s = AWAY_S
        stop.wait(pause_s)


def run_due(db: Database, handlers: Mapping[str, Handler], now: datetime) -> int:
    """Handle what is due at `now` by the wall and by the stream, in order; return how many."""
    kinds = sorted(handlers)
    with db.reading() as conn:
        found = timers.due(conn, timers.WALL, now, kinds, now, DUE_ROWS)
        progress = timers.stream_progress(conn)
        if progress is not None:
            found += timers.due(conn, timers.STREAM, progress, kinds, now, DUE_ROWS)
    for timer in found:
        _handle(db, handlers[timer.kind], timer, now)
    return len(found)


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
        "silence": silence_of(rules),
        "shelf": shelf,
        "cagg_refresh": refresh,
        "dead_letters_expire": daily(dead_letter_age, timers.expire_dead_letters),
        "retention": daily(event_age, timers.expire_events),
        "windows_expire": expire_windows_of(rules),
        "dead_share": dead_share,
    }


def arm_housekeeping(conn: Conn, now: datetime) -> None:
    """Arm what runs for ever; what is armed already keeps its time."""
    for kind in ("dead_letters_expire", "retention", "windows_expire", "dead_share"):
        timers.arm_once(conn, Timer(kind, "", timers.WALL, now))


def silence_of(rules: RuleSet) -> Handler:
    """Clear an alarm of which the stream has said nothing for as long as its rule asks."""

    def silence(db: Database, timer: Timer, now: datetime) -> None:
        key = (timer.payload["rule"], timer.payload["key"])
        with db.transaction() as conn:
            if not timers.is_mine(conn, timer):
                return
            is_cleared = alarms.silence(conn, rules, key, timer.due_at, now)
            # Not cleared: either it has set the timer to a later time, or there is nothing to do.
            if not timers.take(conn, timer) and is_cleared:
                raise ArmedAnewError

    return silence


def shelf(db: Database, timer: Timer, now: datetime) -> None:
    """Bring back an alarm whose shelf is over; with the move its timer goes."""
    try:
        alarms.move(db, UUID(timer.key), lambda alarm: shelf_elapsed(alarm, now))
    except (NotAllowed, NotFoundError):
        # Somebody was faster: it is not on that shelf any more.
        with db.transaction() as conn:
            timers.take(conn, timer)


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


def dead_share(db: Database, timer: Timer, now: datetime) -> None:
    """Raise or clear the alarm of each source of which too much cannot be read."""
    with db.transaction() as conn:
        if not timers.is_mine(conn, timer):
            return
        shares = {BY_TOPIC[topic].name: each for topic, each in offsets.recent(conn).items()}
        known = alarms.lock_open(conn, [(intake.RULE.id, source) for source in shares])
        moves: list[Transition] = []
        for source, recent in sorted(shares.items()):
            alarm = known.get((intake.RULE.id, source))
            verdict = intake.judged(source, recent, bool(alarm and alarm.active), now)
            if isinstance(verdict, Raise):
                moves.append(raised(alarm, verdict, now))
            elif verdict is not None:
                moves += filter(None, [returned(alarm, verdict, now)])
        alarms.apply(conn, moves)
        if not timers.rearm(conn, timer, now + intake.LOOK_EVERY):
            raise ArmedAnewError


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
            page: dict[windows.Key, Window] = {}
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
