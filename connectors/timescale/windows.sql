-- name: lock_rules_to_raise
-- Who raises has its rule alone until COMMIT, so it sees every clear that is stored (see windows).
SELECT pg_advisory_xact_lock(7105, hashtext(%(rule)s))

-- name: lock_rules_to_clear
-- Who only clears shares the rule with others who clear.
SELECT pg_advisory_xact_lock_shared(7105, hashtext(%(rule)s))

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
-- Not while a silence waits: its timer finds nothing to clear without the window.
DELETE FROM rule_windows AS w
USING unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key)
WHERE w.rule = k.rule AND w.key = k.key AND NOT EXISTS (
    SELECT FROM timers WHERE kind = 'silence' AND timers.key = w.rule || ' ' || w.key)

-- name: set_silence_timers
INSERT INTO timers (kind, key, clock, due_at, payload)
SELECT 'silence', rule || ' ' || key, 'stream', due_at,
    jsonb_build_object('rule', rule, 'key', key)
FROM unnest(%(rule)s::text[], %(key)s::text[], %(due_at)s::timestamptz[]) AS k (rule, key, due_at)
ORDER BY 2
ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at

-- name: drop_silence_timers
DELETE FROM timers
WHERE kind = 'silence' AND key = ANY (
    SELECT rule || ' ' || key FROM unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key))

-- name: later_events
-- What was stored before its condition was known: a clear that arrived ahead of its raise.
SELECT time, id, received_at, source, type, ce_source, ce_id, subject, area, device, ref, kind,
    severity, lat, lon, data
FROM events WHERE ref = %(ref)s AND type = %(type)s AND time > %(after)s
ORDER BY time LIMIT 1000
