"""A province's past, written with SQL: as rows that the worker would have left, only much faster.

Events are numbered back from the newest, 0, so that two databases of different sizes end with the
same days, to the last row: whatever the screens show of them must be the same, and cost the same.
A quarter each from cameras, detectors, people and desks, as in `load`, at an even pace around the
clock; reports are resolved after 6 hours, dossiers after 2, tickets are called after 10 minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from ioc.area import gazetteer
from ioc.rollup import RATIO
from tests.benchmarks.load import DEVICES, FILLER, OFFICES

Conn = psycopg.Connection[TupleRow]

DAY = timedelta(days=1)
#: Dead letters are deleted after a month, whatever else is kept.
DEAD_LETTER_DAYS = 30
#: Every thousandth event raises an alarm, and every other one of the last day's is open; for every
#: thousandth there is a dead letter.
RARE = 1_000


@dataclass(frozen=True, slots=True)
class Past:
    """So many days of so many events each; the last day ends at `end`, those before at `before`."""

    days: int
    per_day: int
    before: datetime
    end: datetime

    @property
    def events(self) -> int:
        """How many events are stored."""
        return self.days * self.per_day


#: When event `k` was; NULL when it is not among them. Halves, so that no event is on the edge of a
#: minute or a day.
_AT = """
CREATE OR REPLACE FUNCTION pg_temp.at(k bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN k NOT BETWEEN 0 AND {events} - 1 THEN NULL
        WHEN k < {per_day} THEN {end}::timestamptz - (k + 0.5) * {gap}::interval
        ELSE {before}::timestamptz - (k - {per_day} + 0.5) * {gap}::interval END
$$
"""
_COMMUNES = """
CREATE TEMP TABLE communes AS
SELECT n - 1 AS n, code, lat, lon
FROM unnest(%(codes)s::text[], %(lats)s::float8[], %(lons)s::float8[])
    WITH ORDINALITY AS k (code, lat, lon, n)
"""
#: Without the index on `ref`, whose order is none; it is made anew at the end.
_EVENTS = """
INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, area, device, ref, kind,
    lat, lon, partition, "offset", data)
SELECT e.time, md5(e.k::text)::uuid, e.time + e.late * INTERVAL '30 ms', e.source, e.type,
    '/load/' || mod(e.thing, 50), 'load-' || lpad(e.k::text, 9, '0'), c.code, e.device,
    coalesce(e.ref, e.device), e.kind, e.lat + c.lat, e.lon + c.lon, mod(e.place, 4), e.k,
    json_build_object(e.word, e.kind, 'note', %(filler)s::text, 'score', e.late / 1000.0,
        'lat', e.lat + c.lat, 'lon', e.lon + c.lon)
FROM (
    SELECT k, pg_temp.at(k) AS time, mod(hash / {devices}, 1000) AS late, thing,
        mod(thing, 92) AS place, word, source, type, device, ref, kind,
        CASE WHEN source <> 'queue' AND mod(hash, 3) > 0
            THEN mod(hash / {devices}, 200) / 10000.0 END AS lat,
        CASE WHEN source <> 'queue' AND mod(hash, 3) > 0
            THEN mod(hash / {devices}, 199) / 10000.0 END AS lon
    FROM (
        SELECT k, hash, 'dossier' AS word, 'queue' AS source, 'ioc.queue.dossier' AS type,
            mod(k / 80, {offices}) AS thing, NULL AS device,
            'office-' || mod(k / 80, {offices}) || '/D' || k / 80 AS ref,
            CASE mod(k / 40, 2) WHEN 1 THEN 'received' ELSE 'resolved' END AS kind
        FROM numbered WHERE mod(k, 40) = 0
        UNION ALL
        SELECT k, hash, 'label', 'camera', 'ioc.camera.alert', mod(hash, {devices}),
            'cam-' || lpad(mod(hash, {devices})::text, 5, '0'), NULL,
            (ARRAY['person', 'vehicle', 'person', 'crowd', 'intrusion'])[1 + mod(hash / 7, 5)]
        FROM numbered WHERE mod(k, 4) = 0 AND mod(k, 40) > 0
        UNION ALL
        SELECT k, hash, 'kind', 'fire', 'ioc.fire.reading', device,
            'sensor-' || lpad(device::text, 5, '0'), NULL,
            CASE WHEN mod(k, {rare}) = 1 THEN 'smoke' ELSE 'temperature' END
        FROM numbered, LATERAL (SELECT CASE WHEN mod(k, {rare}) = 1
            THEN mod(k / {rare} * 7, {devices}) ELSE mod(hash, {devices}) END AS device) AS d
        WHERE mod(k, 4) = 1
        UNION ALL
        SELECT k, hash, 'category', 'citizen', 'ioc.citizen.report', report, NULL, 'PA-' || report,
            (ARRAY['road', 'waste', 'lighting', 'order', 'water'])[1 + mod(report, 5)]
        FROM numbered, LATERAL (
            SELECT CASE mod(k, 8) WHEN 2 THEN k / 8 ELSE k / 8 + {open_reports} END AS report) AS r
        WHERE mod(k, 4) = 2
        UNION ALL
        SELECT k, hash, 'action', 'queue', 'ioc.queue.ticket', mod(ticket, {offices}), NULL,
            'office-' || mod(ticket, {offices}) || '/A' || ticket,
            (ARRAY['served', 'called', 'issued'])[1 + mod(k / 4, 3)]
        FROM numbered, LATERAL (SELECT k / 12 + CASE mod(k / 4, 3)
            WHEN 2 THEN 0 WHEN 1 THEN {called} ELSE {served} END AS ticket) AS t
        WHERE mod(k, 4) = 3
    ) AS made
) AS e JOIN communes AS c ON c.n = e.place
ORDER BY e.time
"""
_NUMBERED = """
CREATE TEMP VIEW numbered AS
SELECT k::bigint, (hashint8extended(k, 1) & 1073741823)::bigint AS hash
FROM generate_series({first}::bigint, {last}::bigint) AS g (k)
"""
_SERIES = """
INSERT INTO series (source, area, kind, severity)
SELECT DISTINCT source, area, kind, '' FROM events WHERE time > %(since)s AND time < %(until)s
ON CONFLICT DO NOTHING
"""
_COUNTS = """
INSERT INTO counts_1m (minute, series, partition, n)
SELECT date_trunc('minute', e.time), s.id, e.partition, count(*)
FROM events AS e JOIN series AS s ON (s.source, s.area, s.kind, s.severity)
    = (e.source, e.area, e.kind, '')
WHERE time > %(since)s AND time < %(until)s
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
#: What the events have come to, in the order in which it is written.
_STATES = (
    """
    INSERT INTO devices (source, device, area, lat, lon, first_seen, last_seen)
    SELECT kind.source, kind.prefix || lpad(d::text, 5, '0'), c.code, c.lat, c.lon,
        pg_temp.at({events} - 1), pg_temp.at(d)
    FROM generate_series(0, {devices} - 1) AS d JOIN communes AS c ON c.n = mod(d, 92),
        (VALUES ('camera', 'cam-'), ('fire', 'sensor-')) AS kind (source, prefix)
    """,
    """
    INSERT INTO reports (report, area, category, status, status_at, opened_at, due_at, due_set_at,
        emergency, event_id)
    SELECT 'PA-' || r, c.code, 'road', CASE WHEN is_done THEN 'resolved' ELSE 'open' END,
        pg_temp.at(CASE WHEN is_done THEN 8 * (r - {open_reports}) + 6 ELSE 8 * r + 2 END),
        opened_at, opened_at + INTERVAL '3 hours', opened_at, mod(r, 500) = 0,
        md5((8 * r + 2)::text)::uuid
    FROM (SELECT r, pg_temp.at(8 * r + 2) AS opened_at, r >= {open_reports} AS is_done
          FROM generate_series(({events} - 1) / 8, 0, -1) AS r) AS k
        JOIN communes AS c ON c.n = mod(r, 92)
    ORDER BY opened_at
    """,
    """
    INSERT INTO visits (office, day, ticket, visit, area, issued_at, called_at, ended_at, outcome,
        waited_until, wait_ms)
    SELECT 'office-' || mod(t, {offices}), day, 'A' || t, 1, c.code, issued_at, called_at, ended_at,
        CASE WHEN ended_at IS NOT NULL THEN 'served' END, called_at,
        CASE WHEN issued_at < called_at
            THEN 60000 + 1000 * mod(hashint8extended(t, 2) & 65535, 900) END
    FROM (
        SELECT t, (at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
            min(at) FILTER (WHERE step = 1) AS issued_at,
            min(at) FILTER (WHERE step = 2) AS called_at,
            min(at) FILTER (WHERE step = 3) AS ended_at
        FROM generate_series(0, {events} / 12 + {served}) AS t, LATERAL (VALUES
            (1, pg_temp.at(12 * t + 11)),
            (2, pg_temp.at(12 * (t - {called}) + 7)),
            (3, pg_temp.at(12 * (t - {served}) + 3))) AS s (step, at)
        WHERE at IS NOT NULL GROUP BY 1, 2
    ) AS k JOIN communes AS c ON c.n = mod(mod(t, {offices}), 92)
    ORDER BY day, t DESC
    """,
    """
    INSERT INTO durations_1m (minute, metric, office, area, bin, n, sum_ms)
    SELECT date_trunc('minute', waited_until), 'wait', office, area,
        ceil(ln(wait_ms) / ln({ratio}))::int, count(*), sum(wait_ms)
    FROM visits WHERE wait_ms IS NOT NULL GROUP BY 1, 3, 4, 5 ORDER BY 1
    """,
    """
    INSERT INTO dossiers (office, dossier, area, area_at, received_at, resolved_at, due_at,
        due_set_at)
    SELECT 'office-' || mod(d, {offices}), 'D' || d, c.code, coalesce(received_at, resolved_at),
        received_at, resolved_at, received_at + INTERVAL '1 day', received_at
    FROM (SELECT d, pg_temp.at(80 * d + 40) AS received_at,
              pg_temp.at(80 * (d - {open_dossiers})) AS resolved_at
          FROM generate_series({events} / 80 + {open_dossiers}, 0, -1) AS d) AS k
        JOIN communes AS c ON c.n = mod(mod(d, {offices}), 92)
    WHERE coalesce(received_at, resolved_at) IS NOT NULL
    ORDER BY coalesce(received_at, resolved_at)
    """,
    """
    INSERT INTO dossier_steps (at, office, dossier, action, area)
    SELECT received_at, office, dossier, 'received', area FROM dossiers
    WHERE received_at IS NOT NULL
    UNION ALL
    SELECT resolved_at, office, dossier, 'resolved', area FROM dossiers
    WHERE resolved_at IS NOT NULL
    ORDER BY 1
    """,
    """
    INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source, reason,
        detail, raw)
    SELECT pg_temp.at(k), 'bench', 'ioc.fire.v1', 0, {events} - k, pg_temp.at(k), 'fire',
        'not_json', 'unexpected end of data', decode(md5(k::text), 'hex')
    FROM generate_series(least({events}, {per_day} * {dead_letter_days}) - 1, 0, -{rare}) AS k
    """,
    """
    INSERT INTO alarms (id, rule, key, source, severity, state, active, area, device, title,
        title_en, guidance, ack_required, raised_at, changed_at, condition_at, event_source,
        event_id, event_time, returned_at, acknowledged_at, acknowledged_by, ended_at, lat, lon,
        count, version)
    SELECT md5('alarm' || a)::uuid, 'fire-alarm', device, 'fire', 'critical',
        CASE WHEN is_open THEN 'unacknowledged' ELSE 'normal' END, is_open, c.code, device,
        'Báo cháy: khói', 'Fire alarm: smoke',
        ARRAY['Gọi cơ sở để xác minh.', 'Báo Cảnh sát PCCC và CNCH (114) và Công an xã.'], true, at,
        CASE WHEN is_open THEN at ELSE ended END, CASE WHEN is_open THEN at ELSE ended END,
        '/load/0', 'load-' || a, at, CASE WHEN NOT is_open THEN ended END,
        CASE WHEN NOT is_open THEN at + INTERVAL '2 minutes' END,
        CASE WHEN NOT is_open THEN 'ca trực 1' END, CASE WHEN NOT is_open THEN ended END,
        c.lat, c.lon, 1, CASE WHEN is_open THEN 1 ELSE 3 END
    FROM (SELECT a, mod(a * 7, {devices}) AS d, a * {rare} < {per_day} AND mod(a, 2) = 0 AS is_open,
              'sensor-' || lpad(mod(a * 7, {devices})::text, 5, '0') AS device,
              pg_temp.at(a * {rare} + 1) AS at,
              pg_temp.at(a * {rare} + 1) + INTERVAL '20 minutes' AS ended
          FROM generate_series(({events} - 1) / {rare}, 0, -1) AS a) AS k
        JOIN communes AS c ON c.n = mod(d, 92)
    ORDER BY at
    """,
    """
    INSERT INTO alarm_log (seq, alarm_id, at, type, from_state, to_state, by, alarm)
    SELECT row_number() OVER (ORDER BY s.at), a.id, s.at, s.type, s.was, s.now, s.by,
        to_jsonb(a) - 'search'
    FROM alarms AS a, LATERAL (VALUES
        (a.raised_at, 'raised', 'normal', 'unacknowledged', NULL),
        (a.acknowledged_at, 'acknowledged', 'unacknowledged', 'acknowledged', a.acknowledged_by),
        (a.returned_at, 'returned', 'acknowledged', 'normal', NULL)) AS s (at, type, was, now, by)
    WHERE s.at IS NOT NULL
    ORDER BY s.at
    """,
    "SELECT setval('alarm_log_seq', (SELECT max(seq) FROM alarm_log))",
)


def fill(url: str, past: Past, told: Callable[[str], None]) -> None:
    """Write the days before the last into an empty, migrated database."""
    with psycopg.connect(url, autocommit=True) as conn:
        _prepare(conn, past)
        conn.execute("DROP INDEX events_ref")
        for day in range(past.days - 1, 0, -1):
            _add_day(conn, past, day)
            if day % 20 == 0:
                told(f"{day} of {past.days} days to go")


def finish(url: str, past: Past, told: Callable[[str], None]) -> None:
    """Write the last day, and all that is not an event, as it is at the end."""
    with psycopg.connect(url, autocommit=True) as conn:
        _prepare(conn, past)
        _add_day(conn, past, 0)
        for statement in _STATES:
            conn.execute(_written(statement, past))
        told("index and statistics")
        conn.execute("CREATE INDEX events_ref ON events (ref, time DESC) WHERE ref IS NOT NULL")
        # What autovacuum does in a database that grows slowly.
        conn.execute("VACUUM (ANALYZE)")


def _prepare(conn: Conn, past: Past) -> None:
    # A day is sorted in memory.
    conn.execute("SET work_mem = '256MB'")
    conn.execute(_written(_AT, past))
    communes = gazetteer().communes
    conn.execute(
        _COMMUNES,
        {
            "codes": [area.code for area in communes],
            "lats": [area.lat for area in communes],
            "lons": [area.lon for area in communes],
        },
    )


def _add_day(conn: Conn, past: Past, day: int) -> None:
    """Write one day of events and its counts; day 0 is the newest."""
    first = day * past.per_day
    bounds = {"first": first, "last": first + past.per_day - 1}
    until = past.end if day == 0 else past.before - (day - 1) * DAY
    with conn.transaction():
        conn.execute(sql.SQL(_NUMBERED).format(**bounds))
        conn.execute(_written(_EVENTS, past), {"filler": FILLER})
        conn.execute("DROP VIEW numbered")
        conn.execute(_SERIES, {"since": until - DAY, "until": until})
        conn.execute(_COUNTS, {"since": until - DAY, "until": until})


def _written(statement: str, past: Past) -> sql.Composed:
    """Return a statement with the sizes of this past in it; lags are in events of their kind."""
    hour = past.per_day / 24
    values = {
        "events": past.events,
        "per_day": past.per_day,
        "before": past.before,
        "end": past.end,
        "gap": DAY / past.per_day,
        "devices": DEVICES,
        "offices": OFFICES,
        "rare": RARE,
        "ratio": RATIO,
        "open_reports": round(6 * hour / 8),
        "called": round(hour / 12 / 6),
        "served": round(hour / 12 / 4),
        "open_dossiers": round(2 * hour / 80),
        "dead_letter_days": DEAD_LETTER_DAYS,
    }
    return sql.SQL(statement).format(**values)
