-- name: arm
INSERT INTO timers (kind, key, clock, due_at, payload)
VALUES (%(kind)s, %(key)s, %(clock)s, %(due_at)s, %(payload)s)
ON CONFLICT (kind, key) DO UPDATE SET clock = excluded.clock, due_at = excluded.due_at,
    payload = excluded.payload, held_until = NULL

-- name: arm_once
-- Housekeeping is armed at each start; what is armed already keeps its time.
INSERT INTO timers (kind, key, clock, due_at, payload)
VALUES (%(kind)s, %(key)s, %(clock)s, %(due_at)s, %(payload)s)
ON CONFLICT (kind, key) DO NOTHING

-- name: disarm
DELETE FROM timers WHERE kind = %(kind)s AND key = %(key)s

-- name: stream_progress
-- How far the stream has been read, in its own time: the slowest partition of each topic's log of
-- now. Logs of former lives stand still for ever and do not count; a partition that was never read
-- holds back everything.
WITH present AS (
    SELECT DISTINCT ON (topic) topic, log FROM offsets
    WHERE held_at IS NOT NULL ORDER BY topic, held_at DESC
)
SELECT CASE WHEN bool_and(progress_at IS NOT NULL) THEN min(progress_at) END AS progress_at
FROM offsets JOIN present USING (topic, log)

-- name: due
-- A look without a lock; `take` decides whose it is.
SELECT kind, key, clock, due_at, payload FROM timers
WHERE clock = %(clock)s AND due_at <= %(until)s AND kind = ANY(%(kinds)s)
  AND (held_until IS NULL OR held_until <= %(now)s)
ORDER BY due_at, kind, key LIMIT %(limit)s

-- name: count_due
-- How many are due, of at most 10,000: more of them is the same news.
SELECT count(*) AS n FROM (
    SELECT FROM timers
    WHERE ((clock = 'wall' AND due_at <= %(wall)s) OR (clock = 'stream' AND due_at <= %(stream)s))
      AND kind = ANY(%(kinds)s) AND (held_until IS NULL OR held_until <= %(wall)s)
    LIMIT 10000
) AS overdue

-- name: try_alone
-- So that two notifiers do not work on the same timer side by side; it waits for nobody.
SELECT pg_try_advisory_xact_lock(7106, hashtext(%(kind)s || ' ' || %(key)s)) AS yes

-- name: still_due
SELECT EXISTS (
    SELECT FROM timers WHERE kind = %(kind)s AND key = %(key)s AND due_at = %(due_at)s
      AND payload = %(payload)s
) AS yes

-- name: take
-- The row as it was read, or nothing: a worker may have armed it anew meanwhile. SKIP LOCKED, since
-- whoever handles a timer holds alarms by now and must not wait for a worker that waits for those.
DELETE FROM timers WHERE (kind, key) IN (
    SELECT kind, key FROM timers
    WHERE kind = %(kind)s AND key = %(key)s AND due_at = %(due_at)s AND payload = %(payload)s
    FOR UPDATE SKIP LOCKED
)

-- name: take_all
-- Several at once, as they were read.
DELETE FROM timers WHERE (kind, key) IN (
    SELECT kind, key FROM timers JOIN unnest(%(kind)s::text[], %(key)s::text[],
        %(due_at)s::timestamptz[]) AS t (kind, key, due_at) USING (kind, key, due_at)
    FOR UPDATE OF timers SKIP LOCKED
)

-- name: rearm
UPDATE timers SET due_at = %(next_at)s, held_until = NULL WHERE (kind, key) IN (
    SELECT kind, key FROM timers
    WHERE kind = %(kind)s AND key = %(key)s AND due_at = %(due_at)s AND payload = %(payload)s
    FOR UPDATE SKIP LOCKED
)

-- name: hold
UPDATE timers SET held_until = %(until)s
WHERE kind = %(kind)s AND key = %(key)s AND due_at = %(due_at)s

-- name: expire_dead_letters
-- They may hold personal data; a bounded number at a time.
DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE at < %(before)s ORDER BY id LIMIT %(limit)s
)

-- name: expire_events
DELETE FROM events WHERE (time, id) IN (
    SELECT time, id FROM events WHERE time < %(before)s ORDER BY time LIMIT %(limit)s
)

-- name: has_timescale
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS yes

-- name: drop_chunks
-- Whole chunks: what is compressed is not unpacked to be deleted.
SELECT drop_chunks('events', older_than => %(before)s::timestamptz)

-- name: refresh_1h
CALL refresh_continuous_aggregate('counts_1h', %(from)s::timestamptz, %(to)s::timestamptz)

-- name: refresh_1d
CALL refresh_continuous_aggregate('counts_1d', %(from)s::timestamptz, %(to)s::timestamptz)
