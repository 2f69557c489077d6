-- name: page
-- Newest first along the primary key; the row after the last one of a page is its cursor. Filters
-- that are not asked for are NULL.
SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area, area_unknown, device,
       kind, severity, lat, lon, data, partition, "offset"
FROM events
WHERE time >= coalesce(%(from)s::timestamptz, '-infinity')
  AND time < coalesce(%(to)s::timestamptz, 'infinity')
  AND (%(before_time)s::timestamptz IS NULL
       OR (time, id) < (%(before_time)s::timestamptz, %(before_id)s::uuid))
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(area)s::text IS NULL OR area = %(area)s)
  AND (%(device)s::text IS NULL OR (ref = %(device)s AND device = %(device)s))
ORDER BY time DESC, id DESC
LIMIT %(limit)s

-- name: snapshot
SELECT area, data ->> 'snapshot_url' AS url FROM events
WHERE time = %(time)s AND id = %(id)s AND source = 'camera' AND data ->> 'snapshot_url' IS NOT NULL
