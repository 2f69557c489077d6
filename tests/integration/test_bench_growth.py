"""The past that `make bench-growth` makes up hangs together, or its figures would say nothing."""

from __future__ import annotations

import os

import psycopg

from api.province import ProvinceReader, overview
from connectors.timescale.database import Database
from connectors.timescale.migrate import migrate
from ioc import clock
from tests.benchmarks.contest import Server
from tests.benchmarks.growth_fill import DAY, Past, fill, finish

#: Enough for an alarm, and for every device to be heard once in a day.
PER_DAY = 6_000

COUNTS = """
SELECT (SELECT count(*) FROM events), (SELECT sum(n) FROM rollup_1m),
    (SELECT count(*) FROM events WHERE kind = 'smoke'), (SELECT count(*) FROM alarms),
    (SELECT count(*) FROM events WHERE kind = 'called'),
    (SELECT count(*) FROM visits WHERE called_at IS NOT NULL),
    (SELECT count(*) FROM events WHERE kind = 'received'),
    (SELECT count(*) FROM dossiers WHERE received_at IS NOT NULL)
"""


def test_what_is_shown_of_the_last_day_does_not_depend_on_the_days_before(
    postgres_url: str,
) -> None:
    server = Server(postgres_url, os.getpid())
    now = clock.now().replace(second=0, microsecond=0)
    shown = []
    for days in (1, 3):
        with server.database() as url:
            migrate(url)
            past = Past(days, PER_DAY, now - DAY, now)
            fill(url, past, lambda _: None)
            finish(url, past, lambda _: None)
            with psycopg.connect(url) as conn:
                events, counted, fires, alarms, *steps = conn.execute(COUNTS).fetchone() or ()
            assert (events, counted) == (past.events, past.events)
            assert fires == alarms == -(-past.events // 1_000)
            called, visits, received, dossiers = steps
            assert (called, received) == (visits, dossiers)
            database = Database(url, "test").open()
            shown.append(overview(ProvinceReader(database).read(now), None))
            database.close()
    small, large = shown
    assert small["sources"]["fire"]["counts"]["24h"] > 0
    assert small["alarms"]["open"] > 0
    assert small == large
