-- name: insert
-- One open request for a move of a subject; the second one finds the first.
INSERT INTO approvals (id, subject, subject_id, move, body, by, at, expires_at)
VALUES (%(id)s, %(subject)s, %(subject_id)s, %(move)s, %(body)s, %(by)s, %(at)s, %(expires_at)s)
ON CONFLICT (subject, subject_id, move) WHERE outcome IS NULL DO NOTHING

-- name: arm
INSERT INTO timers (kind, key, clock, due_at) VALUES ('approval', %(id)s, 'wall', %(expires_at)s)

-- name: disarm
DELETE FROM timers WHERE kind = 'approval' AND key = %(id)s

-- name: one
SELECT * FROM approvals WHERE id = %(id)s

-- name: lock_one
SELECT * FROM approvals WHERE id = %(id)s FOR UPDATE

-- name: pending
SELECT * FROM approvals
WHERE subject = %(subject)s AND subject_id = %(subject_id)s AND move = %(move)s AND outcome IS NULL

-- name: decide
UPDATE approvals SET outcome = %(outcome)s, decided_by = %(by)s, decided_at = %(at)s
WHERE id = %(id)s

-- name: page
-- Newest first; of alarms only those in the area that the caller sees.
SELECT a.* FROM approvals AS a
LEFT JOIN alarms ON a.subject = 'alarm' AND alarms.id = a.subject_id::uuid
WHERE (%(pending)s::boolean IS NULL OR (a.outcome IS NULL) = %(pending)s::boolean)
  AND (%(outcome)s::text IS NULL OR a.outcome = %(outcome)s::text)
  AND (%(area)s::text IS NULL OR alarms.area = %(area)s::text)
  AND (%(at)s::timestamptz IS NULL OR (a.at, a.id) < (%(at)s::timestamptz, %(id)s::uuid))
ORDER BY a.at DESC, a.id DESC LIMIT %(limit)s
