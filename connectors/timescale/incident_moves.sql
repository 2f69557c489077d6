-- name: standing
-- These alarms, where each stands now, and whether a person put it there.
SELECT a.id, a.area, a.source, a.severity, a.raised_at, i.incident_id
FROM alarms AS a LEFT JOIN incident_alarms AS i ON i.alarm_id = a.id
WHERE a.id = ANY (%(alarms)s::uuid[])

-- name: members
SELECT count(*) AS n FROM incident_alarms WHERE incident_id = %(id)s

-- name: make
-- What it amounts to is worked out from its alarms at once.
INSERT INTO incidents (id, rule, title, title_en, severity, state, sources, alarms, began_at, last_at,
    opened_at, changed_at, version)
VALUES (%(id)s, %(rule)s, %(title)s, %(title_en)s, %(severity)s, 'open', '{}', 0, %(now)s, %(now)s,
    %(now)s, %(now)s, 0)

-- name: put
INSERT INTO incident_alarms (alarm_id, incident_id, at, by)
SELECT id, %(incident)s, %(now)s, %(by)s FROM unnest(%(alarms)s::uuid[]) AS id
ON CONFLICT (alarm_id) DO UPDATE SET incident_id = excluded.incident_id, at = excluded.at,
    by = excluded.by

-- name: put_evidence
UPDATE evidence SET cluster = %(incident)s WHERE alarm_id = ANY (%(alarms)s::uuid[])

-- name: keep_apart
INSERT INTO incident_splits (one, other, at, by)
SELECT least(id, %(incident)s::uuid), greatest(id, %(incident)s::uuid), %(now)s, %(by)s
FROM unnest(%(others)s::uuid[]) AS id
ON CONFLICT DO NOTHING

-- name: forget_split
DELETE FROM incident_splits WHERE one = least(%(one)s::uuid, %(other)s::uuid)
    AND other = greatest(%(one)s::uuid, %(other)s::uuid)

-- name: lead
UPDATE incidents SET lead = %(lead)s, changed_at = %(now)s, version = version + 1 WHERE id = %(id)s

-- name: close
UPDATE incidents SET state = 'closed', closed_at = %(now)s, closing_code = %(code)s,
    changed_at = %(now)s, version = version + 1
WHERE id = %(id)s
