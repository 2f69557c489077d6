-- name: page
-- Open alarms in the order of `open_page` (alarm_pages.sql), each as a tuple of what a row of a list
-- needs. Times in milliseconds since 1970; `flags` as FLAGS in alarm_rows.py has them. The key is most
-- often the device: said once.
SELECT id::text, rule, source, severity, state, area, device,
    CASE WHEN %(lang)s = 'en' THEN title_en ELSE title END,
    (date_part('epoch', raised_at) * 1000)::bigint, (date_part('epoch', changed_at) * 1000)::bigint,
    coalesce(assignee, acknowledged_by), version,
    active::int + folded::int * 2 + latched::int * 4 + one_shot::int * 8
        + (chattering_at IS NOT NULL)::int * 16
        + ('acknowledge' = ANY (two_person))::int * 32 + ('close' = ANY (two_person))::int * 64,
    (date_part('epoch', shelved_until) * 1000)::bigint, incident_id::text,
    hidden_by -> 0 ->> 'kind', CASE WHEN key IS DISTINCT FROM device THEN key END
FROM alarms
WHERE ended_at IS NULL
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(sources)s::text[] IS NULL OR source = ANY (%(sources)s::text[]))
  AND (%(priority)s::int IS NULL OR (priority >= %(priority)s::int AND (
       priority > %(priority)s::int OR raised_at < %(raised_at)s::timestamptz
       OR (raised_at = %(raised_at)s::timestamptz AND id > %(id)s::uuid))))
ORDER BY priority, raised_at DESC, id
LIMIT %(limit)s

-- name: place
-- Where the alarm stands in that order, to the microsecond.
SELECT priority, raised_at, id FROM alarms WHERE id = %(id)s::uuid
