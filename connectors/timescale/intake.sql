-- name: create_staging
-- Rows wait here for one set-based insert; gone with the transaction.
CREATE TEMP TABLE IF NOT EXISTS staged (
    time timestamptz, id uuid, received_at timestamptz, source text, type text,
    ce_source text, ce_id text, subject text, area text, area_unknown text, device text, ref text,
    kind text, severity text, lat double precision, lon double precision, partition int,
    "offset" bigint, data jsonb
) ON COMMIT DELETE ROWS

-- name: stage
-- The null mark; a sender's text that has it is escaped (intake.py).
COPY staged FROM STDIN (NULL E'\x01N')

-- name: store
-- Keep only the new, count them by minute, and answer with the rows that were known already. In key
-- order: two workers that store copies of the same events must not wait for each other.
WITH fresh AS (
    INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, subject, area,
        area_unknown, device, ref, kind, severity, lat, lon, partition, "offset", data)
    SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area,
        area_unknown, device, ref, kind, severity, lat, lon, partition, "offset", data
    FROM staged ORDER BY time, id
    ON CONFLICT (time, id) DO NOTHING
    RETURNING time, id, source, area, kind, severity, partition
), counted AS (
    INSERT INTO rollup_1m (minute, source, area, kind, severity, partition, n)
    SELECT date_trunc('minute', time), source, area, kind, coalesce(severity, ''), partition,
        count(*)
    FROM fresh GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (minute, source, area, kind, severity, partition)
    DO UPDATE SET n = rollup_1m.n + excluded.n
)
SELECT "offset" FROM staged LEFT JOIN fresh USING (time, id) WHERE fresh.id IS NULL

-- name: add_durations
INSERT INTO durations_1m (minute, metric, office, area, bin, n, sum_ms)
SELECT minute, metric, office, area, bin, n, sum_ms
FROM json_to_recordset(%(cells)s::json) AS k (minute timestamptz, metric text, office text,
    area text, bin int, n bigint, sum_ms bigint)
ON CONFLICT (minute, metric, office, area, bin)
DO UPDATE SET n = durations_1m.n + excluded.n, sum_ms = durations_1m.sum_ms + excluded.sum_ms

-- name: bury
-- A record that will never get better; a batch that is done again buries it once.
INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source, reason, detail,
    key, headers, raw)
VALUES (%(at)s, %(log)s, %(topic)s, %(partition)s, %(offset)s, %(received_at)s, %(source)s,
    %(reason)s, %(detail)s, %(key)s, %(headers)s, %(raw)s)
ON CONFLICT (log, topic, partition, "offset") DO NOTHING
