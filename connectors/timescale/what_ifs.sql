-- name: ask
INSERT INTO what_ifs (id, text, why, from_at, to_at, warm_up_hours, by, at, state)
VALUES (%(id)s, %(text)s, %(why)s, %(from)s, %(to)s, %(warm_up_hours)s, %(by)s, %(now)s, 'waiting')

-- name: lock
-- Whoever asks or takes one; held until the transaction ends.
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: count_waiting
SELECT count(*) AS n FROM what_ifs WHERE state = 'waiting'

-- name: forget
-- The newest answers are kept; what is open is none of the old.
DELETE FROM what_ifs WHERE id IN (
    SELECT id FROM what_ifs WHERE ended_at IS NOT NULL ORDER BY at DESC, id OFFSET %(kept)s
)

-- name: list_all
SELECT id, why, from_at, to_at, warm_up_hours, by, at, state, phase, progress, begun_at, ended_at,
    error
FROM what_ifs ORDER BY at DESC, id LIMIT %(limit)s

-- name: one
SELECT id, text, why, from_at, to_at, warm_up_hours, by, at, state, phase, progress, begun_at,
    ended_at, error, answer
FROM what_ifs WHERE id = %(id)s

-- name: stop
-- One that waits is over at once; one that runs is told, by whoever runs it.
UPDATE what_ifs SET stop_by = coalesce(stop_by, %(by)s),
    state = CASE WHEN state = 'waiting' THEN 'stopped' ELSE state END,
    ended_at = CASE WHEN state = 'waiting' THEN %(now)s::timestamptz ELSE ended_at END
WHERE id = %(id)s AND state IN ('waiting', 'running')
RETURNING state

-- name: abandoned
-- Its notifier is gone, and has perhaps left databases behind.
SELECT id, attempts FROM what_ifs
WHERE state = 'running' AND leased_until <= %(now)s

-- name: put_back
UPDATE what_ifs SET state = 'waiting', progress = 0, phase = NULL, begun_at = NULL,
    leased_until = NULL, attempts = attempts - %(forgiven)s
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s

-- name: claim
-- The oldest that waits, while no other runs anywhere.
UPDATE what_ifs SET state = 'running', attempts = attempts + 1, leased_until = %(until)s,
    begun_at = %(now)s
WHERE id = (SELECT id FROM what_ifs WHERE state = 'waiting' ORDER BY at, id LIMIT 1)
  AND NOT EXISTS (SELECT FROM what_ifs WHERE state = 'running')
RETURNING id, attempts

-- name: renew
UPDATE what_ifs SET leased_until = %(until)s
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
RETURNING stop_by

-- name: progress
UPDATE what_ifs SET phase = %(phase)s, progress = %(share)s
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s

-- name: finish
UPDATE what_ifs SET state = %(state)s, error = %(error)s, answer = %(answer)s, ended_at = %(now)s,
    progress = CASE WHEN %(state)s = 'done' THEN 1 ELSE progress END, leased_until = NULL
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
