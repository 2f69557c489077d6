-- name: store
-- Keep only the new, of several copies the first, and answer with where each was in Kafka, twelve bytes
-- each (intake.PLACE). In key order: two workers that store copies of the same events must not wait
-- for each other.
WITH fresh AS (
    INSERT INTO events (time, id, received_at, source, type, ce_source, ce_id, subject, area,
        area_unknown, device, ref, kind, severity, lat, lon, partition, "offset", data)
    SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area,
        area_unknown, device, ref, kind, severity, lat, lon, partition, "offset", data
    FROM staged ORDER BY time, id, partition, "offset"
    ON CONFLICT (time, id) DO NOTHING
    RETURNING partition, "offset"
)
SELECT string_agg(int4send(partition) || int8send("offset"), ''::bytea) AS places FROM fresh

-- name: add_durations
INSERT INTO durations_1m (minute, metric, office, area, bin, n, sum_ms)
SELECT minute, metric, office, area, bin, n, sum_ms
FROM staged_durations
ON CONFLICT (minute, metric, office, area, bin)
DO UPDATE SET n = durations_1m.n + excluded.n, sum_ms = durations_1m.sum_ms + excluded.sum_ms

-- name: bury
-- A record that will never get better; a batch that is done again buries it once.
INSERT INTO dead_letters (at, log, topic, partition, "offset", received_at, source, reason, detail,
    key, headers, raw)
VALUES (%(at)s, %(log)s, %(topic)s, %(partition)s, %(offset)s, %(received_at)s, %(source)s,
    %(reason)s, %(detail)s, %(key)s, %(headers)s, %(raw)s)
ON CONFLICT (log, topic, partition, "offset") DO NOTHING
