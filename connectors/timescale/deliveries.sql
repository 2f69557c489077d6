-- name: listening
-- Read in the alarm's transaction, so an endpoint is told what commits after it was made.
SELECT id, filter FROM endpoints WHERE disabled_at IS NULL ORDER BY id

-- name: enqueue
-- One statement for a whole batch; in the order of the endpoints, as every multi-row write.
INSERT INTO deliveries (id, endpoint_id, alarm_id, seq, type, priority, at, state)
SELECT id, endpoint_id, alarm_id, seq, type, priority, at, 'pending'
FROM unnest(%(id)s::uuid[], %(endpoint_id)s::uuid[], %(alarm_id)s::uuid[], %(seq)s::bigint[],
    %(type)s::text[], %(priority)s::smallint[], %(at)s::timestamptz[])
    AS told (id, endpoint_id, alarm_id, seq, type, priority, at)
ORDER BY endpoint_id, seq
ON CONFLICT (id) DO NOTHING

-- name: lock_endpoints
-- Whoever holds an endpoint's row decides what is sent to it, so two notifiers never both probe.
-- A statement of its own: the next one must see what the last holder committed.
SELECT id FROM endpoints
WHERE disabled_at IS NULL AND EXISTS (
    SELECT FROM deliveries WHERE endpoint_id = endpoints.id AND state = 'pending'
)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED

-- name: claim
-- Lease what may be sent now: to a failing endpoint one probe when its pause is over, to the others
-- as much as they take at once; the most severe and oldest first, behind them what was refused.
-- The attempt is written down before it is made: a killed notifier leaves a trace in the ledger.
WITH room AS (
    SELECT id, failing_since IS NOT NULL AS is_probe, CASE
        WHEN failing_since IS NULL THEN greatest(%(per_endpoint)s - busy.n, 0)
        WHEN busy.n = 0 AND coalesce(next_probe_at <= %(now)s, true) THEN 1
        ELSE 0 END AS n
    FROM endpoints CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM deliveries
        WHERE endpoint_id = endpoints.id AND state = 'pending' AND leased_until IS NOT NULL
          AND leased_until > %(now)s
    ) AS busy
    WHERE id = ANY(%(endpoints)s)
), due AS (
    SELECT found.id, row_number() OVER (
        PARTITION BY room.is_probe ORDER BY found.aside, found.priority, found.seq
    ) AS place, room.is_probe
    FROM room CROSS JOIN LATERAL (
        SELECT id, aside, priority, seq FROM deliveries
        WHERE endpoint_id = room.id AND state = 'pending'
          AND (next_at IS NULL OR next_at <= %(now)s)
          AND (leased_until IS NULL OR leased_until <= %(now)s)
        ORDER BY aside, priority, seq LIMIT room.n
    ) AS found
), claimed AS (
    UPDATE deliveries SET leased_until = %(until)s, attempts = attempts + 1
    FROM due
    WHERE deliveries.id = due.id
      AND due.place <= CASE WHEN due.is_probe THEN %(probes)s ELSE %(sends)s END
    RETURNING deliveries.*, due.is_probe
), noted AS (
    INSERT INTO attempts (delivery_id, attempt, at) SELECT id, attempts, %(now)s FROM claimed
)
SELECT claimed.id, claimed.endpoint_id, claimed.alarm_id, claimed.type, claimed.priority,
    claimed.attempts AS attempt, claimed.refusals, claimed.aside, claimed.is_probe,
    coalesce((SELECT min(at) FROM attempts WHERE delivery_id = claimed.id), %(now)s) AS since,
    endpoints.name, endpoints.url, endpoints.secret,
    claimed.seq, alarm_log.from_state, alarm_log.to_state, alarm_log.by,
    coalesce(alarm_log.at, claimed.at) AS at, alarm_log.alarm AS alarm_then
FROM claimed
JOIN endpoints ON endpoints.id = claimed.endpoint_id
LEFT JOIN alarm_log ON alarm_log.seq = claimed.seq
ORDER BY claimed.aside, claimed.priority, claimed.seq

-- name: lock_endpoint
SELECT failing_since, failures, next_probe_at FROM endpoints
WHERE id = %(endpoint_id)s FOR NO KEY UPDATE

-- name: finish_delivered
-- Whoever brought it, it is there: also when the lease had run out meanwhile.
UPDATE deliveries SET state = 'delivered', ended_at = %(now)s, leased_until = NULL
WHERE id = %(id)s AND state = 'pending'

-- name: finish_undelivered
-- Only while the lease is still ours: a later attempt knows better.
UPDATE deliveries SET state = %(state)s, next_at = %(next_at)s, leased_until = NULL,
    refusals = %(refusals)s, aside = %(aside)s,
    ended_at = CASE WHEN %(state)s = 'failed' THEN %(now)s::timestamptz END
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempt)s

-- name: finish_attempt
UPDATE attempts SET duration_ms = %(duration_ms)s, status = %(status)s, error = %(error)s
WHERE delivery_id = %(id)s AND attempt = %(attempt)s

-- name: set_health
UPDATE endpoints SET failing_since = %(failing_since)s, failures = %(failures)s,
    next_probe_at = %(next_probe_at)s
WHERE id = %(endpoint_id)s

-- name: free_waiting
-- The endpoint is back: nothing waits for a schedule that was made while it was away.
UPDATE deliveries SET next_at = NULL
WHERE endpoint_id = %(endpoint_id)s AND state = 'pending' AND next_at IS NOT NULL

-- name: give_back
-- A notifier that ends in order lets others send at once what it had leased.
UPDATE deliveries SET leased_until = NULL
WHERE id = %(id)s AND state = 'pending' AND attempts = %(attempt)s

-- name: fail_unwanted
-- Nobody will take them: the endpoint was switched off, or has not answered for longer than we try.
UPDATE deliveries SET state = 'failed', ended_at = %(now)s, leased_until = NULL
FROM endpoints
WHERE endpoints.id = deliveries.endpoint_id AND deliveries.state = 'pending'
  AND (deliveries.leased_until IS NULL OR deliveries.leased_until <= %(now)s)
  AND (endpoints.disabled_at IS NOT NULL
       OR (endpoints.failing_since <= %(before)s AND deliveries.at <= %(before)s))

-- name: waiting
SELECT count(*) AS pending, min(at) AS oldest_at FROM deliveries WHERE state = 'pending'

-- name: page
-- Newest first by place in the alarm log; the cursor is the last row's place and id.
SELECT deliveries.id, deliveries.endpoint_id, endpoints.name AS endpoint, deliveries.alarm_id,
    deliveries.seq, deliveries.type, deliveries.priority, deliveries.at, deliveries.state,
    CASE WHEN deliveries.state = 'pending'
         THEN greatest(deliveries.next_at, endpoints.next_probe_at) END AS next_at,
    deliveries.attempts AS attempt_count, deliveries.ended_at,
    alarm_log.alarm ->> 'title' AS title, alarm_log.alarm ->> 'title_en' AS title_en,
    alarm_log.area
FROM deliveries JOIN endpoints ON endpoints.id = deliveries.endpoint_id
LEFT JOIN alarm_log ON alarm_log.seq = deliveries.seq
WHERE (%(alarm_id)s::uuid IS NULL OR deliveries.alarm_id = %(alarm_id)s)
  AND (%(endpoint)s::text IS NULL
       OR endpoints.name = %(endpoint)s OR endpoints.id::text = %(endpoint)s)
  AND (%(state)s::text IS NULL OR deliveries.state = %(state)s)
  AND (%(seq)s::bigint IS NULL OR (deliveries.seq, deliveries.id) < (%(seq)s, %(id)s::uuid))
ORDER BY deliveries.seq DESC, deliveries.id DESC
LIMIT %(limit)s

-- name: attempts_of
-- The last ones of each, oldest first.
SELECT found.* FROM unnest(%(ids)s::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
    SELECT delivery_id, attempt, at, duration_ms, status, error FROM attempts
    WHERE delivery_id = wanted.id ORDER BY attempt DESC LIMIT %(most)s
) AS found
ORDER BY found.delivery_id, found.attempt

-- name: alarms_now
-- What is told is the alarm of now, not of when it was written into the outbox.
SELECT * FROM alarms WHERE id = ANY(%(ids)s)

-- name: disable
UPDATE endpoints SET disabled_at = %(now)s, disabled_reason = %(reason)s
WHERE id = %(endpoint_id)s AND disabled_at IS NULL

-- name: summary
-- Each endpoint and what came of what it was told since. Log numbers grow with time: all of it comes
-- behind the last alarm that was raised before, and the index by endpoint and number finds it. Only
-- what waits is counted whatever its age.
WITH first AS (
    SELECT coalesce((
        SELECT seq FROM alarm_log WHERE type = 'raised' AND at < %(since)s ORDER BY at DESC LIMIT 1
    ), 0) AS seq
)
SELECT endpoints.id AS endpoint_id, endpoints.name,
    CASE WHEN endpoints.disabled_at IS NOT NULL THEN 'disabled'
         WHEN endpoints.failing_since IS NOT NULL THEN 'paused' ELSE 'running' END AS state,
    endpoints.disabled_reason, endpoints.failures, endpoints.next_probe_at,
    told.delivered, told.failed, waits.pending, took.p50_ms, took.p99_ms,
    last.at AS last_error_at, coalesce(last.error, last.status::text) AS last_error
FROM endpoints
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
        count(*) FILTER (WHERE state = 'failed') AS failed
    FROM deliveries
    WHERE endpoint_id = endpoints.id AND seq >= (SELECT seq FROM first) AND at >= %(since)s
) AS told
CROSS JOIN LATERAL (
    SELECT count(*) AS pending FROM deliveries
    WHERE endpoint_id = endpoints.id AND state = 'pending'
) AS waits
CROSS JOIN LATERAL (
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_ms,
        percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99_ms
    FROM deliveries JOIN attempts ON attempts.delivery_id = deliveries.id
    WHERE deliveries.endpoint_id = endpoints.id AND deliveries.seq >= (SELECT seq FROM first)
      AND deliveries.at >= %(since)s AND attempts.error IS NULL AND attempts.duration_ms IS NOT NULL
) AS took
LEFT JOIN LATERAL (
    SELECT attempts.at, attempts.error, attempts.status
    FROM deliveries JOIN attempts ON attempts.delivery_id = deliveries.id
    WHERE deliveries.endpoint_id = endpoints.id AND deliveries.seq >= (SELECT seq FROM first)
      AND deliveries.at >= %(since)s AND attempts.error IS NOT NULL
    ORDER BY attempts.at DESC LIMIT 1
) AS last ON true
WHERE endpoints.deleted_at IS NULL
ORDER BY endpoints.name
LIMIT %(limit)s
