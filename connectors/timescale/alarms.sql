-- name: lock_open
SELECT a.* FROM alarms AS a
JOIN unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key) USING (rule, key)
WHERE a.ended_at IS NULL
ORDER BY a.rule, a.key
FOR UPDATE OF a

-- name: lock_one
SELECT * FROM alarms WHERE id = %(id)s FOR UPDATE

-- name: save
-- The row as it is after its last transition.
INSERT INTO alarms (
    id, rule, key, source, severity, state, active, area, device, title, title_en, guidance,
    ack_required, raised_at, changed_at, condition_at, event_source, event_id, event_time,
    returned_at, acknowledged_at, acknowledged_by, assignee, shelved_until, closed_at,
    closing_code, ended_at, lat, lon, count, version
) VALUES (
    %(id)s, %(rule)s, %(key)s, %(source)s, %(severity)s, %(state)s, %(active)s, %(area)s,
    %(device)s, %(title)s, %(title_en)s, %(guidance)s, %(ack_required)s, %(raised_at)s,
    %(changed_at)s, %(condition_at)s, %(event_source)s, %(event_id)s, %(event_time)s,
    %(returned_at)s, %(acknowledged_at)s, %(acknowledged_by)s, %(assignee)s, %(shelved_until)s,
    %(closed_at)s, %(closing_code)s, %(ended_at)s, %(lat)s, %(lon)s, %(count)s, %(version)s
)
ON CONFLICT (id) DO UPDATE SET
    severity = excluded.severity, state = excluded.state, active = excluded.active, area =
    excluded.area, device = excluded.device, title = excluded.title, title_en =
    excluded.title_en, guidance = excluded.guidance, raised_at = excluded.raised_at, changed_at
    = excluded.changed_at, condition_at = excluded.condition_at, event_source =
    excluded.event_source, event_id = excluded.event_id, event_time = excluded.event_time,
    returned_at = excluded.returned_at, acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by, assignee = excluded.assignee, shelved_until =
    excluded.shelved_until, closed_at = excluded.closed_at, closing_code =
    excluded.closing_code, ended_at = excluded.ended_at, lat = excluded.lat, lon = excluded.lon,
    count = excluded.count, version = excluded.version

-- name: set_shelf_timer
INSERT INTO timers (kind, key, clock, due_at) VALUES ('shelf', %(id)s, 'wall', %(due_at)s)
ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at

-- name: drop_shelf_timer
DELETE FROM timers WHERE kind = 'shelf' AND key = %(id)s

-- name: lock_log
-- Held to the end of the transaction: numbers become visible in their order (architecture.md, rule 7).
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: append_log
INSERT INTO alarm_log (seq, alarm_id, at, type, from_state, to_state, by, comment, alarm)
VALUES (nextval('alarm_log_seq'), %(alarm_id)s, %(at)s, %(type)s, %(from_state)s, %(to_state)s,
    %(by)s, %(comment)s, %(alarm)s)
RETURNING seq

-- name: ring
-- Only a bell; who misses it looks within a second.
SELECT pg_notify('ioc_alarm_log', %(seq)s)
