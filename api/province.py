"""The numbers of the whole province, read for every area at once and shared by all who look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from api.alarm_tiles import (
    ENDED_SHOWN,
    NEWEST_INCIDENTS,
    RATE_WITHIN,
    flood_tile,
    hidden_tile,
    incidents_tile,
)
from api.paced import Paced, Shared
from connectors.timescale import incident_pages
from connectors.timescale import overview as stored
from connectors.timescale.database import Conn, Database
from connectors.timescale.dossiers import DossierCounts, dossiers_by_area
from connectors.timescale.dossiers import added_up as dossiers_added_up
from connectors.timescale.incident_pages import Incident, OpenIncidents
from connectors.timescale.overview import (
    Devices,
    Floods,
    HiddenAlarms,
    Long,
    OpenAlarms,
    Place,
    Recent,
    Reports,
)
from connectors.timescale.queues import (
    VisitCounts,
    Waits,
    visits_by_area,
    waiting_since,
    waits_by_area,
)
from connectors.timescale.queues import added_up as visits_added_up
from ioc import __version__
from ioc.alarm import HIDDEN
from ioc.area import PROVINCE_CODE
from ioc.clock import LOCAL_ZONE
from ioc.health import ALIVE_WITHIN, SILENT_AFTER, Processing, silent_after, source_health
from ioc.severity import Severity
from ioc.source import SOURCES

T = TypeVar("T")

#: The newest minutes are read each time; what is older than this edge, at the part's own pace.
EDGE = timedelta(minutes=5)
DAY = timedelta(hours=24)

STATES = (
    "unacknowledged",
    "acknowledged",
    "returned",
    "shelved",
    "suppressed",
    "out_of_service",
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of the windows that the wall shows; `last_at` is exact to the minute at least."""

    n_1m: int = 0
    n_5m: int = 0
    n_1h: int = 0
    n_24h: int = 0
    last_at: datetime | None = None

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.n_1m + other.n_1m,
            self.n_5m + other.n_5m,
            self.n_1h + other.n_1h,
            self.n_24h + other.n_24h,
            latest(self.last_at, other.last_at),
        )


@dataclass(frozen=True, slots=True)
class Province:
    """Everything that the screens count, of one moment, for every area."""

    as_of: datetime
    counts: dict[Place, Counts]
    last_at: dict[str, datetime]
    devices: dict[Place, Devices]
    alarms: list[OpenAlarms]
    hidden: list[HiddenAlarms]
    floods: Floods
    incidents: list[OpenIncidents]
    newest_incidents: list[Incident]
    reports: dict[str, Reports]
    visits: dict[str, VisitCounts]
    waiting_since: dict[str, datetime]
    waits: dict[str | None, Waits]
    dossiers: dict[str, DossierCounts]
    dead_letters: dict[str, int]
    processing: Processing

    @property
    def sources(self) -> list[str]:
        """The families that we know, then whatever else has spoken."""
        known = [source.name for source in SOURCES]
        heard = {place.source for place in (*self.counts, *self.devices)}
        return [*known, *sorted(heard.difference(known))]


class ProvinceReader:
    """Reads the province for all callers of one process; thread-safe, one reading at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = Shared(self._read, "the province")
        self._edge: datetime | None = None
        self._long = Paced(self._read_long)
        self._recent = Paced(self._read_recent)
        self._words = Paced(lambda conn, _: stored.last_words(conn))
        self._devices = Paced(_read_devices)
        self._alarms = Paced(lambda conn, _: stored.open_alarms(conn))
        self._hidden = Paced(lambda conn, _: stored.hidden_alarms(conn))
        self._floods = Paced(
            lambda conn, now: stored.flooded(conn, now - ENDED_SHOWN, now - RATE_WITHIN)
        )
        self._incidents = Paced(lambda conn, _: incident_pages.open_counts(conn))
        self._newest = Paced(lambda conn, _: incident_pages.newest_open(conn, NEWEST_INCIDENTS))
        self._reports = Paced(lambda conn, now: stored.reports(conn, local_day(now), now))
        self._visits = Paced(lambda conn, now: visits_by_area(conn, local_day(now), now))
        self._waiting = Paced(lambda conn, now: waiting_since(conn, local_day(now), now))
        self._waits = Paced(lambda conn, now: waits_by_area(conn, local_day(now), now))
        self._dossiers = Paced(lambda conn, now: dossiers_by_area(conn, local_day(now), now))
        self._dead_letters = Paced(lambda conn, now: stored.dead_letters(conn, now - DAY))
        self._processing = Paced(lambda conn, now: stored.processing(conn, now - ALIVE_WITHIN))

    def read(self, now: datetime) -> Province:
        """Return the province as it is, each part as fresh as its cost allows.

        Raises:
            DatabaseUnavailableError: it cannot be read, nor was it within the last minute while
                another thread is still trying.
        """
        return self._shared.read(now)

    def _read(self, now: datetime) -> Province:
        with self._database.reading() as conn:
            return self._read_with(conn, now)

    def _read_with(self, conn: Conn, now: datetime) -> Province:
        long = self._long.value(conn, now)
        counts = _merged(self._recent.value(conn, now), long)
        return Province(
            as_of=now,
            counts=counts,
            last_at=_last_at(conn, counts, self._words.value(conn, now)),
            devices=self._devices.value(conn, now),
            alarms=self._alarms.value(conn, now),
            hidden=self._hidden.value(conn, now),
            floods=self._floods.value(conn, now),
            incidents=self._incidents.value(conn, now),
            newest_incidents=self._newest.value(conn, now),
            reports=self._reports.value(conn, now),
            visits=self._visits.value(conn, now),
            waiting_since=self._waiting.value(conn, now),
            waits=self._waits.value(conn, now),
            dossiers=self._dossiers.value(conn, now),
            dead_letters=self._dead_letters.value(conn, now),
            processing=self._processing.value(conn, now),
        )

    def _read_long(self, conn: Conn, now: datetime) -> dict[Place, Long]:
        self._edge = (now - EDGE).replace(second=0, microsecond=0)
        self._recent.forget()  # it must begin where this one ends
        return stored.long_counts(conn, self._edge, now)

    def _read_recent(self, conn: Conn, now: datetime) -> dict[Place, Recent]:
        assert self._edge is not None
        return stored.recent_counts(conn, self._edge, now)


def _read_devices(conn: Conn, now: datetime) -> dict[Place, Devices]:
    cutoffs = {source: now - after for source, after in SILENT_AFTER.items()}
    return stored.devices(conn, cutoffs, now - silent_after(""))


def _merged(recent: dict[Place, Recent], long: dict[Place, Long]) -> dict[Place, Counts]:
    counts = {
        place: Counts(n_1h=old.n_1h, n_24h=old.n_24h, last_at=old.last_minute)
        for place, old in long.items()
    }
    for place, new in recent.items():
        since = new.n_since_edge
        counts[place] = counts.get(place, Counts()) + Counts(
            new.n_1m, new.n_5m, since, since, new.last_minute
        )
    return counts


def _last_at(
    conn: Conn, counts: dict[Place, Counts], words: dict[str, datetime]
) -> dict[str, datetime]:
    """Return when each source spoke last; asks for the second only in the newest minute."""
    minutes: dict[str, datetime] = {}
    for place, found in counts.items():
        if at := latest(minutes.get(place.source), found.last_at):
            minutes[place.source] = at
    seconds = stored.last_events(conn, minutes) if minutes else {}
    return {**words, **minutes, **seconds}


def latest(*times: datetime | None) -> datetime | None:
    """Return the latest of the times that are known."""
    return max((at for at in times if at is not None), default=None)


def local_day(now: datetime) -> datetime:
    """Return the beginning of the province's day, in UTC."""
    midnight = now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC)


# What one screen sees of it -----------------------------------------------------------------------


def overview(province: Province, area: str | None) -> Json:
    """Return the overview of one area (None: the province), times as datetimes."""
    return {
        "as_of": province.as_of,
        "version": __version__,
        "area": area or PROVINCE_CODE,
        "sources": {name: source_tile(province, name, area) for name in province.sources},
        "alarms": alarms_tile(province, area),
        "hidden": hidden_tile(province.hidden, area),
        "flood": flood_tile(province.floods, province.as_of, area),
        "incidents": incidents_tile(province.incidents, province.newest_incidents, area),
        "reports": reports_tile(province, area),
        "queues": queues_tile(
            visits_added_up(_of(province.visits, area)), province.waits.get(area, Waits())
        ),
        "dossiers": dossiers_tile(dossiers_added_up(_of(province.dossiers, area))),
        "processing": processing_tile(province),
    }


def _of(parts: dict[str, T], area: str | None) -> Iterable[T]:
    """Return the parts that one area is made of, or all of them."""
    if area is None:
        return parts.values()
    return [parts[area]] if area in parts else []


def _places(parts: dict[Place, T], source: str, area: str | None) -> list[T]:
    return [
        part
        for place, part in parts.items()
        if place.source == source and area in {None, place.area}
    ]


def source_tile(province: Province, source: str, area: str | None) -> Json:
    """Return one source's numbers.

    Its state is that of the whole feed: a commune in which nobody reported anything for a day is
    not a broken app. Dead letters belong to no area: where one is asked for they are null.
    """
    counts = sum(_places(province.counts, source, area), Counts())
    devices = _places(province.devices, source, area)
    heard = latest(
        province.last_at.get(source),
        *(found.last_seen for found in _places(province.devices, source, None)),
    )
    here = latest(counts.last_at, *(found.last_seen for found in devices))
    return {
        "counts": {
            "1m": counts.n_1m,
            "5m": counts.n_5m,
            "1h": counts.n_1h,
            "24h": counts.n_24h,
        },
        "last_event_at": heard if area is None else here,
        "devices": {
            "known": sum(found.known for found in devices),
            "silent": sum(found.silent for found in devices),
        },
        "state": source_health(source, heard, province.as_of).value,
        "dead_letters_24h": province.dead_letters.get(source, 0) if area is None else None,
    }


def alarms_tile(province: Province, area: str | None) -> Json:
    """Return the open alarms by state; by severity, area and source those that ask for a person.

    What is shelved, suppressed or out of service is not annunciated: a header that counts it would
    ring for what somebody has set aside.
    """
    by_severity = dict.fromkeys((severity.value for severity in Severity), 0)
    by_state = dict.fromkeys(STATES, 0)
    by_area: dict[str, dict[str, int]] = {}
    by_source: dict[str, dict[str, int]] = {}
    total = 0
    for found in province.alarms:
        if area not in {None, found.area}:
            continue
        total += found.n
        by_state[found.state] = by_state.get(found.state, 0) + found.n
        if found.state in HIDDEN:
            continue
        by_severity[found.severity] += found.n
        for counts, key in ((by_area, found.area), (by_source, found.source)):
            here = counts.setdefault(key, dict.fromkeys(by_severity, 0))
            here[found.severity] += found.n
    return {
        "open": total,
        "by_severity": by_severity,
        "by_state": by_state,
        "by_area": dict(sorted(by_area.items())),
        "by_source": dict(sorted(by_source.items())),
    }


def reports_tile(province: Province, area: str | None) -> Json:
    """Return the citizens' reports that need somebody."""
    found = list(_of(province.reports, area))
    return {
        "new_today": sum(part.new_today for part in found),
        "overdue": sum(part.overdue for part in found),
        "sos_open": sum(part.sos_open for part in found),
    }


def queues_tile(visits: VisitCounts, waits: Waits) -> Json:
    """Return visits and waiting times, in seconds."""
    return {
        "issued": visits.issued,
        "called": visits.called,
        "served": visits.served,
        "abandoned": visits.abandoned,
        "waiting": visits.waiting,
        "wait_s": {"mean": waits.mean, "p50": waits.p50, "p90": waits.p90, "max": waits.max},
    }


def dossiers_tile(dossiers: DossierCounts) -> Json:
    """Return dossiers by what happened to them."""
    return {
        "received": dossiers.received,
        "resolved": dossiers.resolved,
        "on_time": dossiers.on_time,
        "late": dossiers.late,
        "open": dossiers.open,
        "overdue": dossiers.overdue,
        "on_time_rate": dossiers.on_time_rate,
    }


def processing_tile(province: Province) -> Json:
    """Return whether our own processes keep up."""
    processing = province.processing
    return {
        "state": processing.health(province.as_of).value,
        "lag_s": processing.lag_s(province.as_of),
        "workers": processing.workers,
        "notifiers": processing.notifiers,
    }
