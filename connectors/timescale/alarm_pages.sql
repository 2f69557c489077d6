-- name: open_page
-- Open alarms, most urgent first, from the alarm after the cursor on. `priority >=` repeats what the
-- long condition says, so that the index is entered in the right place.
SELECT * FROM alarms
WHERE ended_at IS NULL
  AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
  AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[]))
  AND (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
  AND (%(incident)s::uuid IS NULL OR incident_id = %(incident)s::uuid)
  AND (%(folded)s::boolean IS NULL OR folded = %(folded)s::boolean)
  AND (%(latched)s::boolean IS NULL OR latched = %(latched)s::boolean)
  AND (%(words)s::text IS NULL OR search @@ to_tsquery('simple', %(words)s::text)
       OR area = ANY (%(named)s::text[]))
  AND (%(priority)s::int IS NULL OR (priority >= %(priority)s::int AND (
       priority > %(priority)s::int OR raised_at < %(raised_at)s::timestamptz
       OR (raised_at = %(raised_at)s::timestamptz AND id > %(id)s::uuid))))
ORDER BY priority, raised_at DESC, id
LIMIT %(limit)s

-- name: page
-- The same for all alarms that there ever were, newest first.
SELECT * FROM alarms
WHERE state = ANY (%(states)s::text[])
  AND (%(severities)s::text[] IS NULL OR severity = ANY (%(severities)s::text[]))
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[]))
  AND (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
  AND (%(incident)s::uuid IS NULL OR incident_id = %(incident)s::uuid)
  AND (%(folded)s::boolean IS NULL OR folded = %(folded)s::boolean)
  AND (%(latched)s::boolean IS NULL OR latched = %(latched)s::boolean)
  AND (%(words)s::text IS NULL OR search @@ to_tsquery('simple', %(words)s::text)
       OR area = ANY (%(named)s::text[]))
  AND (%(raised_at)s::timestamptz IS NULL OR (raised_at <= %(raised_at)s::timestamptz AND (
       raised_at < %(raised_at)s::timestamptz OR id > %(id)s::uuid)))
ORDER BY raised_at DESC, id
LIMIT %(limit)s

-- name: first_out
-- The first two in sight of each group, from an index; one alone is no group. Two branches, because
-- an index finds `area IS NULL` and not «the same as null».
WITH wanted AS (SELECT * FROM unnest(%(rules)s::text[], %(areas)s::text[]) AS w (rule, area))
SELECT first.ids[1] AS id
FROM wanted CROSS JOIN LATERAL (
    SELECT array_agg(id) AS ids FROM (
        SELECT id FROM alarms
        WHERE alarms.rule = wanted.rule AND alarms.area = wanted.area AND ended_at IS NULL
          AND state NOT IN ('shelved', 'suppressed', 'out_of_service')
        ORDER BY raised_at, id LIMIT 2) AS two) AS first
WHERE wanted.area IS NOT NULL AND cardinality(first.ids) = 2
UNION ALL
SELECT first.ids[1] AS id
FROM wanted CROSS JOIN LATERAL (
    SELECT array_agg(id) AS ids FROM (
        SELECT id FROM alarms
        WHERE alarms.rule = wanted.rule AND alarms.area IS NULL AND ended_at IS NULL
          AND state NOT IN ('shelved', 'suppressed', 'out_of_service')
        ORDER BY raised_at, id LIMIT 2) AS two) AS first
WHERE wanted.area IS NULL AND cardinality(first.ids) = 2

-- name: groups
-- Open alarms in sight by rule and area.
SELECT rule, area, count(*)::int AS n, min(priority)::int AS priority, min(raised_at) AS oldest_at,
    (array_agg(id ORDER BY raised_at, id))[1] AS first_out,
    (count(*) FILTER (WHERE folded))::int AS folded
FROM alarms
WHERE ended_at IS NULL AND state NOT IN ('shelved', 'suppressed', 'out_of_service')
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[]))
GROUP BY rule, area
ORDER BY priority, oldest_at, rule, area
LIMIT %(limit)s

-- name: last_change
SELECT seq, at, type, from_state, to_state, by, comment FROM alarm_log
WHERE alarm_id = %(id)s ORDER BY seq DESC LIMIT 1

-- name: one
SELECT * FROM alarms WHERE id = %(id)s

-- name: severity_at
-- How severe it was at a version that somebody has seen. Not every version is in the log.
SELECT alarm ->> 'severity' AS severity FROM alarm_log
WHERE alarm_id = %(id)s AND (alarm ->> 'version')::int <= %(version)s
ORDER BY seq DESC LIMIT 1

-- name: log
-- One alarm's life, oldest first.
SELECT seq, at, type, from_state, to_state, by, comment
FROM alarm_log
WHERE alarm_id = %(id)s AND seq > %(after)s
ORDER BY seq
LIMIT %(limit)s
