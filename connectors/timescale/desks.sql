-- name: claim_tickets
-- Rows exist before they are locked, so two workers that meet a new ticket queue up for it.
INSERT INTO tickets (office, day, ticket, steps)
SELECT office, day, ticket, '[]'
FROM unnest(%(office)s::text[], %(day)s::date[], %(ticket)s::text[]) AS k (office, day, ticket)
ORDER BY office, day, ticket
ON CONFLICT DO NOTHING

-- name: lock_tickets
SELECT office, day, ticket, steps FROM tickets
JOIN unnest(%(office)s::text[], %(day)s::date[], %(ticket)s::text[]) AS k (office, day, ticket)
    USING (office, day, ticket)
ORDER BY office, day, ticket
FOR UPDATE OF tickets

-- name: save_tickets
UPDATE tickets SET steps = k.steps
FROM unnest(%(office)s::text[], %(day)s::date[], %(ticket)s::text[], %(steps)s::jsonb[])
    AS k (office, day, ticket, steps)
WHERE (tickets.office, tickets.day, tickets.ticket) = (k.office, k.day, k.ticket)

-- name: forget_visits
-- A visit that a late step has shown to be part of another.
DELETE FROM visits
USING unnest(%(office)s::text[], %(day)s::date[], %(ticket)s::text[], %(visit)s::int[])
    AS k (office, day, ticket, visit)
WHERE (visits.office, visits.day, visits.ticket, visits.visit)
    = (k.office, k.day, k.ticket, k.visit)

-- name: save_visits
INSERT INTO visits (office, day, ticket, visit, area, issued_at, called_at, ended_at, outcome,
    waited_until, wait_ms)
SELECT * FROM unnest(%(office)s::text[], %(day)s::date[], %(ticket)s::text[], %(visit)s::int[],
    %(area)s::text[], %(issued_at)s::timestamptz[], %(called_at)s::timestamptz[],
    %(ended_at)s::timestamptz[], %(outcome)s::text[], %(waited_until)s::timestamptz[],
    %(wait_ms)s::bigint[])
ON CONFLICT (office, day, ticket, visit) DO UPDATE SET
    area = excluded.area, issued_at = excluded.issued_at, called_at = excluded.called_at,
    ended_at = excluded.ended_at, outcome = excluded.outcome,
    waited_until = excluded.waited_until, wait_ms = excluded.wait_ms

-- name: add_dossier_steps
INSERT INTO dossier_steps (at, office, dossier, action, area)
SELECT * FROM unnest(%(at)s::timestamptz[], %(office)s::text[], %(dossier)s::text[],
    %(action)s::text[], %(area)s::text[])
ON CONFLICT DO NOTHING

-- name: claim_dossiers
INSERT INTO dossiers (office, dossier, area, area_at)
SELECT office, dossier, area, area_at
FROM unnest(%(office)s::text[], %(dossier)s::text[], %(area)s::text[], %(area_at)s::timestamptz[])
    AS k (office, dossier, area, area_at)
ORDER BY office, dossier
ON CONFLICT DO NOTHING

-- name: lock_dossiers
SELECT d.office, d.dossier, d.area, d.area_at, d.received_at, d.resolved_at, d.withdrawn_at,
    d.due_at, d.due_set_at
FROM dossiers AS d
JOIN unnest(%(office)s::text[], %(dossier)s::text[]) AS k (office, dossier)
    USING (office, dossier)
ORDER BY d.office, d.dossier
FOR UPDATE OF d

-- name: save_dossiers
UPDATE dossiers SET area = k.area, area_at = k.area_at, received_at = k.received_at,
    resolved_at = k.resolved_at, withdrawn_at = k.withdrawn_at, due_at = k.due_at,
    due_set_at = k.due_set_at
FROM unnest(%(office)s::text[], %(dossier)s::text[], %(area)s::text[], %(area_at)s::timestamptz[],
    %(received_at)s::timestamptz[], %(resolved_at)s::timestamptz[],
    %(withdrawn_at)s::timestamptz[], %(due_at)s::timestamptz[], %(due_set_at)s::timestamptz[])
    AS k (office, dossier, area, area_at, received_at, resolved_at, withdrawn_at, due_at,
    due_set_at)
WHERE (dossiers.office, dossiers.dossier) = (k.office, k.dossier)
