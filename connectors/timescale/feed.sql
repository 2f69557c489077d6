-- name: listen
-- The bell; the log itself is read by number (architecture.md, rule 7).
LISTEN ioc_alarm_log

-- name: position
SELECT coalesce(max(seq), 0) AS position FROM alarm_log

-- name: after
-- Complete, because the numbers of the log become visible in their order.
SELECT seq, alarm FROM alarm_log WHERE seq > %(after)s ORDER BY seq LIMIT %(limit)s

-- name: newest
SELECT seq, alarm FROM alarm_log ORDER BY seq DESC LIMIT %(limit)s

-- name: open_alarms
-- The most urgent first, then the newest: what a screen shows when it cannot show all.
SELECT * FROM alarms
WHERE ended_at IS NULL AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(folded)s::bool IS NULL OR folded = %(folded)s::bool)
ORDER BY priority, raised_at DESC, id
LIMIT %(limit)s

-- name: count_open
SELECT count(*) AS n FROM alarms
WHERE ended_at IS NULL AND (%(area)s::text IS NULL OR area = %(area)s::text)
