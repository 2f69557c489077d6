-- name: create
-- A name is unique among those that are not deleted.
INSERT INTO endpoints (id, name, url, secret, filter, origin, created_at)
VALUES (%(id)s, %(name)s, %(url)s, %(secret)s, %(filter)s, %(origin)s, %(now)s)
ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
RETURNING id

-- name: list_all
-- Without the secrets; they are shown once, when they are made.
SELECT id, name, url, filter, origin, created_at, disabled_at, disabled_reason, failing_since,
    failures, next_probe_at
FROM endpoints WHERE deleted_at IS NULL ORDER BY name LIMIT %(limit)s

-- name: count
SELECT count(*) AS n FROM endpoints WHERE deleted_at IS NULL

-- name: get
SELECT id, name, url, filter, origin, created_at, disabled_at, disabled_reason, failing_since,
    failures, next_probe_at
FROM endpoints WHERE id = %(id)s AND deleted_at IS NULL

-- name: delete
-- The row stays for its ledger; its secret does not.
UPDATE endpoints SET deleted_at = now(), disabled_at = coalesce(disabled_at, now()),
    disabled_reason = 'deleted', secret = ''
WHERE id = %(id)s AND deleted_at IS NULL
RETURNING id

-- name: enable
-- A person says that it is well again: nothing of its past is held against it.
UPDATE endpoints SET disabled_at = NULL, disabled_reason = NULL, failing_since = NULL,
    failures = 0, next_probe_at = NULL
WHERE id = %(id)s AND deleted_at IS NULL
RETURNING id

-- name: update_declared
-- A new address is a new chance; one that asked to be left alone at the same address is left alone.
UPDATE endpoints SET url = %(url)s, secret = %(secret)s, filter = %(filter)s,
    disabled_at = CASE WHEN url <> %(url)s OR disabled_reason = %(removed)s
        THEN NULL ELSE disabled_at END,
    disabled_reason = CASE WHEN url <> %(url)s OR disabled_reason = %(removed)s
        THEN NULL ELSE disabled_reason END,
    failing_since = CASE WHEN url = %(url)s THEN failing_since END,
    failures = CASE WHEN url = %(url)s THEN failures ELSE 0 END,
    next_probe_at = CASE WHEN url = %(url)s THEN next_probe_at END
WHERE name = %(name)s AND origin = 'yaml' AND deleted_at IS NULL
RETURNING id

-- name: disable_undeclared
UPDATE endpoints SET disabled_at = %(now)s, disabled_reason = %(removed)s
WHERE origin = 'yaml' AND deleted_at IS NULL AND disabled_at IS NULL
  AND NOT name = ANY(%(names)s)
RETURNING name
