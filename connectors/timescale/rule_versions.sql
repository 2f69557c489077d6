-- name: revision
SELECT coalesce(max(revision), 0) AS revision FROM rule_versions

-- name: lock_versions
-- Held to the end of the transaction: revisions become visible in their order, and what is checked
-- together is stored together. Two thousand rules are checked for seconds: that is no idle transaction.
SELECT pg_advisory_xact_lock(%(lock)s),
    set_config('idle_in_transaction_session_timeout', '120s', true)

-- name: newest
-- The newest wording of each, in the order in which they first came: the order in which they are
-- judged must not depend on who was changed last. `body` is text: JSON is YAML, and is read as such.
SELECT noun, id, version, body, revision FROM (
    SELECT DISTINCT ON (noun, id) noun, id, version, body::text AS body, revision,
        min(revision) OVER (PARTITION BY noun, id) AS first
    FROM rule_versions ORDER BY noun, id, version DESC
) AS newest
ORDER BY first

-- name: newest_calendar
SELECT noun, id, version, body::text AS body, revision FROM rule_versions
WHERE noun = 'calendar' ORDER BY version DESC LIMIT 1

-- name: newest_filed
-- What the files said last: a file that says the same again does not undo what was changed over the API.
SELECT DISTINCT ON (noun, id) noun, id, version, body::text AS body, revision
FROM rule_versions WHERE origin IN ('shipped', 'file')
ORDER BY noun, id, version DESC

-- name: filed_by_site
-- Of those, what a file of the site said, and no file has withdrawn.
SELECT noun, id FROM (
    SELECT DISTINCT ON (noun, id) noun, id, origin, body
    FROM rule_versions WHERE origin IN ('shipped', 'file')
    ORDER BY noun, id, version DESC
) AS newest WHERE origin = 'file' AND body IS NOT NULL

-- name: write
INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision)
VALUES (%(noun)s, %(id)s, %(version)s, %(body)s, %(by)s, %(at)s, %(why)s, %(origin)s,
    nextval('rule_revision'))

-- name: versions
SELECT version, by, at, why, origin, body FROM rule_versions
WHERE noun = %(noun)s AND id = %(id)s AND (%(before)s::int IS NULL OR version < %(before)s)
ORDER BY version DESC LIMIT %(limit)s

-- name: changes
-- The newest changes of everything, newest first.
SELECT noun, id, version, by, at, why, origin, body IS NULL AS withdrawn FROM rule_versions
ORDER BY revision DESC LIMIT %(limit)s

-- name: save_rule
-- For display: what the workers run now.
INSERT INTO rules (id, body, loaded_at, version)
VALUES (%(id)s, %(body)s, %(now)s, %(version)s)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, loaded_at = excluded.loaded_at,
    version = excluded.version

-- name: forget_rule
DELETE FROM rules WHERE id = %(id)s

-- name: forget_unknown_rules
-- Rows of a version of this product that had no history yet.
DELETE FROM rules WHERE version = 0

-- name: forget_tags
DELETE FROM device_tags

-- name: save_tags
INSERT INTO device_tags (source, device, tag)
SELECT source, device, tag FROM json_to_recordset(%(rows)s::json) AS r (source text, device text, tag text)
ON CONFLICT DO NOTHING
