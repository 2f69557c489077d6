-- Plain PostgreSQL: ordinary views under the names of the continuous aggregates.
-- The buckets come first: a filter on `hour` or `day` then picks buckets, and each one reads its
-- own minutes by the index. (A plain GROUP BY would read every minute ever stored.)

CREATE VIEW rollup_1h AS
SELECT h.hour, r.source, r.area, r.kind, r.severity, r.n
FROM generate_series(date_trunc('hour', (SELECT min(minute) FROM counts_1m)),
                     (SELECT max(minute) FROM counts_1m), INTERVAL '1 hour') AS h (hour),
LATERAL (
    SELECT source, area, kind, severity, sum(n)::bigint AS n FROM rollup_1m
    WHERE minute >= h.hour AND minute < h.hour + INTERVAL '1 hour'
    GROUP BY source, area, kind, severity
) AS r;

CREATE VIEW rollup_1d AS
SELECT d.day, r.source, r.area, r.kind, r.severity, r.n
FROM generate_series(date_bin('1 day', (SELECT min(minute) FROM counts_1m), TIMESTAMPTZ '2000-01-01 00:00+07'),
                     (SELECT max(minute) FROM counts_1m), INTERVAL '1 day') AS d (day),
LATERAL (
    SELECT source, area, kind, severity, sum(n)::bigint AS n FROM rollup_1m
    WHERE minute >= d.day AND minute < d.day + INTERVAL '1 day'
    GROUP BY source, area, kind, severity
) AS r;
