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
  AND (%(words)s::text IS NULL OR search @@ to_tsquery('simple', %(words)s::text)
       OR area = ANY (%(named)s::text[]))
  AND (%(raised_at)s::timestamptz IS NULL OR (raised_at <= %(raised_at)s::timestamptz AND (
       raised_at < %(raised_at)s::timestamptz OR id > %(id)s::uuid)))
ORDER BY raised_at DESC, id
LIMIT %(limit)s

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
