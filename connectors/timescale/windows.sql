-- name: lock_rules
-- Who raises has its rules alone until COMMIT, so it sees every clear that is stored (see windows);
-- who only clears shares them. A slot for many rules: the server's table of locks is not large. All
-- in one order, and each in the stronger way at once: going from shared to alone would deadlock.
SELECT CASE WHEN slots.alone THEN pg_advisory_xact_lock(7105, slots.slot)
    ELSE pg_advisory_xact_lock_shared(7105, slots.slot) END
FROM (
    SELECT hashtext(rule) & 255 AS slot, bool_or(alone) AS alone
    FROM unnest(%(rule)s::text[], %(alone)s::boolean[]) AS r (rule, alone)
    GROUP BY 1 ORDER BY 1
) AS slots

-- name: lock_windows
SELECT w.rule, w.key, w.marks FROM rule_windows AS w
JOIN unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key) USING (rule, key)
ORDER BY w.rule, w.key
FOR UPDATE OF w

-- name: save_windows
INSERT INTO rule_windows (rule, key, marks, changed_at)
SELECT rule, key, marks, %(now)s
FROM unnest(%(rule)s::text[], %(key)s::text[], %(marks)s::jsonb[]) AS k (rule, key, marks)
ORDER BY rule, key
ON CONFLICT (rule, key) DO UPDATE SET marks = excluded.marks, changed_at = excluded.changed_at

-- name: windows_after
-- A page in key order, without a lock: whoever deletes looks again with one.
SELECT rule, key, marks FROM rule_windows
WHERE rule = ANY(%(rules)s) AND (rule, key) > (%(rule)s, %(key)s)
ORDER BY rule, key LIMIT %(limit)s

-- name: forget_windows
-- Not while a timer waits: it finds nothing to change without the window.
DELETE FROM rule_windows AS w
USING unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key)
WHERE w.rule = k.rule AND w.key = k.key AND NOT EXISTS (
    SELECT FROM timers WHERE kind = ANY(%(timers)s) AND timers.key = w.rule || ' ' || w.key)

-- name: set_timers
INSERT INTO timers (kind, key, clock, due_at, payload)
SELECT %(kind)s, rule || ' ' || key, 'stream', due_at,
    jsonb_build_object('rule', rule, 'key', key)
FROM unnest(%(rule)s::text[], %(key)s::text[], %(due_at)s::timestamptz[]) AS k (rule, key, due_at)
ORDER BY 2
ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at

-- name: drop_timers
DELETE FROM timers
WHERE kind = %(kind)s AND key = ANY (
    SELECT rule || ' ' || key FROM unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key))

-- name: later_events
-- What was stored before its condition was known: a clear that arrived ahead of its raise.
SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area, device, ref, kind,
    severity, lat, lon, data
FROM events WHERE ref = %(ref)s AND type = %(type)s AND time > %(after)s
ORDER BY time LIMIT 1000

-- name: earlier_events
-- The same for what a late event may still come before.
SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area, device, ref, kind,
    severity, lat, lon, data
FROM events
WHERE ref = %(ref)s AND type = %(type)s AND time BETWEEN %(since)s AND %(until)s
ORDER BY time DESC LIMIT 256

-- name: events_at
-- What a delay has raised comes after its event; the time finds the chunk.
SELECT e.time, e.id, received_at, source, type, ce_source, ce_id, subject, area, device, ref, kind,
    severity, lat, lon, data
FROM events AS e JOIN unnest(%(time)s::timestamptz[], %(id)s::uuid[]) AS k (time, id)
    ON e.time = k.time AND e.id = k.id
