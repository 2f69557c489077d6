-- name: to_hide
-- Open alarms that the matcher takes and that ring, or did, or are hidden by others (they get one more
-- reason); a page in the order in which everybody locks alarms. An empty list of words takes all.
SELECT * FROM alarms AS a
WHERE ended_at IS NULL AND (rule, key) > (%(rule)s, %(key)s)
  AND state IN ('unacknowledged', 'acknowledged', 'returned', 'suppressed')
  AND id IS DISTINCT FROM %(parent_alarm)s
  AND (%(rules)s::text[] = '{}' OR rule = ANY (%(rules)s::text[]))
  AND (%(areas)s::text[] = '{}' OR area = ANY (%(areas)s::text[]))
  AND (%(devices)s::text[] = '{}' OR device = ANY (%(devices)s::text[]))
  AND (%(keys)s::text[] = '{}' OR key = ANY (%(keys)s::text[]))
  AND (%(sources)s::text[] = '{}' OR source = ANY (%(sources)s::text[])
       OR event_source = ANY (%(sources)s::text[]))
  AND severity = ANY (%(severities)s::text[])
ORDER BY rule, key LIMIT %(limit)s
FOR UPDATE

-- name: to_release
-- Hidden alarms that say that this one hides them; the most urgent rings first.
SELECT * FROM alarms
WHERE id IN (
    SELECT id FROM alarms
    WHERE ended_at IS NULL AND state IN ('suppressed', 'out_of_service')
      AND hidden_by @> %(reason)s
    ORDER BY priority, raised_at, id LIMIT %(limit)s
)
ORDER BY rule, key
FOR UPDATE

-- name: active_parents
-- Held as they are until the inhibitions of now are written: one that is over then ends them itself.
SELECT * FROM alarms
WHERE ended_at IS NULL AND active AND (%(rules)s::text[] IS NULL OR rule = ANY (%(rules)s::text[]))
ORDER BY rule, key
FOR SHARE

-- name: open_inhibitions
SELECT id, name FROM suppressions WHERE ended_at IS NULL AND kind = 'inhibition' ORDER BY id

-- name: page
-- The ledger, newest first. Whoever is bound to an area sees what can hide something there.
SELECT * FROM suppressions
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s::text)
  AND (%(is_ended)s::bool IS NULL OR (ended_at IS NOT NULL) = %(is_ended)s::bool)
  AND (%(area)s::text IS NULL OR NOT matcher ? 'areas' OR matcher -> 'areas' ? %(area)s::text)
  AND (%(created_at)s::timestamptz IS NULL OR (created_at <= %(created_at)s::timestamptz AND (
       created_at < %(created_at)s::timestamptz OR id > %(id)s::uuid)))
ORDER BY created_at DESC, id
LIMIT %(limit)s

-- name: log
SELECT at, type, by, comment, alarms FROM (
    SELECT * FROM suppression_log WHERE suppression_id = %(id)s ORDER BY id DESC LIMIT %(limit)s
) AS newest
ORDER BY id

-- name: hidden_counts
-- Every hidden alarm once, by its strongest reason; and how many of them would ring if nothing hid them.
SELECT CASE state
        WHEN 'shelved' THEN 'shelved'
        WHEN 'suppressed' THEN coalesce(hidden_by -> 0 ->> 'kind', 'silence')
        WHEN 'out_of_service' THEN 'out_of_service'
        ELSE 'folded' END AS reason,
    count(*) AS n,
    count(*) FILTER (WHERE CASE WHEN state IN ('shelved', 'suppressed', 'out_of_service')
        THEN active OR latched ELSE state = 'unacknowledged' END) AS would_ring
FROM alarms
WHERE ended_at IS NULL AND (folded OR state IN ('shelved', 'suppressed', 'out_of_service'))
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
GROUP BY 1

-- name: hidden_page
SELECT * FROM alarms
WHERE ended_at IS NULL AND (folded OR state IN ('shelved', 'suppressed', 'out_of_service'))
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(priority)s::int IS NULL OR (priority >= %(priority)s::int AND (
       priority > %(priority)s::int OR raised_at < %(raised_at)s::timestamptz
       OR (raised_at = %(raised_at)s::timestamptz AND id > %(id)s::uuid))))
ORDER BY priority, raised_at DESC, id
LIMIT %(limit)s

-- name: since
-- When each came into the state that it is in.
SELECT DISTINCT ON (alarm_id) alarm_id, at FROM alarm_log
WHERE alarm_id = ANY (%(ids)s) AND from_state <> to_state
ORDER BY alarm_id, seq DESC

-- name: plant_state
SELECT body::text AS body FROM rule_versions WHERE noun = 'plant_state' AND id = %(id)s
ORDER BY version DESC LIMIT 1
