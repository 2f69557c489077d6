-- name: share
-- Whoever rings waits here for whoever begins or ends a suppression, and the other way round; only then
-- the rows are read, by a statement of its own that sees what the other has done.
SELECT pg_advisory_xact_lock_shared(%(lock)s)

-- name: alone
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: live
-- Of inhibitions that hide the same, the oldest stands for all; when it ends the next one does.
SELECT * FROM (
    SELECT DISTINCT ON (kind, name, matcher, CASE WHEN kind <> 'inhibition' THEN id END) *
    FROM suppressions
    WHERE ended_at IS NULL AND (begun_at IS NOT NULL OR from_at <= %(now)s)
      AND (until_at IS NULL OR until_at > %(now)s)
    ORDER BY kind, name, matcher, CASE WHEN kind <> 'inhibition' THEN id END, created_at, id
) AS found
ORDER BY created_at, id

-- name: open_count
SELECT count(*) AS n FROM (
    SELECT FROM suppressions WHERE ended_at IS NULL LIMIT %(limit)s
) AS found

-- name: insert
-- A window of a file that was withdrawn may be written there again.
INSERT INTO suppressions (id, kind, name, matcher, reason, by, parent_alarm, from_at, until_at,
    recurrence, duration_s, origin, created_at, review_at, begun_at, ended_at, ended_by)
VALUES (%(id)s, %(kind)s, %(name)s, %(matcher)s, %(reason)s, %(by)s, %(parent_alarm)s, %(from_at)s,
    %(until_at)s, %(recurrence)s, %(duration_s)s, %(origin)s, %(created_at)s, %(review_at)s,
    %(begun_at)s, %(ended_at)s, %(ended_by)s)

ON CONFLICT (id) DO UPDATE SET from_at = excluded.from_at, until_at = excluded.until_at,
    begun_at = NULL, ended_at = NULL, ended_by = NULL
WHERE suppressions.ended_by = excluded.by AND excluded.origin = 'yaml'

-- name: out_of_service
SELECT id FROM suppressions
WHERE ended_at IS NULL AND kind = 'out_of_service' AND matcher = %(matcher)s ORDER BY id

-- name: of_files
-- Windows of files that are not written there any more.
SELECT id FROM suppressions
WHERE ended_at IS NULL AND origin = 'yaml' AND id <> ALL (%(ids)s) ORDER BY id

-- name: append_log
INSERT INTO suppression_log (suppression_id, at, type, by, comment, alarms)
VALUES (%(id)s, %(at)s, %(type)s, %(by)s, %(comment)s, %(alarms)s)

-- name: one
SELECT * FROM suppressions WHERE id = %(id)s

-- name: lock_one
SELECT * FROM suppressions WHERE id = %(id)s FOR UPDATE

-- name: try_lock
-- Whoever works through the alarms of a suppression holds them by now, and must not wait for somebody
-- who holds its row and waits for those.
SELECT * FROM suppressions WHERE id = %(id)s FOR UPDATE SKIP LOCKED

-- name: end
UPDATE suppressions SET ended_at = %(now)s, ended_by = %(by)s WHERE id = %(id)s

-- name: begin
UPDATE suppressions SET begun_at = %(now)s WHERE id = %(id)s

-- name: next_turn
UPDATE suppressions SET from_at = %(from_at)s, until_at = %(until_at)s,
    begun_at = CASE WHEN %(goes_on)s THEN begun_at END
WHERE id = %(id)s

-- name: of_parents
-- What inhibits for the sake of these alarms, live or over; its rule or its parent ends it until it comes
-- back, a person for good.
SELECT id, ended_at IS NOT NULL AS is_over, ended_by IS NOT NULL AND ended_by <> by AS for_good
FROM suppressions WHERE id = ANY (%(ids)s)

-- name: revive
-- The parent came back within the same occurrence.
UPDATE suppressions SET ended_at = NULL, ended_by = NULL, begun_at = NULL, from_at = %(now)s
WHERE id = %(id)s AND ended_at IS NOT NULL

-- name: end_children
-- The parents are not active any more, in whatever way that came, or not what was to hide something.
UPDATE suppressions SET ended_at = %(now)s
WHERE parent_alarm = ANY (%(parents)s) AND ended_at IS NULL AND id <> ALL (%(kept)s::uuid[])
RETURNING id
