-- name: lock_open
SELECT a.* FROM alarms AS a
JOIN unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key) USING (rule, key)
WHERE a.ended_at IS NULL
ORDER BY a.rule, a.key
FOR UPDATE OF a

-- name: lock_ids
SELECT * FROM alarms WHERE id = ANY(%(ids)s) ORDER BY rule, key, id FOR UPDATE

-- name: over
SELECT id FROM alarms WHERE id = ANY (%(ids)s::uuid[]) AND ended_at IS NOT NULL

-- name: save
-- The rows as they are after their last transitions, in the order given: a rule and key has one open
-- occurrence, so the one that ended comes before its successor. `folded` is not here: the flood writes
-- it under the lock of the log alone, and a move must not undo that.
INSERT INTO alarms (
    id, rule, key, source, severity, state, active, area, device, title, title_en, guidance,
    ack_required, raised_at, changed_at, condition_at, event_source, event_id, event_time,
    returned_at, acknowledged_at, acknowledged_by, assignee, shelved_until, closed_at,
    closing_code, ended_at, lat, lon, count, version, severity_at, repeated_at, latch, latched,
    ack_expires_s, acknowledge_until, one_shot, shelved_by, shelve_reason, two_person,
    hidden_by, chattering_at, facts, rule_version, incident_id
)
SELECT
    id, rule, key, source, severity, state, active, area, device, title, title_en, guidance,
    ack_required, raised_at, changed_at, condition_at, event_source, event_id, event_time,
    returned_at, acknowledged_at, acknowledged_by, assignee, shelved_until, closed_at,
    closing_code, ended_at, lat, lon, count, version, severity_at, repeated_at, latch, latched,
    ack_expires_s, acknowledge_until, one_shot, shelved_by, shelve_reason, two_person,
    hidden_by, chattering_at, facts, rule_version, incident_id
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, rule text, key text, source text, severity text, state text, active boolean,
    area text, device text, title text, title_en text, guidance text[], ack_required boolean,
    raised_at timestamptz, changed_at timestamptz, condition_at timestamptz, event_source text,
    event_id text, event_time timestamptz, returned_at timestamptz, acknowledged_at timestamptz,
    acknowledged_by text, assignee text, shelved_until timestamptz, closed_at timestamptz,
    closing_code text, ended_at timestamptz, lat double precision, lon double precision, count int,
    version int, severity_at timestamptz, repeated_at timestamptz, latch boolean, latched boolean,
    ack_expires_s int, acknowledge_until timestamptz, one_shot boolean, shelved_by text,
    shelve_reason text, two_person text[], hidden_by jsonb, chattering_at timestamptz, facts jsonb,
    rule_version int, incident_id uuid
)
ON CONFLICT (id) DO UPDATE SET
    severity = excluded.severity, state = excluded.state, active = excluded.active,
    area = excluded.area, device = excluded.device, title = excluded.title,
    title_en = excluded.title_en, raised_at = excluded.raised_at, changed_at = excluded.changed_at,
    condition_at = excluded.condition_at, event_source = excluded.event_source,
    event_id = excluded.event_id, event_time = excluded.event_time,
    returned_at = excluded.returned_at, acknowledged_at = excluded.acknowledged_at,
    acknowledged_by = excluded.acknowledged_by, assignee = excluded.assignee,
    shelved_until = excluded.shelved_until, closed_at = excluded.closed_at,
    closing_code = excluded.closing_code, ended_at = excluded.ended_at, lat = excluded.lat,
    lon = excluded.lon, count = excluded.count, version = excluded.version,
    severity_at = excluded.severity_at, repeated_at = excluded.repeated_at, latch = excluded.latch,
    latched = excluded.latched, ack_expires_s = excluded.ack_expires_s,
    acknowledge_until = excluded.acknowledge_until, one_shot = excluded.one_shot,
    shelved_by = excluded.shelved_by, shelve_reason = excluded.shelve_reason,
    two_person = excluded.two_person, hidden_by = excluded.hidden_by,
    chattering_at = excluded.chattering_at, facts = excluded.facts,
    rule_version = excluded.rule_version, incident_id = excluded.incident_id

-- name: move
-- The same for alarms that only moved: what tells of the raising event stays, so the search words, which
-- follow from it, are not worked out again.
UPDATE alarms SET
    severity = r.severity, state = r.state, active = r.active, changed_at = r.changed_at,
    condition_at = r.condition_at, returned_at = r.returned_at, acknowledged_at = r.acknowledged_at,
    acknowledged_by = r.acknowledged_by, assignee = r.assignee, shelved_until = r.shelved_until,
    closed_at = r.closed_at, closing_code = r.closing_code, ended_at = r.ended_at, count = r.count,
    version = r.version, severity_at = r.severity_at, repeated_at = r.repeated_at, latch = r.latch,
    latched = r.latched, ack_expires_s = r.ack_expires_s, acknowledge_until = r.acknowledge_until,
    one_shot = r.one_shot, shelved_by = r.shelved_by, shelve_reason = r.shelve_reason,
    two_person = r.two_person, hidden_by = r.hidden_by, chattering_at = r.chattering_at,
    facts = r.facts, rule_version = r.rule_version, incident_id = r.incident_id
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, rule text, key text, source text, severity text, state text, active boolean,
    area text, device text, title text, title_en text, guidance text[], ack_required boolean,
    raised_at timestamptz, changed_at timestamptz, condition_at timestamptz, event_source text,
    event_id text, event_time timestamptz, returned_at timestamptz, acknowledged_at timestamptz,
    acknowledged_by text, assignee text, shelved_until timestamptz, closed_at timestamptz,
    closing_code text, ended_at timestamptz, lat double precision, lon double precision, count int,
    version int, severity_at timestamptz, repeated_at timestamptz, latch boolean, latched boolean,
    ack_expires_s int, acknowledge_until timestamptz, one_shot boolean, shelved_by text,
    shelve_reason text, two_person text[], hidden_by jsonb, chattering_at timestamptz, facts jsonb,
    rule_version int, incident_id uuid
)
WHERE alarms.id = r.id

-- name: set_timers
-- An alarm's own, by the wall's clock.
INSERT INTO timers (kind, key, clock, due_at)
SELECT kind, key, 'wall', due_at
FROM unnest(%(kind)s::text[], %(key)s::text[], %(due_at)s::timestamptz[]) AS t (kind, key, due_at)
ORDER BY kind, key
ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, held_until = NULL

-- name: drop_timers
DELETE FROM timers USING unnest(%(kind)s::text[], %(key)s::text[]) AS t (kind, key)
WHERE timers.kind = t.kind AND timers.key = t.key

-- name: lock_log
-- Held to the end of the transaction: numbers become visible in their order (architecture.md, rule 7).
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: draw_numbers
SELECT nextval('alarm_log_seq') AS seq FROM generate_series(1, %(n)s)

-- name: append_log
COPY alarm_log (seq, alarm_id, at, type, from_state, to_state, by, comment, annunciated, event_at,
    priority, rule, key, source, area, device, alarm) FROM STDIN

-- name: ring
-- Only a bell; who misses it looks within a second.
SELECT pg_notify('ioc_alarm_log', %(seq)s)
