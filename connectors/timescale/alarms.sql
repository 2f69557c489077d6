-- name: lock_open
SELECT a.* FROM alarms AS a
JOIN unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key) USING (rule, key)
WHERE a.ended_at IS NULL
ORDER BY a.rule, a.key
FOR UPDATE OF a

-- name: lock_one
SELECT * FROM alarms WHERE id = %(id)s FOR UPDATE

-- name: save
-- The row as it is after its last transition. `folded` is not here: who folds writes it without the
-- alarm's lock, and a move must not undo that.
INSERT INTO alarms (
    id, rule, key, source, severity, state, active, area, device, title, title_en, guidance,
    ack_required, raised_at, changed_at, condition_at, event_source, event_id, event_time,
    returned_at, acknowledged_at, acknowledged_by, assignee, shelved_until, closed_at,
    closing_code, ended_at, lat, lon, count, version,
    severity_at, repeated_at, latch, latched, ack_expires_s, acknowledge_until, one_shot,
    shelved_by, shelve_reason, two_person, hidden_by, chattering_at, facts, rule_version,
    incident_id
) VALUES (
    %(id)s, %(rule)s, %(key)s, %(source)s, %(severity)s, %(state)s, %(active)s, %(area)s,
    %(device)s, %(title)s, %(title_en)s, %(guidance)s, %(ack_required)s, %(raised_at)s,
    %(changed_at)s, %(condition_at)s, %(event_source)s, %(event_id)s, %(event_time)s,
    %(returned_at)s, %(acknowledged_at)s, %(acknowledged_by)s, %(assignee)s, %(shelved_until)s,
    %(closed_at)s, %(closing_code)s, %(ended_at)s, %(lat)s, %(lon)s, %(count)s, %(version)s,
    %(severity_at)s, %(repeated_at)s, %(latch)s, %(latched)s, %(ack_expires_s)s,
    %(acknowledge_until)s, %(one_shot)s, %(shelved_by)s, %(shelve_reason)s, %(two_person)s,
    %(hidden_by)s, %(chattering_at)s, %(facts)s, %(rule_version)s, %(incident_id)s
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
    count = excluded.count, version = excluded.version,
    severity_at = excluded.severity_at, repeated_at = excluded.repeated_at, latch = excluded.latch,
    latched = excluded.latched, ack_expires_s = excluded.ack_expires_s, acknowledge_until =
    excluded.acknowledge_until, one_shot = excluded.one_shot, shelved_by = excluded.shelved_by,
    shelve_reason = excluded.shelve_reason, two_person = excluded.two_person, hidden_by =
    excluded.hidden_by, chattering_at = excluded.chattering_at, facts = excluded.facts,
    rule_version = excluded.rule_version, incident_id = excluded.incident_id

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
