"""How well the sources and our own processing are: judged from what was last heard of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SourceHealth(StrEnum):
    """Whether a source still speaks."""

    #: Heard within the time in which this kind of source always speaks.
    HEALTHY = "healthy"
    #: Not heard for longer than that.
    SILENT = "silent"
    #: Never heard.
    UNKNOWN = "unknown"


class ProcessingHealth(StrEnum):
    """Whether events are turned into numbers and alarms."""

    #: Read to the end, all partitions held, deliveries sent.
    HEALTHY = "healthy"
    #: Behind the stream, or a partition is held by nobody.
    DEGRADED = "degraded"
    #: No worker or no notifier lives: nothing on a screen can be trusted to be of now.
    STOPPED = "stopped"


#: A device heard again within this time is not written again: `last_seen` is that exact.
SEEN_GRAIN = timedelta(seconds=15)
#: A camera reports its health every few minutes.
CAMERA_SILENT_AFTER = timedelta(minutes=10)
#: Fire panels test their line more often than this; a missed one is a matter of minutes, not hours.
FIRE_SILENT_AFTER = timedelta(minutes=15)
#: People sleep: half a day without a single report is not a night any more.
CITIZEN_SILENT_AFTER = timedelta(hours=12)
#: Desks are closed from Friday evening to Monday morning.
QUEUE_SILENT_AFTER = timedelta(hours=72)
#: A source of which we know nothing is taken for one that speaks daily.
OTHER_SILENT_AFTER = timedelta(hours=24)

SILENT_AFTER = {
    "camera": CAMERA_SILENT_AFTER,
    "fire": FIRE_SILENT_AFTER,
    "citizen": CITIZEN_SILENT_AFTER,
    "queue": QUEUE_SILENT_AFTER,
}

#: An event that comes later than this after it happened changes a minute that was shown already.
LATE_AFTER = timedelta(minutes=1)
#: A device that speaks of what has not happened yet has a wrong clock; NTP keeps to milliseconds.
AHEAD_AFTER = timedelta(seconds=5)
#: With less than this share of its devices heard an area is blind: silence there says nothing.
BLIND_BELOW = 0.5

#: Workers and notifiers say each second that they live; after this they do not.
ALIVE_WITHIN = timedelta(seconds=30)
#: A worker that is this far behind shows yesterday's province on today's wall.
LAG_HEALTHY_MAX_S = 10.0


def silent_after(source: str) -> timedelta:
    """Return how long a source, or one of its devices, may be quiet."""
    return SILENT_AFTER.get(source, OTHER_SILENT_AFTER)


def source_health(source: str, last_event_at: datetime | None, now: datetime) -> SourceHealth:
    """Return whether a source still speaks."""
    if last_event_at is None:
        return SourceHealth.UNKNOWN
    is_silent = now - last_event_at > silent_after(source)
    return SourceHealth.SILENT if is_silent else SourceHealth.HEALTHY


@dataclass(frozen=True, slots=True)
class Processing:
    """What is known of workers and notifiers.

    `progress_at` is how far the slowest held partition has been read, as stream time; `orphans`
    are partitions of the current log that no living worker holds.
    """

    workers: int
    notifiers: int
    orphans: int
    progress_at: datetime | None

    def lag_s(self, now: datetime) -> float | None:
        """Return how far the numbers are behind, in seconds; None when nobody reads."""
        if self.progress_at is None:
            return None
        return max(0.0, round((now - self.progress_at).total_seconds(), 1))

    def health(self, now: datetime) -> ProcessingHealth:
        """Return whether events are turned into numbers and alarms."""
        if self.workers == 0 or self.notifiers == 0:
            return ProcessingHealth.STOPPED
        lag_s = self.lag_s(now)
        if self.orphans or lag_s is None or lag_s > LAG_HEALTHY_MAX_S:
            return ProcessingHealth.DEGRADED
        return ProcessingHealth.HEALTHY
