-- name: events
-- In the order in which Kafka had them; of one moment, in the order of their partition.
SELECT received_at, type, time, ce_source, ce_id, subject, area, area_unknown, device, data::text AS data
FROM events
WHERE received_at >= %(from)s AND received_at < %(to)s
ORDER BY received_at, source, partition, "offset"

-- name: said
-- What people did to alarms.
SELECT at, alarm_id, type, by, comment, alarm FROM alarm_log
WHERE at >= %(from)s AND at < %(to)s AND by IS NOT NULL AND type = ANY (%(types)s)
ORDER BY seq

-- name: suppressions
-- What people hid, unless it was over when the replay begins.
SELECT * FROM suppressions
WHERE origin = 'api' AND created_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
ORDER BY created_at, id

-- name: entries
-- Steps by the event time of what caused them; those of alarms that were there before are left out.
SELECT l.rule, l.key, l.type, l.to_state, l.alarm -> 'event' AS event,
    l.alarm ->> 'returned_at' AS returned_at, l.alarm ->> 'severity' AS severity
FROM alarm_log AS l
WHERE l.at >= %(from)s AND l.at < %(until)s AND l.type = ANY (%(types)s)
    AND coalesce(l.event_at, l.at) >= %(from)s AND coalesce(l.event_at, l.at) < %(to)s
    AND NOT (l.rule = ANY (%(without)s))
    AND NOT EXISTS (SELECT FROM alarm_log AS b WHERE b.alarm_id = l.alarm_id AND b.at < %(began)s)

-- name: rang
-- Every occurrence that rang, with the words that it had then.
SELECT DISTINCT ON (alarm_id) alarm_id, rule, key, alarm ->> 'title' AS title, area, at
FROM alarm_log
WHERE annunciated AND at >= %(from)s AND at < %(to)s AND NOT (rule = ANY (%(without)s))
ORDER BY alarm_id, seq

-- name: closed_as
SELECT DISTINCT ON (alarm_id) alarm_id, alarm ->> 'closing_code' AS code FROM alarm_log
WHERE type = 'closed' AND alarm ->> 'closing_code' IS NOT NULL AND alarm_id = ANY (%(ids)s)
ORDER BY alarm_id, seq DESC

-- name: next_due
SELECT min(greatest(due_at, coalesce(held_until, due_at))) AS due_at FROM timers
WHERE kind = ANY (%(kinds)s)

-- name: create_database
CREATE DATABASE {} TEMPLATE template0

-- name: do_not_wait
-- Nobody misses a sandbox: its disk need not be waited for.
ALTER DATABASE {} SET synchronous_commit = off

-- name: drop_database
DROP DATABASE IF EXISTS {} WITH (FORCE)

-- name: is_empty
SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS yes
