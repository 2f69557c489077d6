-- name: page
-- Incidents, the one that was opened last first; what went into another is found by its id only.
SELECT * FROM incidents
WHERE state = ANY (%(states)s::text[])
  AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(opened_at)s::timestamptz IS NULL OR (opened_at <= %(opened_at)s::timestamptz AND (
       opened_at < %(opened_at)s::timestamptz OR id > %(id)s::uuid)))
ORDER BY opened_at DESC, id
LIMIT %(limit)s

-- name: one
SELECT * FROM incidents WHERE id = %(id)s

-- name: lock_one
SELECT * FROM incidents WHERE id = %(id)s FOR UPDATE

-- name: members
-- The alarms that stand in it, the worst first; `by` put one there.
SELECT a.*, i.by AS put_by FROM incident_alarms AS i JOIN alarms AS a ON a.id = i.alarm_id
WHERE i.incident_id = %(id)s
ORDER BY a.priority, a.raised_at, a.id
LIMIT %(limit)s

-- name: evidence
SELECT incident_rule, alarm_id, rule, key, source, severity, area, place, from_at, to_at, n, x_m, y_m
FROM evidence WHERE cluster = %(id)s
ORDER BY from_at, rule, key, place
LIMIT %(limit)s

-- name: log
SELECT id AS seq, at, type, by, comment, body FROM incident_log
WHERE incident_id = %(id)s AND id > %(after)s
ORDER BY id
LIMIT %(limit)s

-- name: open_counts
SELECT coalesce(area, '19') AS area, severity, count(*) AS n
FROM incidents WHERE state = 'open' GROUP BY 1, severity

-- name: newest_open
-- The newest of each area, and so of the province.
SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY coalesce(area, '19') ORDER BY last_at DESC, id) AS rank
    FROM incidents WHERE state = 'open'
) AS ranked
WHERE rank <= %(limit)s
ORDER BY last_at DESC, id
