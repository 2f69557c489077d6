-- name: lock
SELECT c.rule, c.key, c.flips, c.fleeting, c.since_at FROM chatter AS c
JOIN unnest(%(rule)s::text[], %(key)s::text[]) AS k (rule, key) USING (rule, key)
ORDER BY c.rule, c.key
FOR UPDATE OF c

-- name: save
-- In key order, as every multi-row write.
INSERT INTO chatter (rule, key, flips, fleeting, since_at)
SELECT rule, key, flips, fleeting, since_at FROM json_to_recordset(%(rows)s) AS r (
    rule text, key text, flips timestamptz[], fleeting timestamptz[], since_at timestamptz)
ORDER BY rule, key
ON CONFLICT (rule, key) DO UPDATE SET flips = excluded.flips, fleeting = excluded.fleeting,
    since_at = excluded.since_at

-- name: set_calm_timers
INSERT INTO timers (kind, key, clock, due_at, payload)
SELECT 'calm', rule || ' ' || key, 'stream', due_at, jsonb_build_object('rule', rule, 'key', key)
FROM unnest(%(rule)s::text[], %(key)s::text[], %(due_at)s::timestamptz[]) AS k (rule, key, due_at)
ORDER BY 2
ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at

-- name: expire
-- What has kept still for long; a bounded number at a time. What chatters has a timer and stays.
DELETE FROM chatter WHERE (rule, key) IN (
    SELECT rule, key FROM chatter
    WHERE since_at IS NULL AND flips[cardinality(flips)] < %(before)s LIMIT %(limit)s
)
