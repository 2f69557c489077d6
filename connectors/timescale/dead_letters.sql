-- name: page
-- Newest first; the raw bytes are personal data and can be large: `one` has them.
SELECT id, at, topic, partition, "offset", received_at, source, reason, detail,
       octet_length(raw) AS bytes, retried_at, retried_by
FROM dead_letters
WHERE id < coalesce(%(before)s::bigint, 9223372036854775807)
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
ORDER BY id DESC
LIMIT %(limit)s

-- name: one
SELECT id, at, topic, partition, "offset", received_at, source, reason, detail,
       octet_length(raw) AS bytes, retried_at, retried_by, key, headers, raw
FROM dead_letters WHERE id = %(id)s

-- name: mark_retried
UPDATE dead_letters SET retried_at = %(now)s, retried_by = %(by)s WHERE id = %(id)s
