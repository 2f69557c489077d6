"""What is read of the sources beside the province's numbers: dear, so rarely and once for all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.paced import Paced, Shared
from api.province import DAY, local_day
from connectors.timescale import source_figures as stored
from connectors.timescale.database import Conn, Database
from connectors.timescale.overview import Place
from connectors.timescale.source_figures import Ahead, Sending, UsualHour

#: Lag and clocks are those of the newest events; a busy province has 240,000 in this time.
NEWEST = timedelta(minutes=2)
NEWEST_EVERY_S = 60.0
#: A count that needs a look at every event of the day.
LATE_EVERY_S = 600.0
#: The past changes only by what comes late.
USUAL_EVERY_S = 300.0
TABLES_EVERY_S = 10.0
WEEKS = 4
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """Of one moment; `late` None: too many events to look through. Usual hours: newest first."""

    lags: dict[str, float]
    ahead: list[Ahead]
    late: dict[Place, int] | None
    usual: list[UsualHour]
    letters: dict[str, int]
    letters_unseen: int
    sending: Sending


class SourceReader:
    """Reads for all callers of one process; thread-safe, one reading at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared = Shared(self._read, "the sources")
        self._lags = Paced(lambda conn, now: stored.lags(conn, now - NEWEST), NEWEST_EVERY_S)
        self._ahead = Paced(lambda conn, now: stored.ahead(conn, now - NEWEST), NEWEST_EVERY_S)
        # In a tuple: None is an answer here, and would be asked for again each time.
        self._late: Paced[tuple[dict[Place, int] | None]] = Paced(
            lambda conn, now: (stored.late(conn, local_day(now), now),), LATE_EVERY_S
        )
        self._usual = Paced(_read_usual, USUAL_EVERY_S)
        self._letters = Paced(
            lambda conn, now: stored.letters(conn, local_day(now)), TABLES_EVERY_S
        )
        self._unseen = Paced(
            lambda conn, now: stored.letters_unseen(conn, now - DAY), TABLES_EVERY_S
        )
        self._sending = Paced(lambda conn, now: stored.sending(conn, now - DAY), TABLES_EVERY_S)

    def read(self, now: datetime) -> SourceFigures:
        """Return the figures, each as fresh as its cost allows.

        Raises:
            DatabaseUnavailableError: they cannot be read, nor were they within the last minute
                while another thread is still trying.
        """
        return self._shared.read(now)

    def _read(self, now: datetime) -> SourceFigures:
        with self._database.reading() as conn:
            return self._read_with(conn, now)

    def _read_with(self, conn: Conn, now: datetime) -> SourceFigures:
        return SourceFigures(
            lags=self._lags.value(conn, now),
            ahead=self._ahead.value(conn, now),
            late=self._late.value(conn, now)[0],
            usual=self._usual.value(conn, now),
            letters=self._letters.value(conn, now),
            letters_unseen=self._unseen.value(conn, now),
            sending=self._sending.value(conn, now),
        )


def _read_usual(conn: Conn, now: datetime) -> list[UsualHour]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    return [stored.usual_hour(conn, hour - (week + 1) * WEEK) for week in range(WEEKS)]
