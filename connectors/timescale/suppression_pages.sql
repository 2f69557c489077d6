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
