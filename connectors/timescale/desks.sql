-- name: lock_offices
-- Who derives the visits of an office has it alone until COMMIT, so every step that is stored
-- before is seen. Our own producers keep an office on one partition: nobody waits.
SELECT pg_advisory_xact_lock(7107, hash) FROM (
    SELECT DISTINCT hashtext(office) AS hash FROM unnest(%(offices)s::text[]) AS k (office)
    ORDER BY hash
) AS ordered

-- name: share_offices
-- Before single offices: nobody has all of them.
SELECT pg_advisory_xact_lock_shared(7108)

-- name: lock_all_offices
SELECT pg_advisory_xact_lock(7108)

-- name: steps_of_tickets
-- All steps of these tickets on their day; a sender stuck in a loop is cut off at `most`. Only where a
-- name has the separator in it can two tickets share a `ref`; reading `data` costs more than the rest.
SELECT k.n, uuid_send(e.id), e.time, e.kind, e.area
FROM ROWS FROM (json_to_recordset(%(keys)s::json) AS (office text, ticket text))
    WITH ORDINALITY AS k (office, ticket, n)
CROSS JOIN LATERAL (
    SELECT id, time, kind, area FROM events
    WHERE ref = k.office || '/' || k.ticket AND time >= %(since)s AND time < %(until)s
      AND type = 'ioc.queue.ticket'
      AND (strpos(k.office || k.ticket, '/') = 0 OR data ->> 'office' = k.office)
    ORDER BY time, id LIMIT %(most)s
) AS e

-- name: forget_visits
-- A visit that a late step has shown to be part of another.
DELETE FROM visits
USING json_to_recordset(%(visits)s::json) AS k (office text, day date, ticket text, visit int)
WHERE (visits.office, visits.day, visits.ticket, visits.visit)
    = (k.office, k.day, k.ticket, k.visit)

-- name: save_visits
INSERT INTO visits (office, day, ticket, visit, area, issued_at, called_at, ended_at, outcome,
    waited_until, wait_ms)
SELECT office, day, ticket, visit, area, issued_at, called_at, ended_at, outcome, waited_until,
    wait_ms
FROM staged_visits
ON CONFLICT (office, day, ticket, visit) DO UPDATE SET
    area = excluded.area, issued_at = excluded.issued_at, called_at = excluded.called_at,
    ended_at = excluded.ended_at, outcome = excluded.outcome,
    waited_until = excluded.waited_until, wait_ms = excluded.wait_ms

-- name: add_dossier_steps
INSERT INTO dossier_steps (at, office, dossier, action, area)
SELECT at, office, dossier, action, area
FROM json_to_recordset(%(steps)s::json) AS k (at timestamptz, office text, dossier text,
    action text, area text)
ON CONFLICT DO NOTHING

-- name: claim_dossiers
-- Rows exist before they are locked, so two workers that meet a new dossier queue up for it.
INSERT INTO dossiers (office, dossier, area, area_at)
SELECT office, dossier, area, area_at
FROM json_to_recordset(%(dossiers)s::json) AS k (office text, dossier text, area text,
    area_at timestamptz)
ON CONFLICT DO NOTHING

-- name: lock_dossiers
SELECT d.office, d.dossier, d.area, d.area_at, d.received_at, d.resolved_at, d.withdrawn_at,
    d.due_at, d.due_set_at
FROM dossiers AS d
JOIN json_to_recordset(%(dossiers)s::json) AS k (office text, dossier text)
    USING (office, dossier)
ORDER BY d.office, d.dossier
FOR UPDATE OF d

-- name: save_dossiers
UPDATE dossiers SET area = k.area, area_at = k.area_at, received_at = k.received_at,
    resolved_at = k.resolved_at, withdrawn_at = k.withdrawn_at, due_at = k.due_at,
    due_set_at = k.due_set_at
FROM json_to_recordset(%(dossiers)s::json) AS k (office text, dossier text, area text,
    area_at timestamptz, received_at timestamptz, resolved_at timestamptz,
    withdrawn_at timestamptz, due_at timestamptz, due_set_at timestamptz)
WHERE (dossiers.office, dossiers.dossier) = (k.office, k.dossier)
