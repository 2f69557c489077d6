-- name: page
-- Newest first; the raw bytes are personal data and can be large: `one` has them.
SELECT id, at, topic, partition, "offset", received_at, source, reason, detail,
       octet_length(raw) AS bytes, retried_at, retried_by, seen_at, discarded_at, discarded_by,
       discard_reason
FROM dead_letters
WHERE id < coalesce(%(before)s::bigint, 9223372036854775807)
  AND (%(source)s::text IS NULL OR source = %(source)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (NOT %(open)s OR (retried_at IS NULL AND discarded_at IS NULL))
ORDER BY id DESC
LIMIT %(limit)s

-- name: one
SELECT id, at, topic, partition, "offset", received_at, source, reason, detail,
       octet_length(raw) AS bytes, retried_at, retried_by, seen_at, discarded_at, discarded_by,
       discard_reason, key, headers, raw
FROM dead_letters WHERE id = %(id)s

-- name: mark_seen
UPDATE dead_letters SET seen_at = %(now)s WHERE id = %(id)s AND seen_at IS NULL

-- name: mark_retried
UPDATE dead_letters SET retried_at = %(now)s, retried_by = %(by)s WHERE id = ANY (%(ids)s)

-- name: groups
-- Of the newest that wait, so that a source gone mad costs no more than that. The times, sizes and places in
-- some details differ from letter to letter: one pattern stands for them. Unseen are those that came
-- after the last one of the group whose bytes somebody has looked at.
WITH waiting AS (
    SELECT id, at, source, reason, seen_at, CASE WHEN reason IN ('clock', 'not_json', 'too_large')
        THEN regexp_replace(detail, '[0-9]([0-9T:.+-]*[0-9])?', '#', 'g') ELSE detail END AS detail
    FROM dead_letters
    WHERE retried_at IS NULL AND discarded_at IS NULL
      AND (%(from)s::timestamptz IS NULL OR at >= %(from)s)
      AND (%(to)s::timestamptz IS NULL OR at < %(to)s)
    ORDER BY id DESC LIMIT %(scanned)s
), seen AS (
    SELECT waiting.*, max(id) FILTER (WHERE seen_at IS NOT NULL)
        OVER (PARTITION BY source, reason, detail) AS seen_id
    FROM waiting
)
SELECT source, reason, detail, count(*) AS n, min(at) AS first_at, max(at) AS last_at,
    max(id) AS newest, count(*) FILTER (WHERE id > coalesce(seen_id, 0)) AS unseen
FROM seen
GROUP BY source, reason, detail
ORDER BY max(id) DESC
LIMIT %(limit)s

-- name: chosen
-- The oldest first: a source's own order. By number, or all of a group that were there when it was
-- looked at; only what still waits.
SELECT id FROM dead_letters
WHERE retried_at IS NULL AND discarded_at IS NULL
  AND (%(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s))
  AND (%(source)s::text IS NULL OR (source = %(source)s AND reason = %(reason)s
    AND CASE WHEN reason IN ('clock', 'not_json', 'too_large')
        THEN regexp_replace(detail, '[0-9]([0-9T:.+-]*[0-9])?', '#', 'g') ELSE detail END
        = %(detail)s))
  AND id > %(after)s AND id <= %(newest)s
  AND (%(from)s::timestamptz IS NULL OR at >= %(from)s)
  AND (%(to)s::timestamptz IS NULL OR at < %(to)s)
ORDER BY id LIMIT %(limit)s

-- name: some
SELECT id, received_at, source, headers, raw FROM dead_letters
WHERE id = ANY (%(ids)s) AND retried_at IS NULL AND discarded_at IS NULL
ORDER BY id

-- name: held
-- As `some`, and nobody else's until the transaction ends; what another holds is being sent or given up just now.
SELECT id, received_at, source, headers, raw FROM dead_letters
WHERE id = ANY (%(ids)s) AND retried_at IS NULL AND discarded_at IS NULL
ORDER BY id FOR UPDATE SKIP LOCKED

-- name: discard
-- What is being sent just now is not waited for, and not given up.
UPDATE dead_letters
SET discarded_at = %(now)s, discarded_by = %(by)s, discard_reason = %(why)s
WHERE id IN (
    SELECT id FROM dead_letters
    WHERE id = ANY (%(ids)s) AND retried_at IS NULL AND discarded_at IS NULL
    FOR UPDATE SKIP LOCKED
)
